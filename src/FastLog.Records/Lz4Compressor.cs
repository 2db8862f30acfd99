using FastLog.Primitives;
using FastLog.Records.Native;

namespace FastLog.Records;

/// <summary>One LZ4 frame of independent 64-KiB blocks by the system's liblz4, as Kafka's clients write. Thread-safe.</summary>
internal sealed unsafe class Lz4Compressor : ICompressor
{
    public static readonly Lz4Compressor Instance = new();


    private static readonly Lz4Preferences Preferences = new()
    {
        BlockSizeId = Lz4Preferences.Block64KiB,
        // Kafka's own reader refuses blocks that lean on earlier ones.
        BlockMode = Lz4Preferences.IndependentBlocks,
    };

    private static readonly NativeContexts Decompressing = new(Create, static context => Lz4Native.FreeDecompression(context));

    private Lz4Compressor()
    {
    }

    public bool TryCompress(ReadOnlySpan<byte> source, Span<byte> destination, out int size)
    {
        nuint bound = Lz4Native.CompressFrameBound((nuint)source.Length, Preferences);
        using BufferLease output = BufferPool.Shared.Rent(checked((int)bound), clearOnReturn: true);
        Span<byte> room = output.Span;
        nuint done;
        fixed (byte* from = source)
        fixed (byte* to = room)
            done = Lz4Native.CompressFrame(to, bound, from, (nuint)source.Length, Preferences);
        Invariant.Check(Lz4Native.IsError(done) == 0);
        size = (int)done;
        return room[..size].TryCopyTo(destination);
    }

    public BatchStatus Inflate(ReadOnlySpan<byte> source, InflateBuffer buffer)
    {
        nint context = Decompressing.Rent();
        try
        {
            Lz4Native.Reset(context);
            return Inflate(context, source, buffer);
        }
        finally
        {
            if (HasLargeBlocks(source))
                Decompressing.Discard(context);
            else
                Decompressing.Return(context);
        }
    }

    // The library sizes a context by the largest block that the frame may have: 64 KiB as we write it, 4 MiB at most.
    private static bool HasLargeBlocks(ReadOnlySpan<byte> frame)
    {
        const int blockSizeAt = 5;
        return frame.Length > blockSizeAt && ((frame[blockSizeAt] >> 4) & 7) > Lz4Preferences.Block64KiB;
    }

    private static BatchStatus Inflate(nint context, ReadOnlySpan<byte> source, InflateBuffer buffer)
    {
        int limit = Compression.InflatedSizeMax(source.Length, buffer.SizeMax);
        int sizeHint = (int)Math.Min(limit, (long)source.Length * 4);
        Span<byte> probe = stackalloc byte[1];
        while (true)
        {
            Span<byte> room = buffer.Room(sizeHint, limit);

            // At the limit the frame may still have its end to show, but not one byte more.
            bool atLimit = room.IsEmpty;
            nuint written = (nuint)(atLimit ? probe.Length : room.Length);
            nuint read = (nuint)source.Length;
            nuint left;
            fixed (byte* from = source)
            fixed (byte* to = atLimit ? probe : room)
                left = Lz4Native.Decompress(context, to, ref written, from, ref read, 0);
            if (Lz4Native.IsError(left) != 0)
                return BatchStatus.CompressionInvalid;
            if (atLimit && written > 0)
                return BatchStatus.InflatedTooLarge;
            buffer.Advance((int)written);
            source = source[(int)read..];
            if (left == 0)
                return source.IsEmpty ? BatchStatus.Ok : BatchStatus.CompressionInvalid;

            // Neither bytes in nor bytes out: the frame goes on and there is no more of it.
            if (read == 0 && written == 0)
                return BatchStatus.CompressionInvalid;
        }
    }

    private static nint Create() =>
        Lz4Native.IsError(Lz4Native.CreateDecompression(out nint context, Lz4Native.Version)) == 0 ? context : 0;
}
