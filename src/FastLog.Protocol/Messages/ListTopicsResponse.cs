using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>All topics, ascending by name in byte order.</summary>
public sealed record ListTopicsResponse(IReadOnlyList<TopicListing> Topics) : IMessage<ListTopicsResponse>
{
    static ApiKey IMessage<ListTopicsResponse>.Api => ApiKey.ListTopics;

    static int IMessage<ListTopicsResponse>.EncodedSize(in ListTopicsResponse message) => ListTopicsCodec.Size(message);

    static void IMessage<ListTopicsResponse>.Encode(ref WireWriter writer, in ListTopicsResponse message) =>
        ListTopicsCodec.Write(ref writer, message);

    static WireStatus IMessage<ListTopicsResponse>.Decode(ref WireReader reader, out ListTopicsResponse message) =>
        ListTopicsCodec.TryRead(ref reader, out message);
}

/// <summary>One topic in short.</summary>
public readonly record struct TopicListing(
    string Name,
    TopicId Id,
    int PartitionCount,
    int ReplicationFactor,
    bool IsInternal);
