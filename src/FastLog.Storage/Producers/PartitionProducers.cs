using FastLog.Primitives;
using FastLog.Storage.Appending;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Producers;

/// <summary>
/// The writer's side of idempotence: judges appends by their producers' sequences, remembers what was written, holds the
/// duplicates that wait for their original's flush, and takes snapshots. In the partition's section, but for what says otherwise.
/// </summary>
internal sealed class PartitionProducers
{
    private readonly PartitionState _state;
    private readonly RuntimePorts _ports;
    private readonly ProducerSnapshots _snapshots;
    private readonly StorageDiagnostics _diagnostics;
    private readonly ProducerWalkBudget _budget;
    private ProducerTable _table;
    private readonly List<AppendWork> _joined = [];
    private LogOffset _covered;
    private long _walkBytes;
    private long _snapshotSize;
    private long _group;
    private Task _writing = Task.CompletedTask;

    /// <param name="state">The partition.</param>
    /// <param name="loaded">As recovered.</param>
    /// <param name="diagnostics">Hears what cannot be used.</param>
    /// <param name="budget">Says when a snapshot is due, and where it is written.</param>
    /// <param name="ports">The clock.</param>
    public PartitionProducers(
        PartitionState state,
        LoadedProducers loaded,
        StorageDiagnostics diagnostics,
        ProducerWalkBudget budget,
        RuntimePorts ports)
    {
        _state = state;
        _table = loaded.Table;
        _covered = loaded.Covered;
        _walkBytes = loaded.WalkedBytes;
        _snapshots = loaded.Snapshots;
        _diagnostics = diagnostics;
        _budget = budget;
        budget.Join(_walkBytes);
        _ports = ports;
    }

    /// <summary>Producers that are remembered.</summary>
    public int Count => _table.Count;

    /// <summary>
    /// Begins a group of appends that will be written together, if its first one continues its producers' sequences.
    /// </summary>
    /// <param name="work">Validated.</param>
    /// <param name="now">The clock.</param>
    /// <param name="answer">How it ends instead; null for a duplicate that waits until its original is durable.</param>
    public bool TryBeginGroup(AppendWork work, MonotonicTime now, out AppendResult? answer)
    {
        _group++;
        _table.Expire(now, _state.Options.ProducerExpiration);
        answer = null;
        ProducerVerdict verdict = Judge(work, now, out LogOffset original);
        if (verdict == ProducerVerdict.Next)
            return true;
        if (verdict != ProducerVerdict.Duplicate)
        {
            answer = new AppendResult { Status = ProducerRefusals.StatusOf(verdict) };
            return false;
        }

        StorageMetrics.Duplicate();
        work.Assign(original);
        bool waits = _state.Options.Flush.Mode == FlushMode.Ack && work.Mode != AppendMode.Unconfirmed;
        if (waits && work.LastOffset >= _state.Bounds.FlushedEnd)
            _joined.Add(work);
        else
            answer = new AppendResult { Status = AppendStatus.Ok, BaseOffset = original, LastOffset = work.LastOffset };
        return false;
    }

    /// <summary>
    /// True when an append may join the group. One that may not begins the next group and is judged there again: what it was held
    /// against here may still fail to be written.
    /// </summary>
    public bool Continues(AppendWork work, MonotonicTime now) => Judge(work, now, out _) == ProducerVerdict.Next;

    /// <summary>The append was written; its batches are stamped.</summary>
    public void Written(AppendWork work, MonotonicTime now)
    {
        ReadOnlySpan<byte> batches = work.Batches.Span;
        long walk = 0;
        while (!batches.IsEmpty)
        {
            SequencedBatch batch = SequencedBatch.Read(batches, out int size);
            batches = batches[size..];
            walk += ProducerRecovery.WalkOf(size);
            if (batch.HasProducer)
                _table.Record(batch, now);
        }

        MoveWalk(_walkBytes + walk);
    }

    /// <summary>It is a duplicate that waits.</summary>
    public bool IsJoined(AppendWork work) => _joined.Contains(work);

    /// <summary>Takes out a duplicate whose original lies below the end.</summary>
    public bool TryTakeJoined(LogOffset end, out AppendWork work)
    {
        for (int i = 0; i < _joined.Count; i++)
        {
            work = _joined[i];
            if (work.LastOffset >= end)
                continue;
            _joined.RemoveAt(i);
            return true;
        }

        work = null!;
        return false;
    }

    /// <summary>The log end has moved over what was written: a snapshot bounds how far the next start walks.</summary>
    public void Grew()
    {
        if (_budget.IsDue(_walkBytes, _snapshotSize))
            TakeSnapshot();
    }

    /// <summary>Begins to write a snapshot of all up to the log end, unless one is on its way.</summary>
    public void TakeSnapshot()
    {
        if (_writing.IsCompleted)
            BeginSnapshot(SnapshotFlush.WhenDue);
    }

    /// <summary>
    /// Batches below the offset are about to be deleted: a snapshot has what they say of their producers when the task has ended.
    /// </summary>
    public Task CoverAsync(LogOffset start)
    {
        if (_covered < start && _table.Count > 0)
            BeginSnapshot(SnapshotFlush.Always);
        return _writing;
    }

    /// <summary>At a clean close: so that the next start walks nothing.</summary>
    public void TakeLastSnapshot()
    {
        if (_state.Bounds.LogEnd != _covered)
            BeginSnapshot(SnapshotFlush.Never);
    }

    /// <summary>The log is closed: it takes nothing of the budget any more.</summary>
    public void Leave() => _budget.Leave(_walkBytes);

    /// <summary>
    /// The log's suffix was cut, durably, and nothing has been appended since: forgets what was in it. Reads, and so blocks.
    /// </summary>
    /// <exception cref="Disk.DiskException">The device failed: the producers are not known, so the log must take no append.</exception>
    public void Rewind()
    {
        LogOffset end = _state.Bounds.LogEnd;
        _snapshots.DeleteAbove(end);
        var recovery = new ProducerRecovery(_state.Context, _diagnostics, _ports.Clock.Now);
        LoadedProducers loaded = recovery.Run(_snapshots, _state.Segments, end, _state.Epochs);
        _table = loaded.Table;
        _covered = loaded.Covered;
        MoveWalk(loaded.WalkedBytes);
    }

    /// <summary>Ends when no snapshot is being written. From any thread, after the last append.</summary>
    public Task SettledAsync() => _writing;

    /// <summary>Holds all batches of an append against what was written and what the group took before.</summary>
    private ProducerVerdict Judge(AppendWork work, MonotonicTime now, out LogOffset original)
    {
        original = LogOffset.None;
        if (!work.HasProducers)
            return ProducerVerdict.Next;
        ReadOnlySpan<byte> batches = work.Batches.Span;
        LogOffset expected = LogOffset.None;
        bool hasNew = false;
        while (!batches.IsEmpty)
        {
            SequencedBatch batch = SequencedBatch.Read(batches, out int size);
            batches = batches[size..];
            LogOffset found = LogOffset.None;
            ProducerVerdict verdict = batch.HasProducer
                ? EntryOf(batch, now).Judge(batch, _group, out found)
                : ProducerVerdict.Next;
            if (verdict == ProducerVerdict.Next)
                hasNew = true;
            else if (verdict != ProducerVerdict.Duplicate)
                return verdict;
            else if (!expected.IsNone && found != expected)
                return ProducerVerdict.Split;
            else
                expected = found.Plus(batch.LastDelta + 1L);
            if (hasNew && !expected.IsNone)
                return ProducerVerdict.Split;
            if (original.IsNone)
                original = found;
        }

        return hasNew ? ProducerVerdict.Next : ProducerVerdict.Duplicate;
    }

    private void BeginSnapshot(SnapshotFlush flush)
    {
        LogOffset logEnd = _state.Bounds.LogEnd;
        _covered = logEnd;
        MoveWalk(0);
        var snapshot = new ProducerSnapshot(_state.Context.Id, _state.LeaderEpoch, logEnd);
        byte[] bytes = snapshot.Encode(_table, _ports.Clock.Now);
        _snapshotSize = bytes.Length;
        _writing = WriteAsync(_writing, logEnd, bytes, flush);
    }

    private void MoveWalk(long bytes)
    {
        _budget.Move(bytes - _walkBytes);
        _walkBytes = bytes;
    }

    private async Task WriteAsync(Task former, LogOffset logEnd, byte[] bytes, SnapshotFlush flush)
    {
        await former;
        await _budget.Writers.RunAsync(() => _snapshots.Write(logEnd, bytes, flush));
    }

    private ProducerEntry EntryOf(in SequencedBatch batch, MonotonicTime now) =>
        _table.Find(batch.Producer.Id)
        ?? _table.Add(batch.Producer.Id, batch.Producer.Epoch, batch.Producer.BaseSequence, now);
}
