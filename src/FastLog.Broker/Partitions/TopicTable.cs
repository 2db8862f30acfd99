using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using FastLog.Broker.Topics;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Partitions;

/// <summary>The topics that exist now, by name and by id. Read from any thread; changed by <see cref="TopicManager"/>.</summary>
internal sealed class TopicTable
{
    private readonly ConcurrentDictionary<string, TopicEntry> _byName = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<TopicId, TopicEntry> _byId = new();

    public int Count => _byId.Count;

    /// <summary>All topics, ascending by name.</summary>
    public IReadOnlyList<TopicEntry> All() =>
        [.. _byName.Values.OrderBy(entry => entry.Topic.Name, StringComparer.Ordinal)];

    public bool TryFind(string name, [NotNullWhen(true)] out TopicEntry? entry) => _byName.TryGetValue(name, out entry);

    public bool TryFind(TopicId id, [NotNullWhen(true)] out TopicEntry? entry) => _byId.TryGetValue(id, out entry);

    public bool TryFind(TopicReference topic, [NotNullWhen(true)] out TopicEntry? entry, out RequestError error)
    {
        entry = null;
        error = RequestError.None;
        if (topic.IsName ? TryFind(topic.Name, out entry) : topic.IsId && TryFind(topic.Id, out entry))
            return true;
        error = (topic.IsName, topic.IsId) switch
        {
            (true, _) => Unknown(topic.Name),
            (_, true) => Unknown(topic.Id),
            _ => new RequestError(ErrorCode.InvalidRequest, "a topic is named by its name or by its id: exactly one of them"),
        };
        return false;
    }

    public bool TryFind(TopicPartition partition, [NotNullWhen(true)] out PartitionLeader? leader, out RequestError error)
    {
        leader = null;
        error = RequestError.None;
        if (!_byId.TryGetValue(partition.Topic, out TopicEntry? entry))
        {
            error = Unknown(partition.Topic);
            return false;
        }

        int number = partition.Partition.Value;
        if ((uint)number >= (uint)entry.Partitions.Count)
        {
            error = new RequestError(
                ErrorCode.UnknownPartition,
                $"topic '{entry.Topic.Name}' has no partition {number}; it has 0 to {entry.Partitions.Count - 1}");
            return false;
        }

        leader = entry.Partitions[number];
        return true;
    }

    /// <summary>The error for a name, with the nearest one that exists.</summary>
    public RequestError Unknown(string name) =>
        new(ErrorCode.UnknownTopic, $"topic '{name}' does not exist{Suggestion.Phrase(name, _byName.Keys.Where(known => !InternalTopics.Contains(known)).Order(StringComparer.Ordinal))}");

    public void Add(TopicEntry entry)
    {
        Invariant.Check(_byId.TryAdd(entry.Topic.Id, entry));
        Invariant.Check(_byName.TryAdd(entry.Topic.Name, entry));
    }

    public void Remove(TopicEntry entry)
    {
        _byName.TryRemove(entry.Topic.Name, out _);
        _byId.TryRemove(entry.Topic.Id, out _);
    }

    private static RequestError Unknown(TopicId id) =>
        new(ErrorCode.UnknownTopicId, $"no topic has the id {id}; it may have been deleted: ask for metadata");
}
