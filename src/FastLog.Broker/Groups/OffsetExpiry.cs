using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Primitives;

namespace FastLog.Broker.Groups;

/// <summary>
/// Forgets, durably, what was committed by groups that have been idle for longer than <see cref="BrokerOptions.OffsetsRetention"/>,
/// and for topics that do not exist any more. Runs from time to time and when a topic was deleted; one pass at a time.
/// </summary>
internal sealed class OffsetExpiry
{
    private readonly GroupCoordinator _groups;
    private readonly BrokerServices _services;
    private readonly AsyncGate _passes = new();
    private readonly Lock _gate = new();
    private readonly List<Task> _running = [];
    private readonly Timestamp _begun;
    private readonly MonotonicTime _begunAt;
    private IDisposable _timer;
    private bool _isQueued;
    private bool _isStopped;

    public OffsetExpiry(GroupCoordinator groups, BrokerServices services)
    {
        _groups = groups;
        _services = services;
        _begun = services.Ports.Clock.WallNow;
        _begunAt = services.Ports.Clock.Now;
        _timer = Schedule();
    }

    /// <summary>Passes that were begun.</summary>
    public int Passes { get; private set; }

    /// <summary>Begins a pass, after the one that runs; one that has not begun yet will do.</summary>
    public void RunSoon()
    {
        lock (_gate)
        {
            _running.RemoveAll(static task => task.IsCompleted);
            if (_isStopped || _isQueued)
                return;
            _isQueued = true;
            _running.Add(RunAsync());
        }
    }

    /// <summary>Begins no further pass; ends when none runs.</summary>
    public async Task StopAsync()
    {
        Task[] running;
        lock (_gate)
        {
            _isStopped = true;
            _timer.Dispose();
            running = [.. _running];
        }

        await Task.WhenAll(running);
    }

    private IDisposable Schedule() => _services.Ports.Timers.Schedule(
        _services.Options.OffsetsCheckInterval,
        new ActionWork(() =>
        {
            RunSoon();
            lock (_gate)
            {
                if (!_isStopped)
                    _timer = Schedule();
            }
        }));

    // Owned by _running; what fails is told and tried again by the next pass.
    private async Task RunAsync()
    {
        await _passes.EnterAsync();
        try
        {
            lock (_gate)
            {
                _isQueued = false;
                Passes++;
            }

            foreach (GroupShard shard in _groups.Shards)
                await RunAsync(shard);
        }
        finally
        {
            _passes.Leave();
        }
    }

    private async Task RunAsync(GroupShard shard)
    {
        int forgotten = 0;
        while (!_isStopped)
        {
            var oldest = new Timestamp(Now().UnixMilliseconds - (long)_services.Options.OffsetsRetention.TotalMilliseconds);
            Answer<int> answer = await shard.ChangeAsync(table => Draw(shard, table, oldest));
            if (answer.Response == 0)
                break; // nothing is left, or it cannot be done now
            forgotten += answer.Response;
        }

        if (forgotten > 0)
            _services.Log.OffsetsForgotten(forgotten);
    }

    /// <summary>No later than the time that has really passed since the start: a jump of the wall clock makes no group idle.</summary>
    private Timestamp Now()
    {
        IClock clock = _services.Ports.Clock;
        long passed = (long)clock.Now.Since(_begunAt).TotalMilliseconds;
        return new Timestamp(Math.Min(clock.WallNow.UnixMilliseconds, _begun.UnixMilliseconds + passed));
    }

    private Answer<IReadOnlyList<OffsetChange>> Draw(GroupShard shard, GroupTable table, Timestamp oldest)
    {
        var changes = new List<OffsetChange>();
        foreach (string group in table.GroupIds)
        {
            // A commit that is on its way shows that the group is not idle.
            bool isIdle = table.LastCommitOf(group) < oldest && !shard.IsChanging(group);
            changes.AddRange(table.PartitionsOf(group)
                .Where(partition => isIdle || !_services.Topics.TryFind(partition.Topic, out _))
                .Take(BrokerLimits.ForgottenAtOnceMax - changes.Count)
                .Select(partition => new OffsetChange(group, partition, null)));
            if (changes.Count >= BrokerLimits.ForgottenAtOnceMax)
                break;
        }

        return new Answer<IReadOnlyList<OffsetChange>>(changes, RequestError.None);
    }
}
