using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>A producer id of one's own.</summary>
/// <param name="ProducerId">0 or more.</param>
/// <param name="ProducerEpoch">The epoch to begin with, 0 or more.</param>
public sealed record InitProducerResponse(long ProducerId, short ProducerEpoch) : IMessage<InitProducerResponse>
{
    static ApiKey IMessage<InitProducerResponse>.Api => ApiKey.InitProducer;

    static int IMessage<InitProducerResponse>.EncodedSize(in InitProducerResponse message) =>
        InitProducerCodec.ResponseSize;

    static void IMessage<InitProducerResponse>.Encode(ref WireWriter writer, in InitProducerResponse message) =>
        InitProducerCodec.Write(ref writer, message);

    static WireStatus IMessage<InitProducerResponse>.Decode(ref WireReader reader, out InitProducerResponse message) =>
        InitProducerCodec.TryRead(ref reader, out message);
}
