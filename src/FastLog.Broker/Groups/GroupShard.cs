using System.Runtime.CompilerServices;
using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Storage;

namespace FastLog.Broker.Groups;

/// <summary>
/// The groups whose commits go to one partition of the internal topic. What is in memory is what is durable: a change is
/// applied, and answered, when its append has ended, in the order of the log. Its serial section owns table and appends;
/// members are called from any thread.
/// </summary>
internal sealed class GroupShard : ISerialOwner
{
    private readonly PartitionLeader _leader;
    private readonly BrokerServices _services;
    private readonly SerialSection _section;
    private readonly Queue<PendingChange> _pending = new();
    private GroupTable? _table;
    private RequestError _problem = NotLoaded;
    private Task _loading = Task.CompletedTask;
    private bool _isLoading;

    public GroupShard(PartitionLeader leader, BrokerServices services)
    {
        _leader = leader;
        _services = services;
        _section = new SerialSection(services.Ports.Executor, this);
    }

    private static RequestError NotLoaded { get; } =
        new(ErrorCode.NotReady, "the committed offsets are being read after a start; retry");

    /// <summary>Reads what is committed, unless that has been done or begun. Ends at once: a request hears NotReady meanwhile.</summary>
    public void BeginLoad() => _section.Run(new ActionWork(LoadOnce));

    /// <summary>Asks the table, in the section; <see cref="ErrorCode.NotReady"/> while it is not loaded.</summary>
    public Task<Answer<T>> AskAsync<T>(Func<GroupTable, Answer<T>> question)
    {
        var asked = new TaskCompletionSource<Answer<T>>(TaskCreationOptions.RunContinuationsAsynchronously);
        _section.Run(new ActionWork(() =>
        {
            LoadOnce();
            Answer<T> answer = _table is null ? _problem : question(_table);
            _section.Defer(new ActionWork(() => asked.SetResult(answer)));
        }));
        return asked.Task;
    }

    /// <summary>Makes changes that are drawn up in the section; ends when they are durable, or says why they may not be.</summary>
    /// <returns>How many changes were made.</returns>
    public Task<Answer<int>> ChangeAsync(Func<GroupTable, Answer<IReadOnlyList<OffsetChange>>> draw)
    {
        var change = new PendingChange();
        _section.Run(new ActionWork(() => Begin(change, draw)));
        return change.Ended.Task;
    }

    /// <summary>Whether a change of the group is on its way. In the section, so from <see cref="ChangeAsync"/>'s function.</summary>
    public bool IsChanging(string groupId) =>
        _pending.Any(change => change.Changes.Any(one => string.Equals(one.GroupId, groupId, StringComparison.Ordinal)));

    /// <summary>Ends when nothing is being read.</summary>
    public async Task UntilReadAsync()
    {
        var seen = new TaskCompletionSource<Task>(TaskCreationOptions.RunContinuationsAsynchronously);
        _section.Run(new ActionWork(() => seen.SetResult(_loading)));
        await await seen.Task;
    }

    void ISerialOwner.BurstEnded()
    {
    }

    // Our own bug: what is in memory can no longer be trusted. It is read again before anything is answered.
    void ISerialOwner.Faulted(Exception cause)
    {
        _services.Log.OffsetsFailed(_leader.Id.Partition, cause);
        if (_table is { } table)
            _services.Groups.Count(-table.Count, -table.Bytes);
        _table = null;
        _problem = NotLoaded;
        while (_pending.TryDequeue(out PendingChange? change))
            change.Ended.TrySetResult(RequestErrors.Unexpected);
    }

    private void Begin(PendingChange change, Func<GroupTable, Answer<IReadOnlyList<OffsetChange>>> draw)
    {
        LoadOnce();
        Answer<IReadOnlyList<OffsetChange>> drawn = _table is null ? _problem : draw(_table);
        PartitionLog? log = null;
        RequestError error = drawn.Error;
        if (error.IsNone && drawn.Response!.Count > 0)
            _leader.TryGetLog(out log, out error);
        if (log is null)
        {
            Answer<int> answer = error.IsNone ? 0 : error;
            _section.Defer(new ActionWork(() => change.Ended.SetResult(answer)));
            return;
        }

        change.Changes = drawn.Response!;
        _pending.Enqueue(change);
#pragma warning disable CA2012 // Consumed once, by Settle.
        change.Append = log.AppendAsync(
            OffsetBatches.Encode(change.Changes, _services.Ports.Clock.WallNow), AppendMode.Confirmed).GetAwaiter();
#pragma warning restore CA2012
        if (change.Append.IsCompleted)
            Settle();
        else
            change.Append.UnsafeOnCompleted(() => _section.Run(new ActionWork(Settle)));
    }

    // Ends of appends may arrive out of order; they are taken in the order of the log.
    private void Settle()
    {
        while (_pending.TryPeek(out PendingChange? change) && change.Append.IsCompleted)
        {
            _pending.Dequeue();
            AppendResult result = change.Append.GetResult();
            Answer<int> answer = change.Changes.Count;
            if (result.Status == AppendStatus.Ok)
                Apply(change.Changes);
            else
                answer = ErrorOf(result);
            _section.Defer(new ActionWork(() => change.Ended.SetResult(answer)));
        }
    }

    private void Apply(IReadOnlyList<OffsetChange> changes)
    {
        if (_table is not { } table)
            return; // it is read again, with these
        (int count, long bytes) = (table.Count, table.Bytes);
        foreach (OffsetChange change in changes)
            table.Apply(change);
        _services.Groups.Count(table.Count - count, table.Bytes - bytes);
    }

    private static RequestError ErrorOf(in AppendResult result) => result.Status switch
    {
        AppendStatus.DiskFull => new RequestError(ErrorCode.DiskFull, "the disk is full; nothing was committed: make room and retry"),
        AppendStatus.Busy => new RequestError(
            ErrorCode.Busy, "too many other partitions are being appended to; nothing was committed: wait and retry"),
        AppendStatus.Fenced => new RequestError(
            ErrorCode.LogFenced,
            $"the log of the committed offsets takes no more records: {result.Fault?.Message ?? "a write or flush failed"}"),
        AppendStatus.Closed => RequestErrors.ShuttingDown,
        _ => new RequestError(ErrorCode.UnknownServerError, $"the offsets could not be stored: {result.Status} {result.Reason}"),
    };

    private void LoadOnce()
    {
        if (_table is not null || _isLoading || _services.IsStopping)
            return;
        if (!_leader.TryGetLog(out PartitionLog? log, out RequestError error))
        {
            _services.Opener.Prioritize(_leader);
            _problem = error;
            return;
        }

        _isLoading = true;
        _problem = NotLoaded;
        _loading = LoadAsync(log);
    }

    // Owned by _loading; its failure is what requests get until a later one tries again.
    private async Task LoadAsync(PartitionLog log)
    {
        GroupTable? table = null;
        RequestError problem = NotLoaded;
        try
        {
            int unknown = 0;
            table = await _services.Ports.BlockingExecutor.RunAsync(() => OffsetLoad.Run(
                log, (first, last) => _services.Log.OffsetsDamaged(_leader.Id.Partition, first, last), out unknown));
            _services.Log.OffsetsLoaded(_leader.Id.Partition, table.Count, unknown);
        }
#pragma warning disable CA1031 // Whatever it is, it concerns these groups alone, which hear of it.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            problem = new RequestError(ErrorCode.CorruptLog, cause.Message);
            _services.Log.OffsetsFailed(_leader.Id.Partition, cause);
        }

        _section.Run(new ActionWork(() =>
        {
            _isLoading = false;
            _table = table;
            _problem = problem;
            _services.Groups.Count(table?.Count ?? 0, table?.Bytes ?? 0);
        }));
    }

    private sealed class PendingChange
    {
        public TaskCompletionSource<Answer<int>> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public IReadOnlyList<OffsetChange> Changes { get; set; } = [];

        public ValueTaskAwaiter<AppendResult> Append { get; set; }
    }
}
