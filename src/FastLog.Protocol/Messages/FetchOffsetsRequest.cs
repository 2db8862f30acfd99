using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Asks where a group will go on.</summary>
/// <param name="GroupId">The group; one without commits has none in any partition.</param>
/// <param name="Partitions">The partitions; empty: all that the group has committed.</param>
public sealed record FetchOffsetsRequest(string GroupId, IReadOnlyList<FetchOffsetsPartitionRequest> Partitions)
    : IRequest<FetchOffsetsRequest, FetchOffsetsResponse>
{
    static ApiKey IMessage<FetchOffsetsRequest>.Api => ApiKey.FetchOffsets;

    static int IMessage<FetchOffsetsRequest>.EncodedSize(in FetchOffsetsRequest message) => FetchOffsetsCodec.Size(message);

    static void IMessage<FetchOffsetsRequest>.Encode(ref WireWriter writer, in FetchOffsetsRequest message) =>
        FetchOffsetsCodec.Write(ref writer, message);

    static WireStatus IMessage<FetchOffsetsRequest>.Decode(ref WireReader reader, out FetchOffsetsRequest message) =>
        FetchOffsetsCodec.TryRead(ref reader, out message);
}

/// <summary>One question.</summary>
public readonly record struct FetchOffsetsPartitionRequest(TopicPartition Partition);
