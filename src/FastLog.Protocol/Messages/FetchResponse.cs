using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>
/// State and share of the payload of each partition, in the order of the request; the payload follows the body.
/// </summary>
public readonly record struct FetchResponse(ReadOnlyMemory<FetchPartitionResponse> Partitions) : IMessage<FetchResponse>
{
    static ApiKey IMessage<FetchResponse>.Api => ApiKey.Fetch;

    static int IMessage<FetchResponse>.EncodedSize(in FetchResponse message) => FetchCodec.Size(message);

    static void IMessage<FetchResponse>.Encode(ref WireWriter writer, in FetchResponse message) =>
        FetchCodec.Write(ref writer, message);

    static WireStatus IMessage<FetchResponse>.Decode(ref WireReader reader, out FetchResponse message) =>
        FetchCodec.TryRead(ref reader, out message);
}

/// <summary>One partition's answer.</summary>
/// <param name="HighWatermark">Records below it are served; none when not known.</param>
/// <param name="LogStart">First readable offset, or none.</param>
/// <param name="LogEnd">End of the leader's log, or none.</param>
/// <param name="LeaderEpoch">The current leader epoch, or none.</param>
/// <param name="DivergingEpoch">With <see cref="ErrorCode.LogTruncated"/>: the largest epoch both may share.</param>
/// <param name="EpochEnd">With <see cref="ErrorCode.LogTruncated"/>: that epoch's end in the leader's log.</param>
/// <param name="CorruptEnd">
/// With <see cref="ErrorCode.CorruptLog"/>: the first offset behind the damage, or none.
/// </param>
/// <param name="PayloadSize">Bytes of whole batches in the payload; the first may begin below the fetch offset.</param>
public readonly record struct FetchPartitionResponse(
    TopicPartition Partition,
    ErrorCode Error,
    string ErrorMessage,
    LogOffset HighWatermark,
    LogOffset LogStart,
    LogOffset LogEnd,
    LeaderEpoch LeaderEpoch,
    LeaderEpoch DivergingEpoch,
    LogOffset EpochEnd,
    LogOffset CorruptEnd,
    int PayloadSize);
