using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>What came of each partition, in the order of the request.</summary>
public sealed record CommitOffsetsResponse(IReadOnlyList<CommitOffsetsPartitionResponse> Partitions)
    : IMessage<CommitOffsetsResponse>
{
    static ApiKey IMessage<CommitOffsetsResponse>.Api => ApiKey.CommitOffsets;

    static int IMessage<CommitOffsetsResponse>.EncodedSize(in CommitOffsetsResponse message) => CommitOffsetsCodec.Size(message);

    static void IMessage<CommitOffsetsResponse>.Encode(ref WireWriter writer, in CommitOffsetsResponse message) =>
        CommitOffsetsCodec.Write(ref writer, message);

    static WireStatus IMessage<CommitOffsetsResponse>.Decode(ref WireReader reader, out CommitOffsetsResponse message) =>
        CommitOffsetsCodec.TryRead(ref reader, out message);
}

/// <summary>One partition's outcome.</summary>
public readonly record struct CommitOffsetsPartitionResponse(
    TopicPartition Partition,
    ErrorCode Error,
    string ErrorMessage);
