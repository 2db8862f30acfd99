using FastLog.Primitives;

namespace FastLog.Torture.CrashPoints;

/// <summary>What the outside knows of a data directory at one moment: what was sent, acknowledged, made and deleted.</summary>
internal sealed class CrashModel
{
    private readonly SortedDictionary<TopicPartition, CrashPartition> _partitions = [];

    public IReadOnlyCollection<TopicPartition> Ids => _partitions.Keys;

    public CrashPartition this[TopicPartition id]
    {
        get
        {
            if (!_partitions.TryGetValue(id, out CrashPartition? partition))
                _partitions.Add(id, partition = new CrashPartition());
            return partition;
        }
    }

    /// <summary>As it is now, while this one goes on.</summary>
    public CrashModel Copy()
    {
        var copy = new CrashModel();
        foreach ((TopicPartition id, CrashPartition partition) in _partitions)
            copy._partitions.Add(id, partition.Copy());
        return copy;
    }

    /// <summary>Compares with what a start found; what is wrong, in words.</summary>
    public IEnumerable<string> Compare(CrashRecovery found)
    {
        foreach ((TopicPartition id, CrashPartition partition) in _partitions)
        {
            RecoveredPartition? there = found.Partitions.GetValueOrDefault(id);
            foreach (string wrong in partition.Compare(there, found.WasClean, CrashSequence.IsCompacted(id)))
                yield return $"partition {id.Partition}: {wrong}";
        }

        foreach (TopicPartition id in found.Partitions.Keys.Where(id => !_partitions.ContainsKey(id)))
            yield return $"partition {id.Partition}: nobody made it";
    }
}

/// <summary>What became of a partition.</summary>
internal enum CrashFate
{
    /// <summary>Its making has begun and not ended.</summary>
    Making,
    Made,

    /// <summary>Its deletion has begun: it may have taken what it likes.</summary>
    Deleting,
    Deleted,
}

/// <summary>One partition of a <see cref="CrashModel"/>.</summary>
internal sealed class CrashPartition
{
    private readonly HashSet<ulong> _sent = [];
    private readonly SortedDictionary<long, ulong> _acknowledged = [];

    public CrashFate Fate { get; set; } = CrashFate.Making;

    /// <summary>The highest leader epoch that an append used.</summary>
    public LeaderEpoch Epoch { get; set; } = LeaderEpoch.None;

    /// <summary>The log start that an ended trim promised.</summary>
    public LogOffset Start { get; set; } = LogOffset.Zero;

    /// <summary>The highest log start that was asked for.</summary>
    public LogOffset StartAsked { get; set; } = LogOffset.Zero;

    public long Acknowledged => _acknowledged.Count;

    public void Sent(ulong value) => _sent.Add(value);

    public void Acknowledge(LogOffset offset, ulong value) => _acknowledged[offset.Value] = value;

    public CrashPartition Copy()
    {
        var copy = new CrashPartition { Fate = Fate, Epoch = Epoch, Start = Start, StartAsked = StartAsked };
        copy._sent.UnionWith(_sent);
        foreach ((long offset, ulong value) in _acknowledged)
            copy._acknowledged.Add(offset, value);
        return copy;
    }

    public IEnumerable<string> Compare(RecoveredPartition? there, bool wasClean, bool isCompacted)
    {
        if (there is null)
        {
            if (Fate == CrashFate.Made)
                yield return "it was made and is gone";
            yield break;
        }

        if (Fate == CrashFate.Deleted)
            yield return "it was deleted and is back";
        if (Fate is CrashFate.Deleted or CrashFate.Deleting)
            yield break;
        if (there.Problem is { } problem)
            yield return problem;
        foreach ((LogOffset offset, ulong number) in there.Records.Where(record => !_sent.Contains(record.Number)))
            yield return $"offset {offset} holds {number:x}, which was never sent";
        if (there.Records.DistinctBy(record => record.Number).Count() != there.Records.Count)
            yield return "a record is there twice";
        if (there.Start < Start)
            yield return $"the log starts at {there.Start}; {Start} was promised";
        foreach (string lost in Lost(there, isCompacted))
            yield return "LOST: " + lost;
        if (!wasClean && there.Epoch <= Epoch)
            yield return $"the leader epoch is {there.Epoch} and appends had {Epoch}";
    }

    private IEnumerable<string> Lost(RecoveredPartition there, bool isCompacted)
    {
        // A first segment of which nothing was flushed may be lost where its successor is not; its offsets are not used again.
        foreach (long offset in _acknowledged.Keys.Where(offset => offset >= StartAsked.Value && offset < there.Start.Value))
            yield return $"offset {offset} was acknowledged and the log starts at {there.Start}";
        var found = there.Records.ToDictionary(record => record.Offset.Value, record => record.Number);
        var lasts = there.Records.GroupBy(record => CrashValue.KeyOf(record.Number)).ToDictionary(group => group.Key, group => group.Last().Offset);
        foreach ((long offset, ulong number) in _acknowledged.Where(entry => entry.Key >= there.Start.Value))
        {
            bool isThere = found.TryGetValue(offset, out ulong other);
            if (isThere && other != number)
                yield return $"offset {offset} holds {other:x} and not {number:x}";
            bool isReplaced = isCompacted && lasts.GetValueOrDefault(CrashValue.KeyOf(number), LogOffset.None).Value > offset;
            if (!isThere && !isReplaced)
                yield return $"offset {offset} was acknowledged and is not there";
        }
    }
}
