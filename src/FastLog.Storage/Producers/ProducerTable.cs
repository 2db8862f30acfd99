using FastLog.Primitives;

namespace FastLog.Storage.Producers;

/// <summary>
/// The producers that one partition remembers, in the order in which they were last heard. Bounded: the one heard longest ago
/// goes first. In the partition's section.
/// </summary>
internal sealed class ProducerTable
{
    private readonly Dictionary<long, ProducerEntry> _entries = [];
    private ProducerEntry? _newest;

    public int Count => _entries.Count;

    /// <summary>The one heard longest ago; <see cref="ProducerEntry.Newer"/> leads on.</summary>
    public ProducerEntry? Oldest { get; private set; }

    public ProducerEntry? Find(long id) => _entries.GetValueOrDefault(id);

    /// <summary>A producer that is not known: whatever it begins with is taken as its beginning.</summary>
    public ProducerEntry Add(long id, short epoch, int nextSequence, MonotonicTime now)
    {
        if (_entries.Count >= StorageLimits.ProducersMax)
            Remove(Oldest!);
        var entry = new ProducerEntry(id, epoch, nextSequence) { LastUsed = now };
        _entries.Add(id, entry);
        Append(entry);
        return entry;
    }

    /// <summary>The batch is in the log.</summary>
    public void Record(in SequencedBatch batch, MonotonicTime now)
    {
        ProducerEntry entry = Find(batch.Producer.Id)
            ?? Add(batch.Producer.Id, batch.Producer.Epoch, batch.Producer.BaseSequence, now);
        entry.Record(batch);
        entry.LastUsed = now;
        if (ReferenceEquals(entry, _newest))
            return;
        Unlink(entry);
        Append(entry);
    }

    /// <summary>Forgets those that were not heard for the expiration.</summary>
    public void Expire(MonotonicTime now, TimeSpan expiration)
    {
        while (Oldest is { } oldest && now.Since(oldest.LastUsed) > expiration)
            Remove(oldest);
    }

    private void Remove(ProducerEntry entry)
    {
        _entries.Remove(entry.Id);
        Unlink(entry);
    }

    private void Append(ProducerEntry entry)
    {
        entry.Older = _newest;
        if (_newest is null)
            Oldest = entry;
        else
            _newest.Newer = entry;
        _newest = entry;
    }

    private void Unlink(ProducerEntry entry)
    {
        if (entry.Older is null)
            Oldest = entry.Newer;
        else
            entry.Older.Newer = entry.Newer;
        if (entry.Newer is null)
            _newest = entry.Older;
        else
            entry.Newer.Older = entry.Older;
        entry.Older = null;
        entry.Newer = null;
    }
}
