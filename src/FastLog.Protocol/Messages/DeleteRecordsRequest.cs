using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Deletes the records below an offset, for each partition: the log start moves there.</summary>
public sealed record DeleteRecordsRequest(IReadOnlyList<DeleteRecordsPartitionRequest> Partitions)
    : IRequest<DeleteRecordsRequest, DeleteRecordsResponse>
{
    static ApiKey IMessage<DeleteRecordsRequest>.Api => ApiKey.DeleteRecords;

    static int IMessage<DeleteRecordsRequest>.EncodedSize(in DeleteRecordsRequest message) =>
        DeleteRecordsCodec.Size(message);

    static void IMessage<DeleteRecordsRequest>.Encode(ref WireWriter writer, in DeleteRecordsRequest message) =>
        DeleteRecordsCodec.Write(ref writer, message);

    static WireStatus IMessage<DeleteRecordsRequest>.Decode(ref WireReader reader, out DeleteRecordsRequest message) =>
        DeleteRecordsCodec.TryRead(ref reader, out message);
}

/// <summary>One deletion.</summary>
/// <param name="CurrentLeaderEpoch">The epoch from metadata, or none: no fencing.</param>
/// <param name="Before">The first offset that stays; none: the high watermark, so that all that can be read goes.</param>
public readonly record struct DeleteRecordsPartitionRequest(
    TopicPartition Partition, LeaderEpoch CurrentLeaderEpoch, LogOffset Before);
