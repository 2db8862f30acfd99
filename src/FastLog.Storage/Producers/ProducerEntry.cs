using FastLog.Primitives;

namespace FastLog.Storage.Producers;

/// <summary>A batch that is in the log.</summary>
internal readonly record struct BatchMark(int FirstSequence, int LastSequence, LogOffset BaseOffset);

/// <summary>
/// What one partition remembers of one producer: epoch, the sequence that must come next, the last batches. In the partition's
/// section.
/// </summary>
internal sealed class ProducerEntry
{
    private BatchMark[] _marks = [];
    private int _count;
    private int _newest = -1;
    private long _stagedGroup;
    private short _stagedEpoch;
    private int _stagedNext;

    /// <param name="id">The producer.</param>
    /// <param name="epoch">Its epoch.</param>
    /// <param name="nextSequence">What must come first.</param>
    public ProducerEntry(long id, short epoch, int nextSequence)
    {
        Id = id;
        Epoch = epoch;
        NextSequence = nextSequence;
    }

    public long Id { get; }

    public short Epoch { get; private set; }

    public int NextSequence { get; private set; }

    public MonotonicTime LastUsed { get; set; }

    /// <summary>Neighbours in the table's order of use.</summary>
    public ProducerEntry? Older { get; set; }

    /// <inheritdoc cref="Older"/>
    public ProducerEntry? Newer { get; set; }

    /// <summary>Batches remembered, of the present epoch.</summary>
    public int Count => _count;

    /// <summary>A remembered batch; 0 is the oldest.</summary>
    public BatchMark this[int index]
    {
        get
        {
            Invariant.Check((uint)index < (uint)_count);
            int at = _newest - (_count - 1 - index);
            return _marks[at < 0 ? at + _marks.Length : at];
        }
    }

    /// <summary>
    /// Holds a batch against what is in the log and what the group staged before it; a batch that comes next is staged with it.
    /// </summary>
    /// <param name="batch">Of this producer.</param>
    /// <param name="group">The appends that will be written together; a group that fails leaves nothing behind.</param>
    /// <param name="original">Where the batch is, with <see cref="ProducerVerdict.Duplicate"/>.</param>
    public ProducerVerdict Judge(in SequencedBatch batch, long group, out LogOffset original)
    {
        original = LogOffset.None;
        bool isStaged = _stagedGroup == group;
        short epoch = isStaged ? _stagedEpoch : Epoch;
        int next = isStaged ? _stagedNext : NextSequence;
        int first = batch.Producer.BaseSequence;
        if (batch.Producer.Epoch < epoch)
            return ProducerVerdict.Fenced;
        if (batch.Producer.Epoch > epoch)
            next = 0;
        if (first == next)
        {
            _stagedGroup = group;
            _stagedEpoch = batch.Producer.Epoch;
            _stagedNext = ProducerSequence.Plus(batch.LastSequence, 1);
            return ProducerVerdict.Next;
        }

        if (batch.Producer.Epoch != Epoch)
            return ProducerVerdict.OutOfOrder;
        for (int i = _count - 1; i >= 0; i--)
        {
            BatchMark mark = this[i];
            if (mark.FirstSequence != first || mark.LastSequence != batch.LastSequence)
                continue;
            original = mark.BaseOffset;
            return ProducerVerdict.Duplicate;
        }

        return _count > 0 && ProducerSequence.IsBefore(first, NextSequence)
            ? ProducerVerdict.Forgotten
            : ProducerVerdict.OutOfOrder;
    }

    /// <summary>The batch is in the log.</summary>
    public void Record(in SequencedBatch batch)
    {
        if (batch.Producer.Epoch < Epoch)
            return;
        if (batch.Producer.Epoch > Epoch)
        {
            Epoch = batch.Producer.Epoch;
            _count = 0;
            _newest = -1;
        }

        Remember(new BatchMark(batch.Producer.BaseSequence, batch.LastSequence, batch.BaseOffset));
    }

    /// <summary>Adds the newest batch; the oldest over the window goes.</summary>
    public void Remember(BatchMark mark)
    {
        if (_count == _marks.Length && _count < StorageLimits.ProducerWindow)
            Grow();
        _newest = _newest + 1 == _marks.Length ? 0 : _newest + 1;
        _marks[_newest] = mark;
        _count = Math.Min(_count + 1, _marks.Length);
        NextSequence = ProducerSequence.Plus(mark.LastSequence, 1);
    }

    // Most producers of a partition that has many send a batch or two.
    private void Grow()
    {
        var larger = new BatchMark[Math.Min(StorageLimits.ProducerWindow, Math.Max(2, _marks.Length * 2))];
        for (int i = 0; i < _count; i++)
            larger[i] = this[i];
        _marks = larger;
        _newest = _count - 1;
    }
}
