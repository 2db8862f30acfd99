using System.Buffers;
using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Protocol.Frames;

/// <summary>
/// Finds a frame in received bytes, in two steps: the fixed part (which says how much to receive and where the payload
/// begins), then the CRC over everything before the payload. Never throws on bad input, allocates nothing.
/// </summary>
public static class FrameReader
{
    /// <summary>The fixed part, from the first byte of a frame; its sizes are checked, its CRC is not yet.</summary>
    /// <param name="bytes">What has arrived; the first 32 bytes are enough, fewer may already show a defect.</param>
    /// <param name="frameSizeMax">The limit of this connection now, checked before anything else.</param>
    /// <param name="header">
    /// All of it when the answer is Ok. After a defect, key, version and correlation id where the fixed part was there
    /// and its magic right (to answer with an error frame), else zeros.
    /// </param>
    public static FrameStatus TryReadHeader(ReadOnlySpan<byte> bytes, int frameSizeMax, out FrameHeader header)
    {
        header = default;
        FrameStatus status = CheckFirst(bytes, frameSizeMax);
        if (status == FrameStatus.Ok && bytes.Length < FrameHeaderLayout.End)
            return FrameStatus.NeedMoreData;
        if (bytes.Length < FrameHeaderLayout.End || bytes[FrameHeaderLayout.MagicAt] != FrameHeaderLayout.Magic)
            return status;

        var kind = (FrameKind)bytes[FrameHeaderLayout.KindAt];
        header = new FrameHeader(
            kind,
            (ApiKey)BinaryPrimitives.ReadUInt16BigEndian(bytes[FrameHeaderLayout.ApiKeyAt..]),
            new ApiVersion(BinaryPrimitives.ReadUInt16BigEndian(bytes[FrameHeaderLayout.ApiVersionAt..])),
            new CorrelationId(BinaryPrimitives.ReadUInt64BigEndian(bytes[FrameHeaderLayout.CorrelationIdAt..])),
            0,
            0,
            0);
        if (status != FrameStatus.Ok)
            return status;
        if (kind is < FrameKind.Request or > FrameKind.Push)
            return FrameStatus.BadKind;
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[FrameHeaderLayout.FlagsAt..]) != 0)
            return FrameStatus.BadFlags;
        return ReadSizes(bytes, ref header);
    }

    /// <summary>The same from a chain of segments.</summary>
    public static FrameStatus TryReadHeader(in ReadOnlySequence<byte> bytes, int frameSizeMax, out FrameHeader header)
    {
        if (bytes.FirstSpan.Length >= FrameHeaderLayout.End)
            return TryReadHeader(bytes.FirstSpan, frameSizeMax, out header);
        Span<byte> start = stackalloc byte[FrameHeaderLayout.End];
        int length = (int)Math.Min(start.Length, bytes.Length);
        bytes.Slice(0, length).CopyTo(start);
        return TryReadHeader(start[..length], frameSizeMax, out header);
    }

    /// <summary>The CRC, over the fixed part, the header tags and the body, which must all be there.</summary>
    /// <param name="head">At least the first <see cref="FrameHeader.HeadSize"/> bytes of the frame.</param>
    public static FrameStatus Verify(ReadOnlySpan<byte> head, in FrameHeader header)
    {
        if (head.Length < header.HeadSize)
            return FrameStatus.NeedMoreData;
        uint told = BinaryPrimitives.ReadUInt32BigEndian(head[FrameHeaderLayout.CrcAt..]);
        return told == ComputeCrc(head[..header.HeadSize]) ? FrameStatus.Ok : FrameStatus.BadCrc;
    }

    /// <summary>The same over a chain of segments.</summary>
    public static FrameStatus Verify(in ReadOnlySequence<byte> head, in FrameHeader header)
    {
        if (head.FirstSpan.Length >= header.HeadSize)
            return Verify(head.FirstSpan, header);
        if (head.Length < header.HeadSize)
            return FrameStatus.NeedMoreData;
        Span<byte> start = stackalloc byte[FrameHeaderLayout.End];
        head.Slice(0, FrameHeaderLayout.End).CopyTo(start);
        uint told = BinaryPrimitives.ReadUInt32BigEndian(start[FrameHeaderLayout.CrcAt..]);
        uint crc = ComputeCrc(start);
        ReadOnlySequence<byte> rest = head.Slice(FrameHeaderLayout.End, header.HeadSize - FrameHeaderLayout.End);
        foreach (ReadOnlyMemory<byte> segment in rest)
            crc = Crc32C.Append(crc, segment.Span);
        return told == crc ? FrameStatus.Ok : FrameStatus.BadCrc;
    }

    /// <summary>A whole frame at the start of the bytes: header and CRC checked, payload there.</summary>
    public static FrameStatus TryRead(ReadOnlySpan<byte> bytes, int frameSizeMax, out FrameHeader header)
    {
        FrameStatus status = TryReadHeader(bytes, frameSizeMax, out header);
        if (status != FrameStatus.Ok)
            return status;
        status = Verify(bytes, header);
        if (status != FrameStatus.Ok)
            return status;
        return bytes.Length < header.TotalSize ? FrameStatus.NeedMoreData : FrameStatus.Ok;
    }

    /// <summary>The header tags of a frame that was found.</summary>
    public static ReadOnlySpan<byte> HeaderTags(ReadOnlySpan<byte> frame, scoped in FrameHeader header) =>
        frame.Slice(FrameLimits.HeadSize, header.HeaderSize);

    /// <summary>The body of a frame that was found, with its tags.</summary>
    public static ReadOnlySpan<byte> Body(ReadOnlySpan<byte> frame, scoped in FrameHeader header) =>
        frame.Slice(FrameLimits.HeadSize + header.HeaderSize, header.BodySize);

    /// <summary>The payload of a whole frame.</summary>
    public static ReadOnlySpan<byte> Payload(ReadOnlySpan<byte> frame, scoped in FrameHeader header) =>
        frame.Slice(header.HeadSize, header.PayloadSize);

    /// <param name="head">Everything before the payload; its own field counts as zero.</param>
    internal static uint ComputeCrc(ReadOnlySpan<byte> head)
    {
        ReadOnlySpan<byte> zero = [0, 0, 0, 0];
        uint crc = Crc32C.Append(Crc32C.Compute(head[..FrameHeaderLayout.CrcAt]), zero);
        return Crc32C.Append(crc, head[FrameHeaderLayout.End..]);
    }

    private static FrameStatus CheckFirst(ReadOnlySpan<byte> bytes, int frameSizeMax)
    {
        if (bytes.Length < FrameHeaderLayout.MagicAt)
            return FrameStatus.NeedMoreData;
        uint frameSize = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        if (frameSize > (uint)frameSizeMax)
            return FrameStatus.TooLarge;
        if (frameSize < FrameLimits.FrameSizeMin)
            return FrameStatus.TooSmall;
        if (bytes.Length > FrameHeaderLayout.MagicAt && bytes[FrameHeaderLayout.MagicAt] != FrameHeaderLayout.Magic)
            return FrameStatus.BadMagic;
        return FrameStatus.Ok;
    }

    private static FrameStatus ReadSizes(ReadOnlySpan<byte> bytes, ref FrameHeader header)
    {
        uint frameSize = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        int headerSize = BinaryPrimitives.ReadUInt16BigEndian(bytes[FrameHeaderLayout.HeaderSizeAt..]);
        uint bodySize = BinaryPrimitives.ReadUInt32BigEndian(bytes[FrameHeaderLayout.BodySizeAt..]);
        if (headerSize > FrameLimits.HeaderSizeMax)
            return FrameStatus.BadSizes;
        if (bodySize > FrameLimits.BodySizeMax)
            return FrameStatus.BadSizes;
        long payloadSize = (long)frameSize - FrameLimits.FrameSizeMin - headerSize - bodySize;
        if (payloadSize < 0)
            return FrameStatus.BadSizes;
        header = header with { HeaderSize = headerSize, BodySize = (int)bodySize, PayloadSize = (int)payloadSize };
        return FrameStatus.Ok;
    }
}
