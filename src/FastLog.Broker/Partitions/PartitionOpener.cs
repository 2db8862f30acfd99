using FastLog.Storage;

namespace FastLog.Broker.Partitions;

/// <summary>
/// Opens partitions, a few at a time: those that a client asked for first, then in the order given. Thread-safe.
/// </summary>
internal sealed class PartitionOpener : IDisposable
{
    private readonly LogDirectory _directory;
    private readonly int _parallel;
    private readonly Lock _gate = new();
    private readonly Queue<PartitionLeader> _asked = new();
    private readonly Queue<PartitionLeader> _rest = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;
    private bool _stopped;

    /// <param name="directory">The data directory.</param>
    /// <param name="parallel">How many are opened at once, 1 or more.</param>
    public PartitionOpener(LogDirectory directory, int parallel)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(parallel, 1);
        _directory = directory;
        _parallel = parallel;
    }

    /// <summary>Queues partitions, each of which nobody queued before.</summary>
    public void Open(IReadOnlyList<PartitionLeader> partitions)
    {
        int lanes = 0;
        lock (_gate)
        {
            foreach (PartitionLeader partition in partitions)
                _rest.Enqueue(partition);
            while (!_stopped && _running < _parallel && lanes < partitions.Count)
            {
                _running++;
                lanes++;
            }
        }

        for (int i = 0; i < lanes; i++)
            _ = RunLaneAsync();
    }

    /// <summary>
    /// A client waits for it: it goes before those nobody asked for. One that failed for want of disk space or by its device is tried again.
    /// </summary>
    public void Prioritize(PartitionLeader partition)
    {
        bool beginsLane = false;
        lock (_gate)
        {
            if (!_stopped && partition.TryWaitAgain())
            {
                _rest.Enqueue(partition);
                beginsLane = _running < _parallel;
                _running += beginsLane ? 1 : 0;
            }

            // Asked for again and again by a retrying client: the queue holds no more entries than there are partitions.
            if (_asked.Count < _rest.Count && partition.Status.State == PartitionState.Waiting)
                _asked.Enqueue(partition);
        }

        if (beginsLane)
            _ = RunLaneAsync();
    }

    /// <summary>Begins no further partition; ends when none is being opened. Those that were not opened stay as they are.</summary>
    public async Task StopAsync()
    {
        lock (_gate)
        {
            _stopped = true;
            if (_running == 0)
                _idle.TrySetResult();
        }

        _stopping.Cancel();
        await _idle.Task;
        lock (_gate)
        {
            foreach (PartitionLeader partition in _rest)
                partition.SettleOnce();
        }
    }

    /// <summary>After <see cref="StopAsync"/>.</summary>
    public void Dispose() => _stopping.Dispose();

    // Owned by the count of lanes; every failure ends at its partition.
    private async Task RunLaneAsync()
    {
        while (TryTake(out PartitionLeader partition))
            await OpenAsync(partition);
    }

    private bool TryTake(out PartitionLeader partition)
    {
        lock (_gate)
        {
            partition = null!;
            if (!_stopped && (TryTakeAsked(out partition) || _rest.TryDequeue(out partition!)))
                return true;
            _running--;
            if (_stopped && _running == 0)
                _idle.TrySetResult();
            return false;
        }
    }

    // One that was opened meanwhile is passed over here; each is taken from the other queue once, and settles there.
    private bool TryTakeAsked(out PartitionLeader partition)
    {
        while (_asked.TryDequeue(out partition!))
        {
            if (partition.Status.State == PartitionState.Waiting)
                return true;
        }

        return false;
    }

    private async Task OpenAsync(PartitionLeader partition)
    {
        if (!partition.TryBeginOpening())
        {
            // Either opened before, by priority (and settled then), or deleted before its turn.
            if (partition.Status.State == PartitionState.Deleted)
                partition.SettleOnce();
            return;
        }

        try
        {
            PartitionLogOptions options = partition.Topic.Config.LogOptions;
            PartitionLog log = await _directory.OpenPartitionAsync(
                partition.Id, partition.Topic.Topic.Name, options, _stopping.Token);
            await partition.OpenedAsync(log, options);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The broker stops: the partition stays as it is on the disk.
        }
#pragma warning disable CA1031 // One partition's failure, a bug too, is shown at that partition; the others are served.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            partition.OpenFailed(cause);
        }

        partition.SettleOnce();
    }
}
