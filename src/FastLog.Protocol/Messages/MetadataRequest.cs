using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Asks for the brokers, and for topics by name, by id, or all of them.</summary>
/// <param name="AllTopics">All topics; then both lists are empty.</param>
/// <param name="Names">Topics by name.</param>
/// <param name="Ids">Topics by id.</param>
/// <param name="AllowAutoCreate">A broker for development may create what is missing; others ignore it.</param>
public sealed record MetadataRequest(
    bool AllTopics,
    IReadOnlyList<string> Names,
    IReadOnlyList<TopicId> Ids,
    bool AllowAutoCreate)
    : IRequest<MetadataRequest, MetadataResponse>
{
    static ApiKey IMessage<MetadataRequest>.Api => ApiKey.Metadata;

    static int IMessage<MetadataRequest>.EncodedSize(in MetadataRequest message) => MetadataCodec.Size(message);

    static void IMessage<MetadataRequest>.Encode(ref WireWriter writer, in MetadataRequest message) =>
        MetadataCodec.Write(ref writer, message);

    static WireStatus IMessage<MetadataRequest>.Decode(ref WireReader reader, out MetadataRequest message) =>
        MetadataCodec.TryRead(ref reader, out message);
}
