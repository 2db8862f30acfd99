using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage;

namespace FastLog.Broker.Groups;

/// <summary>Reads one partition of the internal topic from its start to its end. Blocks: for the blocking executor.</summary>
internal static class OffsetLoad
{
    private const int ReadSize = 1 << 20;

    /// <param name="log">Nothing is appended to it meanwhile.</param>
    /// <param name="damaged">Told with each damaged range, which is passed over: commits in it are lost, the others count.</param>
    /// <param name="unknownRecords">Records that no version of ours wrote.</param>
    /// <exception cref="StorageException">The log cannot be read.</exception>
    public static GroupTable Run(PartitionLog log, OffsetsDamaged damaged, out int unknownRecords)
    {
        var table = new GroupTable();
        unknownRecords = 0;
        LogOffset at = log.LogStart;
        LogOffset end = log.LogEnd;
        while (at < end)
        {
            ReadResult read = log.Read(at, ReadSize, end);
            if (read.Status == ReadStatus.Corrupt && read.Defect is { LastOffset.IsNone: false } defect)
            {
                damaged(defect.FirstOffset, defect.LastOffset);
                at = LogOffset.Max(at, defect.LastOffset).Next();
                continue;
            }

            if (read.Status != ReadStatus.Ok || read.Region.IsEmpty)
                throw Unreadable(log, $"{read.Status} at offset {at}");
            byte[] bytes = new byte[read.Region.Length];
            int size;
            try
            {
                size = read.Region.File!.Read(read.Region.Position, bytes);
            }
            finally
            {
                read.Region.Release();
            }

            BatchStatus status = size == bytes.Length
                ? OffsetBatches.Read(bytes, table, damaged, ref unknownRecords)
                : BatchStatus.NeedMoreData;
            if (status != BatchStatus.Ok)
                throw Unreadable(log, $"{status} between the offsets {at} and {read.NextOffset}");
            at = read.NextOffset;
        }

        return table;
    }

    private static StorageException Unreadable(PartitionLog log, string details) =>
        new(StorageErrorKind.Damaged, log.TopicName, $"the committed offsets in partition {log.Id.Partition} cannot be read: {details}");
}
