using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records.Native;

namespace FastLog.Records;

/// <summary>One Zstandard frame by the system's libzstd. Thread-safe.</summary>
internal sealed unsafe class ZstdCompressor : ICompressor
{
    public static readonly ZstdCompressor Instance = new();

    // The library's own default, and Kafka's.
    private const int Level = 3;

    // Frames of the formats before 1.0 and skippable ones begin otherwise; no writer of batches makes them.
    private const uint FrameMagic = 0xFD2FB528;

    private static readonly NativeContexts Compressing =
        new(ZstdNative.CreateCompression, static context => ZstdNative.FreeCompression(context));

    private static readonly NativeContexts Decompressing =
        new(ZstdNative.CreateDecompression, static context => ZstdNative.FreeDecompression(context));

    private ZstdCompressor()
    {
    }

    public bool TryCompress(ReadOnlySpan<byte> source, Span<byte> destination, out int size)
    {
        // With all the room that it might need the result is the same for any destination.
        nuint bound = ZstdNative.CompressBound((nuint)source.Length);
        using BufferLease output = BufferPool.Shared.Rent(checked((int)bound), clearOnReturn: true);
        Span<byte> room = output.Span;
        nint context = Compressing.Rent();
        nuint done;
        try
        {
            fixed (byte* from = source)
            fixed (byte* to = room)
                done = ZstdNative.Compress(context, to, bound, from, (nuint)source.Length, Level);
        }
        finally
        {
            Compressing.Return(context);
        }

        Invariant.Check(ZstdNative.IsError(done) == 0);
        size = (int)done;
        return room[..size].TryCopyTo(destination);
    }

    public BatchStatus Inflate(ReadOnlySpan<byte> source, InflateBuffer buffer)
    {
        int limit = Compression.InflatedSizeMax(source.Length, buffer.SizeMax);
        if (!TryCheckFrame(source, out ulong told))
            return BatchStatus.CompressionInvalid;
        if (told != ZstdNative.ContentSizeUnknown && told > (ulong)limit)
            return BatchStatus.InflatedTooLarge;
        nint context = Decompressing.Rent();
        try
        {
            return Inflate(context, source, buffer, (int)Math.Min(told, (ulong)limit), limit);
        }
        finally
        {
            Decompressing.Return(context);
        }
    }

    private static BatchStatus Inflate(
        nint context, ReadOnlySpan<byte> source, InflateBuffer buffer, int sizeMax, int limit)
    {
        // A told size may be a lie, so memory for it is not taken at once but as the frame proves to need it.
        int sizeHint = (int)Math.Min(sizeMax, Math.Max(RecordLimits.InflatedSizeFirst, (long)source.Length * 8));
        while (true)
        {
            Span<byte> room = buffer.Room(sizeHint, limit);
            nuint done;
            fixed (byte* from = source)
            fixed (byte* to = room)
                done = ZstdNative.Decompress(context, to, (nuint)room.Length, from, (nuint)source.Length);
            if (ZstdNative.IsError(done) == 0)
            {
                buffer.Advance((int)done);
                return BatchStatus.Ok;
            }

            if (ZstdNative.ErrorCode(done) != ZstdNative.DestinationTooSmall)
                return BatchStatus.CompressionInvalid;
            if (room.Length >= limit)
                return BatchStatus.InflatedTooLarge;
            sizeHint = (int)Math.Min(limit, room.Length * 2L);
        }
    }

    // One frame of the present format and nothing behind it.
    private static bool TryCheckFrame(ReadOnlySpan<byte> source, out ulong contentSize)
    {
        contentSize = ZstdNative.ContentSizeError;
        if (source.Length < sizeof(uint))
            return false;
        if (BinaryPrimitives.ReadUInt32LittleEndian(source) != FrameMagic)
            return false;
        fixed (byte* from = source)
        {
            if (ZstdNative.FrameSize(from, (nuint)source.Length) != (nuint)source.Length)
                return false;
            contentSize = ZstdNative.ContentSize(from, (nuint)source.Length);
        }

        return contentSize != ZstdNative.ContentSizeError;
    }
}
