using FastLog.Client;

namespace FastLog.Cli.Producing;

/// <summary>Counts acknowledged records by partition; receipts are awaited in the order of sending. Not thread-safe.</summary>
internal sealed class ReceiptTally
{
    // So many receipts may be open before the oldest are looked at: enough for every batch in flight.
    private const int OpenMax = 1 << 18;

    private readonly Queue<PendingReceipt> _open = new();
    private readonly SortedDictionary<int, PartitionTally> _partitions = [];

    public long Acknowledged { get; private set; }

    public IReadOnlyDictionary<int, PartitionTally> Partitions => _partitions;

    /// <exception cref="FastLogException">An earlier record was not acknowledged.</exception>
    public void Add(PendingReceipt receipt)
    {
        _open.Enqueue(receipt);
        if (_open.Count < OpenMax)
            return;
        while (_open.TryPeek(out PendingReceipt oldest) && oldest.IsCompleted)
            Count(_open.Dequeue().GetAwaiter().GetResult());
    }

    /// <summary>Waits for all; those after a failure are still counted.</summary>
    /// <exception cref="FastLogException">One was not acknowledged: the first failure.</exception>
    public async Task WaitAllAsync()
    {
        FastLogException? first = null;
        while (_open.TryDequeue(out PendingReceipt receipt))
        {
            try
            {
                Count(await receipt);
            }
            catch (FastLogException failure)
            {
                first ??= failure;
            }
        }

        if (first is not null)
            throw first;
    }

    private void Count(ProduceReceipt receipt)
    {
        Acknowledged++;
        if (!_partitions.TryGetValue(receipt.Partition.Value, out PartitionTally? tally))
            _partitions[receipt.Partition.Value] = tally = new PartitionTally(receipt.Offset.Value);
        tally.Count(receipt.Offset.Value);
    }
}

/// <summary>What one partition got.</summary>
internal sealed class PartitionTally(long firstOffset)
{
    public long FirstOffset { get; private set; } = firstOffset;

    public long LastOffset { get; private set; } = firstOffset;

    public long Records { get; private set; }

    public void Count(long offset)
    {
        Records++;
        FirstOffset = Math.Min(FirstOffset, offset);
        LastOffset = Math.Max(LastOffset, offset);
    }
}
