using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Asks for offsets of partitions: earliest, latest, or by time.</summary>
public sealed record ListOffsetsRequest(IReadOnlyList<ListOffsetsPartitionRequest> Partitions)
    : IRequest<ListOffsetsRequest, ListOffsetsResponse>
{
    static ApiKey IMessage<ListOffsetsRequest>.Api => ApiKey.ListOffsets;

    static int IMessage<ListOffsetsRequest>.EncodedSize(in ListOffsetsRequest message) =>
        ListOffsetsCodec.Size(message);

    static void IMessage<ListOffsetsRequest>.Encode(ref WireWriter writer, in ListOffsetsRequest message) =>
        ListOffsetsCodec.Write(ref writer, message);

    static WireStatus IMessage<ListOffsetsRequest>.Decode(ref WireReader reader, out ListOffsetsRequest message) =>
        ListOffsetsCodec.TryRead(ref reader, out message);
}

/// <summary>Which offset of a partition is wanted.</summary>
public enum OffsetQuery
{
    /// <summary>The log start.</summary>
    Earliest = 0,

    /// <summary>The high watermark: the offset the next readable record gets.</summary>
    Latest = 1,

    /// <summary>The first record whose timestamp is at or after the one given.</summary>
    AtTime = 2,
}

/// <summary>One question.</summary>
/// <param name="CurrentLeaderEpoch">The epoch from metadata, or none: no fencing.</param>
/// <param name="At">Used with <see cref="OffsetQuery.AtTime"/>, else none.</param>
public readonly record struct ListOffsetsPartitionRequest(
    TopicPartition Partition,
    LeaderEpoch CurrentLeaderEpoch,
    OffsetQuery Query,
    Timestamp At);
