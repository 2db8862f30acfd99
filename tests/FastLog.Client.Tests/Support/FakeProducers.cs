using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Records;

namespace FastLog.Client.Tests;

/// <summary>The sequence rules of produce.md, said as plainly as possible.</summary>
internal sealed class FakeProducers
{
    private readonly List<(BatchProducer Numbers, int Records, LogOffset Offset)> _appended = [];

    /// <summary>Epochs that were seen, in order.</summary>
    public IReadOnlyList<int> Epochs => [.. _appended.Select(static batch => (int)batch.Numbers.Epoch).Distinct()];

    public IReadOnlyList<long> Ids => [.. _appended.Select(static batch => batch.Numbers.Id).Distinct()];

    public IReadOnlyList<int> Sequences => [.. _appended.Select(static batch => batch.Numbers.BaseSequence)];

    /// <summary>Duplicates that were answered with their offsets.</summary>
    public int Duplicates { get; private set; }

    /// <summary>Forgets everybody.</summary>
    public void Clear() => _appended.Clear();

    /// <summary>Forgets the last batch, as a log does that lost its end.</summary>
    public void ForgetLast() => _appended.RemoveAt(_appended.Count - 1);

    /// <summary>What comes of an append; the batches are noted when they are new.</summary>
    public ErrorCode Judge(List<BatchHeader> batches, LogOffset end, out LogOffset? known)
    {
        known = null;
        if (batches.TrueForAll(static batch => batch.ProducerId < 0))
            return ErrorCode.None;
        if (batches.TrueForAll(batch => Find(batch) is not null))
        {
            Assert.Single(batches); // our client sends again one by one
            known = Find(batches[0]);
            Duplicates++;
            return ErrorCode.None;
        }

        int before = _appended.Count;
        foreach (BatchHeader batch in batches)
        {
            ErrorCode error = JudgeNew(batch);
            if (error != ErrorCode.None)
            {
                _appended.RemoveRange(before, _appended.Count - before);
                return error;
            }

            _appended.Add((batch.Producer, batch.RecordCount, end));
            end = end.Plus(batch.RecordCount);
        }

        return ErrorCode.None;
    }

    private LogOffset? Find(BatchHeader batch)
    {
        int at = _appended.FindIndex(old => old.Numbers == batch.Producer && old.Records == batch.RecordCount);
        return at < 0 ? null : _appended[at].Offset;
    }

    private ErrorCode JudgeNew(BatchHeader batch)
    {
        int at = _appended.FindLastIndex(old => old.Numbers.Id == batch.ProducerId);
        if (at < 0)
            return ErrorCode.None;
        (BatchProducer last, int records, _) = _appended[at];
        if (batch.ProducerEpoch < last.Epoch)
            return ErrorCode.ProducerFenced;
        int next = batch.ProducerEpoch > last.Epoch ? 0 : last.BaseSequence + records;
        return batch.BaseSequence == next ? ErrorCode.None : ErrorCode.OutOfOrderSequence;
    }
}
