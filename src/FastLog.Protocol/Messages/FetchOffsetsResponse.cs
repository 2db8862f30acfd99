using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>The committed offsets, in the order of the request, or ascending when all were asked for.</summary>
public sealed record FetchOffsetsResponse(IReadOnlyList<FetchOffsetsPartitionResponse> Partitions)
    : IMessage<FetchOffsetsResponse>
{
    static ApiKey IMessage<FetchOffsetsResponse>.Api => ApiKey.FetchOffsets;

    static int IMessage<FetchOffsetsResponse>.EncodedSize(in FetchOffsetsResponse message) => FetchOffsetsCodec.Size(message);

    static void IMessage<FetchOffsetsResponse>.Encode(ref WireWriter writer, in FetchOffsetsResponse message) =>
        FetchOffsetsCodec.Write(ref writer, message);

    static WireStatus IMessage<FetchOffsetsResponse>.Decode(ref WireReader reader, out FetchOffsetsResponse message) =>
        FetchOffsetsCodec.TryRead(ref reader, out message);
}

/// <summary>One partition's committed offset.</summary>
/// <param name="Offset">The next offset that the group will read; none when nothing is committed.</param>
/// <param name="LeaderEpoch">As it was committed, or none.</param>
/// <param name="Metadata">As it was committed, or empty.</param>
public readonly record struct FetchOffsetsPartitionResponse(
    TopicPartition Partition,
    LogOffset Offset,
    LeaderEpoch LeaderEpoch,
    string Metadata);
