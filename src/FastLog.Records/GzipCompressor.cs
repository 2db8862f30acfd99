using System.Buffers.Binary;
using System.IO.Compression;
using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>gzip by the framework. Thread-safe.</summary>
internal sealed class GzipCompressor : ICompressor
{
    public static readonly GzipCompressor Instance = new();

    // Deflate cannot do better than this, so no size in a trailer beyond it is believed.
    private const int DeflateRatioMax = 1032;

    private GzipCompressor()
    {
    }

    public bool TryCompress(ReadOnlySpan<byte> source, Span<byte> destination, out int size)
    {
        using BufferLease output = BufferPool.Shared.Rent(destination.Length, clearOnReturn: true);
        using var sink = new BoundedSink(output.Memory);
        using (var gzip = new GZipStream(sink, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(source);
        size = sink.Size;
        if (sink.Overflowed)
            return false;
        output.Span[..size].CopyTo(destination);
        return true;
    }

    public BatchStatus Inflate(ReadOnlySpan<byte> source, InflateBuffer buffer)
    {
        using BufferLease input = buffer.RentInput(source.Length);
        source.CopyTo(input.Span);
        using var stream = new LeaseStream(input);
        int limit = Compression.InflatedSizeMax(source.Length, buffer.SizeMax);
        try
        {
            using var gzip = new GZipStream(stream, CompressionMode.Decompress);
            return buffer.Fill(gzip, SizeHint(source), limit);
        }
        catch (InvalidDataException)
        {
            return BatchStatus.CompressionInvalid;
        }
    }

    // The last four bytes of a gzip member are the inflated size; they may be a lie.
    private static int SizeHint(ReadOnlySpan<byte> source)
    {
        if (source.Length < sizeof(uint))
            return 0;
        uint told = BinaryPrimitives.ReadUInt32LittleEndian(source[^sizeof(uint)..]);
        return (int)Math.Min(Math.Min(told, (long)source.Length * DeflateRatioMax), int.MaxValue);
    }

    private sealed class LeaseStream(BufferLease lease) : Stream
    {
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, lease.Length - _at);
            lease.Span.Slice(_at, count).CopyTo(buffer);
            _at += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    /// <summary>Takes what fits and notes that more came; no exception, as records often do not shrink.</summary>
    private sealed class BoundedSink(Memory<byte> destination) : Stream
    {
        public int Size { get; private set; }

        public bool Overflowed { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Overflowed |= buffer.Length > destination.Length - Size;
            if (Overflowed)
                return;
            buffer.CopyTo(destination.Span[Size..]);
            Size += buffer.Length;
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
