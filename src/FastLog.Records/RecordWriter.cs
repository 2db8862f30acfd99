using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastLog.Records;

/// <summary>Writes single records at places whose size was computed before. Thread-safe.</summary>
internal static class RecordWriter
{
    private const int AttributesSize = 1;
    private const uint NullLength = 1; // zigzag of -1

    /// <summary>What a record takes without its own length varint, in bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long BodySize(
        ulong timestampDelta,
        uint offsetDelta,
        in NullableBytes key,
        in NullableBytes value,
        ReadOnlySpan<RecordHeader> headers)
    {
        long size = AttributesSize + Varint.SizeOfUnsigned(timestampDelta) + Varint.SizeOfUnsigned(offsetDelta);
        size += (long)SizeOfField(key.Span.Length) + SizeOfField(value.Span.Length);
        return size + (headers.IsEmpty ? 1 : HeadersSize(headers));
    }

    /// <summary>Writes the record at <paramref name="start"/>, where its whole size is known to be free.</summary>
    /// <returns>Bytes written.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Write(
        ref byte start,
        int bodySize,
        ulong timestampDelta,
        uint offsetDelta,
        in NullableBytes key,
        in NullableBytes value,
        ReadOnlySpan<RecordHeader> headers)
    {
        int at = Varint.WriteUnchecked(ref start, 0, (uint)bodySize << 1);
        Unsafe.Add(ref start, at++) = 0;
        at = Varint.WriteUnchecked(ref start, at, timestampDelta);
        at = Varint.WriteUnchecked(ref start, at, offsetDelta);
        at = WriteField(ref start, at, key);
        at = WriteField(ref start, at, value);
        if (!headers.IsEmpty)
            return WriteHeaders(ref start, at, headers);
        Unsafe.Add(ref start, at++) = 0;
        return at;
    }

    // A null has the length -1: one byte, as an empty one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long SizeOfField(int length) => (long)length + Varint.SizeOfUnsigned((uint)length << 1);

    private static long HeadersSize(ReadOnlySpan<RecordHeader> headers)
    {
        long size = Varint.SizeOf(headers.Length);
        foreach (RecordHeader header in headers)
            size += SizeOfField(header.Key.Length) + SizeOfField(header.Value?.Length ?? 0);
        return size;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int WriteField(ref byte start, int at, in NullableBytes field)
    {
        ReadOnlySpan<byte> bytes = field.Span;
        at = Varint.WriteUnchecked(ref start, at, field.IsNull ? NullLength : (uint)bytes.Length << 1);
        Unsafe.CopyBlockUnaligned(
            ref Unsafe.Add(ref start, at), ref MemoryMarshal.GetReference(bytes), (uint)bytes.Length);
        return at + bytes.Length;
    }

    private static int WriteHeaders(ref byte start, int at, ReadOnlySpan<RecordHeader> headers)
    {
        at = Varint.WriteUnchecked(ref start, at, (uint)headers.Length << 1);
        foreach (RecordHeader header in headers)
        {
            at = WriteField(ref start, at, header.Key);
            at = WriteField(ref start, at, header.Value);
        }

        return at;
    }
}
