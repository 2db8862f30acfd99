using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>The offsets, in the order of the request.</summary>
public sealed record ListOffsetsResponse(IReadOnlyList<ListOffsetsPartitionResponse> Partitions)
    : IMessage<ListOffsetsResponse>
{
    static ApiKey IMessage<ListOffsetsResponse>.Api => ApiKey.ListOffsets;

    static int IMessage<ListOffsetsResponse>.EncodedSize(in ListOffsetsResponse message) =>
        ListOffsetsCodec.Size(message);

    static void IMessage<ListOffsetsResponse>.Encode(ref WireWriter writer, in ListOffsetsResponse message) =>
        ListOffsetsCodec.Write(ref writer, message);

    static WireStatus IMessage<ListOffsetsResponse>.Decode(ref WireReader reader, out ListOffsetsResponse message) =>
        ListOffsetsCodec.TryRead(ref reader, out message);
}

/// <summary>One answer.</summary>
/// <param name="Offset">The offset; none with an error, or when no record is at or after the time.</param>
/// <param name="At">By time: the found record's timestamp; else none.</param>
/// <param name="LeaderEpoch">The current leader epoch, or none.</param>
public readonly record struct ListOffsetsPartitionResponse(
    TopicPartition Partition,
    ErrorCode Error,
    string ErrorMessage,
    LogOffset Offset,
    Timestamp At,
    LeaderEpoch LeaderEpoch);
