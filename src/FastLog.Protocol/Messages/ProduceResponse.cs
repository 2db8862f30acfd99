using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>What became of each partition's batches, in the order of the request.</summary>
public readonly record struct ProduceResponse(ReadOnlyMemory<ProducePartitionResponse> Partitions)
    : IMessage<ProduceResponse>
{
    static ApiKey IMessage<ProduceResponse>.Api => ApiKey.Produce;

    static int IMessage<ProduceResponse>.EncodedSize(in ProduceResponse message) => ProduceCodec.Size(message);

    static void IMessage<ProduceResponse>.Encode(ref WireWriter writer, in ProduceResponse message) =>
        ProduceCodec.Write(ref writer, message);

    static WireStatus IMessage<ProduceResponse>.Decode(ref WireReader reader, out ProduceResponse message) =>
        ProduceCodec.TryRead(ref reader, out message);
}

/// <summary>One partition's outcome: all of its batches were appended, or none.</summary>
/// <param name="BaseOffset">Offset of the first record, or none.</param>
/// <param name="LastOffset">Offset of the last record, or none.</param>
/// <param name="LogStart">First readable offset of the log, or none.</param>
/// <param name="Durability">What the records survive now.</param>
public readonly record struct ProducePartitionResponse(
    TopicPartition Partition,
    ErrorCode Error,
    string ErrorMessage,
    LogOffset BaseOffset,
    LogOffset LastOffset,
    LogOffset LogStart,
    Durability Durability);
