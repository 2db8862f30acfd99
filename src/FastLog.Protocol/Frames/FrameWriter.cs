using System.Buffers;
using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Frames;

/// <summary>
/// Writes everything of a frame before its payload; the payload is appended by the transport, from memory or a file.
/// </summary>
public static class FrameWriter
{
    /// <summary>Bytes that <c>Write</c> needs for this message.</summary>
    public static int HeadSize<T>(in T message, in HeaderTags tags = default)
        where T : IMessage<T> => FrameLimits.HeadSize + tags.EncodedSize + T.EncodedSize(message);

    /// <summary>Writes head, header tags and body, and puts in sizes and CRC. Answers the number of bytes.</summary>
    /// <param name="destination">At least <see cref="HeadSize"/> bytes.</param>
    /// <param name="header">Kind, key, version and correlation id; its sizes are not read.</param>
    /// <param name="payloadSize">Bytes that the transport will append.</param>
    /// <exception cref="ArgumentException">Header or body is over its limit.</exception>
    public static int Write<T>(
        Span<byte> destination, in FrameHeader header, in T message, int payloadSize, in HeaderTags tags = default)
        where T : IMessage<T>
    {
        int headerSize = tags.EncodedSize;
        int bodySize = T.EncodedSize(message);
        int headSize = FrameLimits.HeadSize + headerSize + bodySize;
        Span<byte> head = destination[..headSize];
        var headerWriter = new WireWriter(head.Slice(FrameLimits.HeadSize, headerSize));
        tags.Write(ref headerWriter);
        var bodyWriter = new WireWriter(head[(FrameLimits.HeadSize + headerSize)..]);
        T.Encode(ref bodyWriter, message);
        Invariant.Check(bodyWriter.Written == bodySize);
        Seal(head, header with { HeaderSize = headerSize, BodySize = bodySize, PayloadSize = payloadSize });
        return headSize;
    }

    /// <summary>The same into a buffer writer, which is advanced.</summary>
    public static int Write<T>(
        IBufferWriter<byte> destination,
        in FrameHeader header,
        in T message,
        int payloadSize,
        in HeaderTags tags = default)
        where T : IMessage<T>
    {
        ArgumentNullException.ThrowIfNull(destination);
        int size = Write(destination.GetSpan(HeadSize(message, tags)), header, message, payloadSize, tags);
        destination.Advance(size);
        return size;
    }

    /// <summary>The same into a pooled buffer of exactly that length; the caller disposes it.</summary>
    public static BufferLease Write<T>(
        BufferPool pool, in FrameHeader header, in T message, int payloadSize, in HeaderTags tags = default)
        where T : IMessage<T>
    {
        ArgumentNullException.ThrowIfNull(pool);
        BufferLease lease = pool.Rent(HeadSize(message, tags), clearOnReturn: true);
        try
        {
            Write(lease.Span, header, message, payloadSize, tags);
        }
        catch
        {
            lease.Dispose();
            throw;
        }

        return lease;
    }

    /// <summary>Puts the fixed part before header tags and body that are already in place.</summary>
    /// <param name="head">Everything before the payload, of the sizes that the header tells.</param>
    /// <exception cref="ArgumentException">Header or body is over its limit.</exception>
    public static void Seal(Span<byte> head, in FrameHeader header)
    {
        if (header.HeaderSize > FrameLimits.HeaderSizeMax)
            throw TooLarge("header tags", header.HeaderSize, FrameLimits.HeaderSizeMax);
        if (header.BodySize > FrameLimits.BodySizeMax)
            throw TooLarge("body", header.BodySize, FrameLimits.BodySizeMax);
        Invariant.Check(head.Length == header.HeadSize);
        uint frameSize = checked((uint)(header.TotalSize - sizeof(uint)));
        BinaryPrimitives.WriteUInt32BigEndian(head[FrameHeaderLayout.FrameSizeAt..], frameSize);
        head[FrameHeaderLayout.MagicAt] = FrameHeaderLayout.Magic;
        head[FrameHeaderLayout.KindAt] = (byte)header.Kind;
        BinaryPrimitives.WriteUInt16BigEndian(head[FrameHeaderLayout.HeaderSizeAt..], (ushort)header.HeaderSize);
        BinaryPrimitives.WriteUInt16BigEndian(head[FrameHeaderLayout.ApiKeyAt..], (ushort)header.Api);
        BinaryPrimitives.WriteUInt16BigEndian(head[FrameHeaderLayout.ApiVersionAt..], header.Version.Value);
        BinaryPrimitives.WriteUInt32BigEndian(head[FrameHeaderLayout.FlagsAt..], 0);
        BinaryPrimitives.WriteUInt64BigEndian(head[FrameHeaderLayout.CorrelationIdAt..], header.Correlation.Value);
        BinaryPrimitives.WriteUInt32BigEndian(head[FrameHeaderLayout.BodySizeAt..], (uint)header.BodySize);
        BinaryPrimitives.WriteUInt32BigEndian(head[FrameHeaderLayout.CrcAt..], FrameReader.ComputeCrc(head));
    }

    private static ArgumentException TooLarge(string part, int size, int sizeMax) =>
        new($"{part} of {size} bytes; a frame takes at most {sizeMax}");
}
