using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Asks for all topics.</summary>
/// <param name="IncludeInternal">Also those that the cluster keeps for itself.</param>
public sealed record ListTopicsRequest(bool IncludeInternal) : IRequest<ListTopicsRequest, ListTopicsResponse>
{
    static ApiKey IMessage<ListTopicsRequest>.Api => ApiKey.ListTopics;

    static int IMessage<ListTopicsRequest>.EncodedSize(in ListTopicsRequest message) => ListTopicsCodec.Size(message);

    static void IMessage<ListTopicsRequest>.Encode(ref WireWriter writer, in ListTopicsRequest message) =>
        ListTopicsCodec.Write(ref writer, message);

    static WireStatus IMessage<ListTopicsRequest>.Decode(ref WireReader reader, out ListTopicsRequest message) =>
        ListTopicsCodec.TryRead(ref reader, out message);
}
