using FastLog.Primitives;

namespace FastLog.Storage.Maintenance;

/// <summary>
/// One kind's rounds: all open logs after each interval, single ones when they are asked for. One log at a time. A log whose
/// segments another pass is changing is passed over and looked at again a little later.
/// </summary>
internal sealed class MaintenanceLane(
    IMaintenancePass pass, Func<IReadOnlyList<PartitionLog>> openLogs, MaintenanceTools tools)
{
    private readonly Lock _gate = new();
    private readonly Queue<PartitionLog> _asked = new();
    private readonly HashSet<PartitionLog> _isAsked = [];
    private readonly List<PartitionLog> _busy = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _woken;
    private IDisposable? _roundTimer;
    private IDisposable? _retryTimer;
    private bool _roundIsDue;
    private bool _stopped;

    public MaintenanceKind Kind => pass.Kind;

    /// <summary>Begins the rounds, on the executor.</summary>
    public void Start()
    {
        SetRoundTimer(pass.FirstDelay);
        tools.Ports.Executor.Post(new ActionWork(() => _ = RunAsync()));
    }

    /// <summary>The log is looked at soon. From any thread; more than one call before that is one.</summary>
    public void Ask(PartitionLog log)
    {
        lock (_gate)
        {
            if (_stopped || !_isAsked.Add(log))
                return;
            _asked.Enqueue(log);
        }

        Wake();
    }

    /// <summary>One pass over the log now, after those that change its segments have left; nothing when it is being closed.</summary>
    /// <exception cref="Disk.DiskException">The device failed.</exception>
    public async Task RunNowAsync(PartitionLog log)
    {
        if (!pass.ChangesSegments)
        {
            if (log.Maintenance.TryEnter(changesSegments: false))
                await RunInsideAsync(log);
        }
        else if (await log.Maintenance.EnterToChangeAsync())
        {
            await RunInsideAsync(log);
        }
    }

    /// <summary>Begins no further pass; ends when the rounds have ended. Those under way are ended by their log's gate.</summary>
    public Task StopAsync()
    {
        lock (_gate)
        {
            _stopped = true;
            _roundTimer?.Dispose();
            _retryTimer?.Dispose();
        }

        Wake();
        return _ended.Task;
    }

    // Owned by the lane: its end is awaited by StopAsync, and no failure of a pass leaves RunOneAsync.
    private async Task RunAsync()
    {
        while (await NextAsync())
        {
            bool isRound;
            lock (_gate)
            {
                isRound = _roundIsDue;
                _roundIsDue = false;
            }

            if (isRound)
                await RunRoundAsync();
            while (TryTakeAsked(out PartitionLog? log))
                await RunOneAsync(log);
        }

        _ended.SetResult();
    }

    private async Task RunRoundAsync()
    {
        await TryAsync(tools.Root, pass.BeginRoundAsync);
        IReadOnlyList<PartitionLog> logs = openLogs();
        int first = pass.BeginsAnywhere && logs.Count > 1 ? (int)(tools.Ports.Entropy.NextUInt64() % (uint)logs.Count) : 0;
        for (int i = 0; i < logs.Count; i++)
        {
            if (Volatile.Read(ref _stopped))
                return;
            await RunOneAsync(logs[(first + i) % logs.Count]);
        }

        SetRoundTimer(pass.Interval);
    }

    private async Task RunOneAsync(PartitionLog log)
    {
        if (!log.Maintenance.TryEnter(pass.ChangesSegments))
        {
            LookAgainLater(log);
            return;
        }

        await TryAsync(log.Directory, () => RunInsideAsync(log));
    }

    private async Task TryAsync(string path, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException)
        {
            // The log is being closed.
        }
#pragma warning disable CA1031 // Device, damage or our own bug: it is told, and the round goes on with the other logs.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            tools.Diagnostics.MaintenanceFailed(path, pass.Kind, failure);
        }
    }

    private async Task RunInsideAsync(PartitionLog log)
    {
        try
        {
            await pass.RunAsync(log, log.Maintenance.Closing);
        }
        finally
        {
            log.Maintenance.Leave(pass.ChangesSegments);
        }
    }

    private bool TryTakeAsked([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out PartitionLog? log)
    {
        lock (_gate)
        {
            log = null;
            if (_stopped || !_asked.TryDequeue(out log))
                return false;

            // What happens to the log from here on asks anew.
            _isAsked.Remove(log);
            return true;
        }
    }

    /// <summary>Ends when there is something to do: true; or when the lane is stopped.</summary>
    private async Task<bool> NextAsync()
    {
        while (true)
        {
            TaskCompletionSource woken;
            lock (_gate)
            {
                if (_stopped)
                    return false;
                if (_roundIsDue || _asked.Count > 0)
                    return true;
                woken = _woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            await woken.Task;
        }
    }

    private void Wake()
    {
        TaskCompletionSource? woken;
        lock (_gate)
        {
            woken = _woken;
            _woken = null;
        }

        woken?.SetResult();
    }

    private void SetRoundTimer(TimeSpan delay)
    {
        lock (_gate)
        {
            if (_stopped)
                return;
            _roundTimer = tools.Ports.Timers.Schedule(delay, new ActionWork(() =>
            {
                lock (_gate)
                    _roundIsDue = true;
                Wake();
            }));
        }
    }

    private void LookAgainLater(PartitionLog log)
    {
        lock (_gate)
        {
            if (_stopped || log.Maintenance.Closing.IsCancellationRequested || _busy.Contains(log))
                return;
            _busy.Add(log);
            if (_busy.Count == 1)
                _retryTimer = tools.Ports.Timers.Schedule(StorageLimits.MaintenanceRetryDelay, new ActionWork(AskBusy));
        }
    }

    private void AskBusy()
    {
        PartitionLog[] busy;
        lock (_gate)
        {
            busy = [.. _busy];
            _busy.Clear();
        }

        foreach (PartitionLog log in busy)
            Ask(log);
    }
}
