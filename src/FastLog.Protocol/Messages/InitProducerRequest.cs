using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Asks for a producer id that nobody had before.</summary>
public sealed record InitProducerRequest : IRequest<InitProducerRequest, InitProducerResponse>
{
    static ApiKey IMessage<InitProducerRequest>.Api => ApiKey.InitProducer;

    static int IMessage<InitProducerRequest>.EncodedSize(in InitProducerRequest message) => 0;

    static void IMessage<InitProducerRequest>.Encode(ref WireWriter writer, in InitProducerRequest message)
    {
    }

    static WireStatus IMessage<InitProducerRequest>.Decode(ref WireReader reader, out InitProducerRequest message) =>
        InitProducerCodec.TryRead(ref reader, out message);
}
