using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Asks for batches from some partitions, waiting a while when there are too few.</summary>
/// <param name="WaitMax">How long the broker may wait for <paramref name="BytesMin"/>; whole milliseconds.</param>
/// <param name="BytesMin">Answer at once when so many bytes are there; 0 and 1 differ: 0 never waits.</param>
/// <param name="BytesMax">Of the whole payload; the first batch of the answer may exceed it.</param>
/// <param name="Partitions">Each at most once.</param>
public readonly record struct FetchRequest(
    TimeSpan WaitMax,
    int BytesMin,
    int BytesMax,
    ReadOnlyMemory<FetchPartitionRequest> Partitions)
    : IRequest<FetchRequest, FetchResponse>
{
    static ApiKey IMessage<FetchRequest>.Api => ApiKey.Fetch;

    static int IMessage<FetchRequest>.EncodedSize(in FetchRequest message) => FetchCodec.Size(message);

    static void IMessage<FetchRequest>.Encode(ref WireWriter writer, in FetchRequest message) =>
        FetchCodec.Write(ref writer, message);

    static WireStatus IMessage<FetchRequest>.Decode(ref WireReader reader, out FetchRequest message) =>
        FetchCodec.TryRead(ref reader, out message);
}

/// <summary>Where to read in one partition.</summary>
/// <param name="FetchOffset">The first record wanted.</param>
/// <param name="LastEpoch">Leader epoch of the batch before it, or none: no check of the history.</param>
/// <param name="CurrentLeaderEpoch">The epoch from metadata, or none: no fencing.</param>
/// <param name="BytesMax">Of this partition; its first batch may exceed it when it is the first of the answer.</param>
public readonly record struct FetchPartitionRequest(
    TopicPartition Partition,
    LogOffset FetchOffset,
    LeaderEpoch LastEpoch,
    LeaderEpoch CurrentLeaderEpoch,
    int BytesMax);
