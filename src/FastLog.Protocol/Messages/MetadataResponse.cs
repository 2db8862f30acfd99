using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Brokers and topics as this broker knows them now.</summary>
/// <param name="ClusterId">The cluster.</param>
/// <param name="Controller">The controller's node, or <see cref="NodeId.None"/>.</param>
/// <param name="Brokers">All live brokers, ascending by node.</param>
/// <param name="Topics">Asked by list: names then ids in the order asked; all: ascending by name.</param>
public sealed record MetadataResponse(
    Uid128 ClusterId,
    NodeId Controller,
    IReadOnlyList<BrokerMetadata> Brokers,
    IReadOnlyList<TopicMetadata> Topics)
    : IMessage<MetadataResponse>
{
    static ApiKey IMessage<MetadataResponse>.Api => ApiKey.Metadata;

    static int IMessage<MetadataResponse>.EncodedSize(in MetadataResponse message) => MetadataCodec.Size(message);

    static void IMessage<MetadataResponse>.Encode(ref WireWriter writer, in MetadataResponse message) =>
        MetadataCodec.Write(ref writer, message);

    static WireStatus IMessage<MetadataResponse>.Decode(ref WireReader reader, out MetadataResponse message) =>
        MetadataCodec.TryRead(ref reader, out message);
}

/// <summary>Where to connect to one broker.</summary>
/// <param name="Rack">Empty when it has none.</param>
public readonly record struct BrokerMetadata(NodeId Node, string Host, int Port, string Rack);

/// <summary>One topic, or why it cannot be told.</summary>
/// <param name="Error"><see cref="ErrorCode.None"/>, or why the rest is empty.</param>
/// <param name="ErrorMessage">A sentence, empty without an error.</param>
/// <param name="Name">As asked; empty when an unknown id was asked.</param>
/// <param name="Id">As asked; none when an unknown name was asked.</param>
/// <param name="IsInternal">Kept by the cluster for itself.</param>
/// <param name="Partitions">Ascending by partition.</param>
public sealed record TopicMetadata(
    ErrorCode Error,
    string ErrorMessage,
    string Name,
    TopicId Id,
    bool IsInternal,
    IReadOnlyList<PartitionMetadata> Partitions);

/// <summary>One partition's place in the cluster.</summary>
/// <param name="Error"><see cref="ErrorCode.NotReady"/> while it has no leader or recovers, else none.</param>
/// <param name="Leader">The leader's node, or <see cref="NodeId.None"/>.</param>
/// <param name="LeaderEpoch">The leader epoch, or <see cref="LeaderEpoch.None"/>.</param>
/// <param name="Replicas">All replicas; the preferred leader first.</param>
/// <param name="InSyncReplicas">Those in sync.</param>
public sealed record PartitionMetadata(
    PartitionId Partition,
    ErrorCode Error,
    NodeId Leader,
    LeaderEpoch LeaderEpoch,
    IReadOnlyList<NodeId> Replicas,
    IReadOnlyList<NodeId> InSyncReplicas);
