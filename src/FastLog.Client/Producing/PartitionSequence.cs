using FastLog.Records;

namespace FastLog.Client;

/// <summary>
/// One partition's place in its producer's sequences: which numbers a batch gets, and when the next epoch begins. Under the
/// partition's lock.
/// </summary>
/// <remarks>
/// A batch keeps its numbers for as long as it may be in the log. When one was given up, what follows would leave a gap that the
/// broker refuses: batches that were numbered before then go first, and those that come get the next epoch. A batch that is
/// refused as out of order, with none before it, is not in the log: it and all behind it are numbered anew.
/// </remarks>
internal sealed class PartitionSequence(long id)
{
    private short _epoch;
    private int _next;
    private int _inFlight;
    private bool _mustBump;
    private bool _isLost;
    private bool _isRenewing;

    public long Id { get; private set; } = id;

    /// <summary>The batch may leave now, as far as its numbers go.</summary>
    public bool MayLeave(ProducerBatch batch)
    {
        // What the broker remembers must hold the oldest batch without an answer.
        if (_inFlight >= ClientLimits.SequencedBatchesMax)
            return false;
        return batch.Numbers is not null || !_mustBump;
    }

    /// <summary>The batch leaves; it gets its numbers unless it has some.</summary>
    public void Leave(ProducerBatch batch)
    {
        _inFlight++;
        if (batch.Numbers is not null)
            return;
        batch.Numbers = new BatchProducer(Id, _epoch, _next);
        _next = unchecked(_next + batch.Builder.RecordCount) & int.MaxValue;
    }

    /// <summary>So many batches have their answers, or will get none.</summary>
    public void CameBack(int batches) => _inFlight -= batches;

    /// <summary>The batch has failed for good.</summary>
    public void GaveUp(ProducerBatch batch) => _mustBump |= batch.Numbers is not null;

    /// <summary>The id is another one's, or its epoch is over: later batches need another id.</summary>
    public void Lose()
    {
        _isLost = true;
        _mustBump = true;
    }

    /// <summary>All that was in flight has its outcome, and batches will leave again from the first one on.</summary>
    public void Resume(ProducerBatch? first)
    {
        bool isGap = first is { IsOutOfOrder: true };
        _mustBump |= isGap;
        for (ProducerBatch? batch = first; batch is not null; batch = batch.Next)
        {
            batch.MayHaveArrived &= !batch.IsOutOfOrder;
            batch.IsOutOfOrder = false;
            if (isGap)
                batch.Numbers = null;
        }
    }

    /// <summary>
    /// Begins the next epoch where it must, once no batch with older numbers is left; asks for another id where only that helps.
    /// </summary>
    /// <returns>True when an epoch began.</returns>
    public bool TryBump(PartitionQueue queue, ProducerIdentity identity, ProducerBatch? first)
    {
        if (!_mustBump || _isRenewing || first is not { Numbers: null })
            return false;
        if (_isLost || _epoch == short.MaxValue)
        {
            _isRenewing = true;
            identity.Renew(queue, Id);
            return false;
        }

        _epoch++;
        _next = 0;
        _mustBump = false;
        return true;
    }

    /// <summary>Another id: all begins anew.</summary>
    public void Renew(long id)
    {
        Id = id;
        _epoch = 0;
        _next = 0;
        _mustBump = false;
        _isLost = false;
        _isRenewing = false;
    }
}
