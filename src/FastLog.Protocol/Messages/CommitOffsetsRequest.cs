using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Stores where a group will go on. Answered when it is durable.</summary>
/// <param name="GroupId">The group; made by its first commit.</param>
/// <param name="MemberId">The member that commits; empty: a consumer that runs alone.</param>
/// <param name="Generation">The group's generation that the member belongs to; none for a consumer that runs alone.</param>
/// <param name="Partitions">Each partition once.</param>
public sealed record CommitOffsetsRequest(
    string GroupId,
    string MemberId,
    GroupGeneration Generation,
    IReadOnlyList<CommitOffsetsPartitionRequest> Partitions)
    : IRequest<CommitOffsetsRequest, CommitOffsetsResponse>
{
    static ApiKey IMessage<CommitOffsetsRequest>.Api => ApiKey.CommitOffsets;

    static int IMessage<CommitOffsetsRequest>.EncodedSize(in CommitOffsetsRequest message) => CommitOffsetsCodec.Size(message);

    static void IMessage<CommitOffsetsRequest>.Encode(ref WireWriter writer, in CommitOffsetsRequest message) =>
        CommitOffsetsCodec.Write(ref writer, message);

    static WireStatus IMessage<CommitOffsetsRequest>.Decode(ref WireReader reader, out CommitOffsetsRequest message) =>
        CommitOffsetsCodec.TryRead(ref reader, out message);
}

/// <summary>One partition's committed offset.</summary>
/// <param name="Offset">The next offset that the group will read.</param>
/// <param name="LeaderEpoch">Of the last record that was read, or none.</param>
/// <param name="Metadata">Whatever the application wants to keep with it.</param>
public readonly record struct CommitOffsetsPartitionRequest(
    TopicPartition Partition,
    LogOffset Offset,
    LeaderEpoch LeaderEpoch,
    string Metadata);
