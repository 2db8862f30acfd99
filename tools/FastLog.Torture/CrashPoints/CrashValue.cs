using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Torture.CrashPoints;

/// <summary>Batches of records whose every byte follows from a number; the number says its size too.</summary>
internal static class CrashValue
{
    public const int SmallSize = 60;
    public const int LargeSize = 4_500;
    private const ulong LargeMark = 1UL << 62;

    public static ulong Number(int n, bool large) => (uint)n | (large ? LargeMark : 0);

    public static byte[] Batch(IReadOnlyList<ulong> values)
    {
        var builder = new BatchBuilder(new byte[16 << 10]);
        foreach (ulong value in values)
            Invariant.Check(builder.TryAppend(new Timestamp(1_000), default, Make(value)));
        return builder.Build().ToArray();
    }

    /// <summary>Adds the numbers of all records; false when a byte is not what it must be.</summary>
    public static bool TryParse(byte[] bytes, List<ulong> values)
    {
        using var inflate = new InflateBuffer(BufferPool.Shared);
        var batches = new BatchReader(bytes, BatchCheck.Checksum);
        while (batches.Read())
        {
            if (batches.TryOpenRecords(inflate, out RecordReader records) != BatchStatus.Ok)
                return false;
            while (records.Read())
            {
                ReadOnlySpan<byte> value = records.Value.Span;
                if (value.Length < sizeof(ulong))
                    return false;
                ulong number = BinaryPrimitives.ReadUInt64BigEndian(value);
                if (!value.SequenceEqual(Make(number)))
                    return false;
                values.Add(number);
            }

            if (records.Status != BatchStatus.Ok)
                return false;
        }

        return batches.Status == BatchStatus.Ok;
    }

    private static byte[] Make(ulong number)
    {
        byte[] value = new byte[(number & LargeMark) != 0 ? LargeSize : SmallSize];
        new Prng(number).Fill(value);
        BinaryPrimitives.WriteUInt64BigEndian(value, number);
        return value;
    }
}
