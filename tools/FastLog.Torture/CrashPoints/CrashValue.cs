using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Torture.CrashPoints;

/// <summary>How large a record is.</summary>
internal enum CrashSize
{
    Small,

    /// <summary>Two fill a segment.</summary>
    Middle,

    /// <summary>One fills a segment.</summary>
    Large,
}

/// <summary>
/// Batches of one record whose every byte follows from a number; the number tells its size, its key, and its place in a
/// producer's sequence if it has one.
/// </summary>
internal static class CrashValue
{
    /// <summary>What a start appends to see that it can; in no model.</summary>
    public const ulong Probe = uint.MaxValue;

    private const long ProducerId = 7;
    private const int KeyCount = 2;
    private const int SizeShift = 62;
    private const int SequenceShift = 32;
    private const ulong SequenceMask = 0xFFFF;
    private const ulong SequenceMark = 1UL << 61;
    private static readonly int[] Sizes = [60, 1_500, 4_500];

    public static ulong Number(int n, CrashSize size) => (uint)n | ((ulong)size << SizeShift);

    /// <summary>A record that an idempotent producer sends with this sequence.</summary>
    public static ulong NumberInSequence(int n, int sequence) => (uint)n | SequenceMark | ((ulong)sequence << SequenceShift);

    public static bool IsInSequence(ulong number) => (number & SequenceMark) != 0;

    /// <summary>One that its producer would send so much later.</summary>
    public static ulong Later(ulong number, int by) => number + ((ulong)by << SequenceShift);

    public static byte KeyOf(ulong number) => number == Probe ? byte.MaxValue : (byte)(number % KeyCount);

    public static byte[] Batch(ulong number)
    {
        var builder = new BatchBuilder(new byte[8 << 10]);
        Invariant.Check(builder.TryAppend(new Timestamp(1_000), new byte[] { KeyOf(number) }, Make(number)));
        int sequence = (int)((number >> SequenceShift) & SequenceMask);
        BatchProducer producer = IsInSequence(number) ? new BatchProducer(ProducerId, 0, sequence) : BatchProducer.None;
        return builder.Build(Codec.None, producer).ToArray();
    }

    /// <summary>Adds the offset and number of each record from an offset on; false when a byte is not what it must be.</summary>
    public static bool TryParse(byte[] bytes, LogOffset from, List<(LogOffset Offset, ulong Number)> found)
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
                if (!value.SequenceEqual(Make(number)) || !records.Key.Span.SequenceEqual([KeyOf(number)]))
                    return false;
                if (records.Offset >= from)
                    found.Add((records.Offset, number));
            }

            if (records.Status != BatchStatus.Ok)
                return false;
        }

        return batches.Status == BatchStatus.Ok;
    }

    private static byte[] Make(ulong number)
    {
        byte[] value = new byte[Sizes[Math.Min(number >> SizeShift, (ulong)Sizes.Length - 1)]];
        new Prng(number).Fill(value);
        BinaryPrimitives.WriteUInt64BigEndian(value, number);
        return value;
    }
}
