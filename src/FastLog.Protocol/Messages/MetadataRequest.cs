using FastLog.Primitives;

namespace FastLog.Protocol.Messages;

/// <summary>Asks for the brokers, and for topics by name, by id, or all of them.</summary>
/// <param name="AllTopics">All topics; then both lists are empty.</param>
/// <param name="Names">Topics by name.</param>
/// <param name="Ids">Topics by id.</param>
/// <param name="AllowAutoCreate">A broker for development may create what is missing; others ignore it.</param>
public sealed partial record MetadataRequest(
    bool AllTopics,
    IReadOnlyList<string> Names,
    IReadOnlyList<TopicId> Ids,
    bool AllowAutoCreate);
