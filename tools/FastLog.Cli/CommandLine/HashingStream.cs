using System.Security.Cryptography;

namespace FastLog.Cli.CommandLine;

/// <summary>Hashes what is read from or written to another stream. Not thread-safe.</summary>
internal sealed class HashingStream(Stream inner, IncrementalHash hash) : Stream
{
    private byte? _held;

    /// <summary>Leave the very last written byte out of the hash.</summary>
    public bool DropLastByte { get; init; }

    /// <summary>True when the last byte read was LF; also when nothing was read.</summary>
    public bool EndsWithLineFeed { get; private set; } = true;

    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => inner.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Hashed(buffer.AsSpan(offset, inner.Read(buffer, offset, count)));

    public override int Read(Span<byte> buffer) => Hashed(buffer[..inner.Read(buffer)]);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await inner.ReadAsync(buffer, cancellationToken);
        return Hashed(buffer.Span[..read]);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.IsEmpty)
            return;
        inner.Write(buffer);
        if (_held is { } held)
            hash.AppendData([held]);
        _held = DropLastByte ? buffer[^1] : null;
        hash.AppendData(DropLastByte ? buffer[..^1] : buffer);
    }

    public override void Flush() => inner.Flush();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private int Hashed(ReadOnlySpan<byte> read)
    {
        if (read.IsEmpty)
            return 0;
        hash.AppendData(read);
        EndsWithLineFeed = read[^1] == (byte)'\n';
        return read.Length;
    }
}
