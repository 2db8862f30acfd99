using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Appends batches; the frame's payload holds them, concatenated in the order of the partitions.</summary>
/// <param name="Acks"><see cref="ProduceAcks.None"/> goes in a one-way frame, the others in a request.</param>
/// <param name="Timeout">How long the broker may wait for durability; whole milliseconds.</param>
/// <param name="Partitions">Each partition at most once.</param>
public readonly record struct ProduceRequest(
    ProduceAcks Acks,
    TimeSpan Timeout,
    ReadOnlyMemory<ProducePartitionRequest> Partitions)
    : IRequest<ProduceRequest, ProduceResponse>
{
    static ApiKey IMessage<ProduceRequest>.Api => ApiKey.Produce;

    static int IMessage<ProduceRequest>.EncodedSize(in ProduceRequest message) => ProduceCodec.Size(message);

    static void IMessage<ProduceRequest>.Encode(ref WireWriter writer, in ProduceRequest message) =>
        ProduceCodec.Write(ref writer, message);

    static WireStatus IMessage<ProduceRequest>.Decode(ref WireReader reader, out ProduceRequest message) =>
        ProduceCodec.TryRead(ref reader, out message);
}

/// <summary>One partition's share of the payload.</summary>
/// <param name="PayloadSize">Bytes of its batches, at least one batch.</param>
public readonly record struct ProducePartitionRequest(TopicPartition Partition, int PayloadSize);
