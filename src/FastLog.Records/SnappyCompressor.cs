using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records.Native;

namespace FastLog.Records;

/// <summary>
/// Snappy by the system's libsnappy: written as the stream of blocks that Kafka's Java clients write (the framing of
/// snappy-java), read in that form and as the one bare block that other clients write. Thread-safe.
/// </summary>
internal sealed unsafe class SnappyCompressor : ICompressor
{
    public static readonly SnappyCompressor Instance = new();

    // Uncompressed bytes of a block; snappy itself finds no match farther back.
    private const int BlockSize = 64 << 10;

    private const int BlockSizeAt = sizeof(int);

    // A copy of 64 bytes takes 3: a block cannot do better, so no told size beyond it is believed.
    private const int RatioMax = 22;

    private SnappyCompressor()
    {
    }

    // The magic, then twice version 1: of the stream and of the oldest reader that can take it.
    private static ReadOnlySpan<byte> StreamHeader => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];

    private static ReadOnlySpan<byte> StreamMagic => StreamHeader[..8];

    public bool TryCompress(ReadOnlySpan<byte> source, Span<byte> destination, out int size)
    {
        size = 0;
        int blockBound = (int)SnappyNative.CompressBound(BlockSize);
        using BufferLease output = BufferPool.Shared.Rent(destination.Length + BlockSizeAt + blockBound, clearOnReturn: true);
        Span<byte> room = output.Span;
        StreamHeader.CopyTo(room);
        int at = StreamHeader.Length;
        for (; !source.IsEmpty; source = source[Math.Min(BlockSize, source.Length)..])
        {
            // Room for the largest block is always left, so that each is compressed where it stays.
            if (at > destination.Length)
                return false;
            nuint written = (nuint)blockBound;
            ReadOnlySpan<byte> block = source[..Math.Min(BlockSize, source.Length)];
            fixed (byte* from = block)
            fixed (byte* to = room[(at + BlockSizeAt)..])
                Invariant.Check(SnappyNative.Compress(from, (nuint)block.Length, to, ref written) == 0);
            BinaryPrimitives.WriteInt32BigEndian(room[at..], (int)written);
            at += BlockSizeAt + (int)written;
        }

        size = at;
        return room[..at].TryCopyTo(destination);
    }

    public BatchStatus Inflate(ReadOnlySpan<byte> source, InflateBuffer buffer)
    {
        int limit = Compression.InflatedSizeMax(source.Length, buffer.SizeMax);
        if (!source.StartsWith(StreamMagic))
            return InflateBlock(source, buffer, limit);
        if (source.Length < StreamHeader.Length)
            return BatchStatus.CompressionInvalid;
        source = source[StreamHeader.Length..];
        while (!source.IsEmpty)
        {
            if (source.Length < BlockSizeAt)
                return BatchStatus.CompressionInvalid;
            uint blockSize = BinaryPrimitives.ReadUInt32BigEndian(source);
            source = source[BlockSizeAt..];
            if (blockSize > (uint)source.Length)
                return BatchStatus.CompressionInvalid;
            BatchStatus status = InflateBlock(source[..(int)blockSize], buffer, limit);
            if (status != BatchStatus.Ok)
                return status;
            source = source[(int)blockSize..];
        }

        return BatchStatus.Ok;
    }

    private static BatchStatus InflateBlock(ReadOnlySpan<byte> block, InflateBuffer buffer, int limit)
    {
        nuint told;
        fixed (byte* from = block)
        {
            if (SnappyNative.ContentSize(from, (nuint)block.Length, out told) != 0)
                return BatchStatus.CompressionInvalid;
        }

        if (told > (nuint)block.Length * RatioMax)
            return BatchStatus.CompressionInvalid;
        if (told > (nuint)(limit - buffer.Size))
            return BatchStatus.InflatedTooLarge;
        Span<byte> room = buffer.RoomFor((int)told, limit);
        nuint written = told;
        int failure;
        fixed (byte* from = block)
        fixed (byte* to = room)
            failure = SnappyNative.Decompress(from, (nuint)block.Length, to, ref written);
        if (failure != 0 || written != told)
            return BatchStatus.CompressionInvalid;
        buffer.Advance((int)told);
        return BatchStatus.Ok;
    }
}
