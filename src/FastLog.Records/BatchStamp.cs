using System.Buffers.Binary;
using FastLog.Primitives;

namespace FastLog.Records;

/// <summary>Writes what the leader gives a batch; it lies outside of the CRC, so nothing is computed anew.</summary>
public static class BatchStamp
{
    /// <summary>Changes the batch, given from its first byte, in place.</summary>
    public static void Stamp(Span<byte> batch, LogOffset baseOffset, LeaderEpoch epoch)
    {
        Invariant.Check(baseOffset.Value >= 0);
        BinaryPrimitives.WriteInt64BigEndian(batch[BatchHeaderLayout.BaseOffsetAt..], baseOffset.Value);
        BinaryPrimitives.WriteInt32BigEndian(batch[BatchHeaderLayout.LeaderEpochAt..], epoch.Value);
    }
}
