using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Client;

/// <summary>
/// Commits what a consumer's application has done with: when it asks, from time to time, and at the end. One commit at a
/// time, so that a repeated one never undoes a later one. Thread-safe.
/// </summary>
internal sealed class GroupCommits
{
    /// <summary>An unchanged position is committed again after this: a group that reads a quiet topic is not idle.</summary>
    private static readonly TimeSpan RepeatAfter = TimeSpan.FromHours(1);

    private readonly ConsumerCore _consumer;
    private readonly string _groupId;
    private readonly AsyncGate _turn = new();
    private MonotonicTime _repeatedAt;
    private Task _running = Task.CompletedTask;

    public GroupCommits(ConsumerCore consumer, string groupId)
    {
        _consumer = consumer;
        _groupId = groupId;
        _repeatedAt = consumer.Client.Ports.Clock.Now;
    }

    public void Start()
    {
        if (_consumer.Options.AutoCommit)
            _running = RunAsync();
    }

    /// <summary>Commits all positions that have moved since their last commit.</summary>
    /// <exception cref="FastLogException">They could not be committed in time.</exception>
    public Task CommitAsync(bool repeats, CancellationToken cancellationToken) =>
        InTurnAsync(() => CommitMovedAsync(repeats, cancellationToken));

    /// <summary>Commits positions that the application names, in order with the others.</summary>
    public Task CommitAsync(IReadOnlyList<CommittedPosition> positions, CancellationToken cancellationToken) =>
        InTurnAsync(() => OffsetCommits.CommitAsync(_consumer.Client, _groupId, positions, cancellationToken));

    /// <summary>After the consumer began to stop: commits what is left to commit.</summary>
    public async Task EndAsync()
    {
        await _running;
        if (_consumer.Options.AutoCommit)
            await TryCommitAsync(repeats: false, CancellationToken.None);
    }

    private async Task InTurnAsync(Func<Task> commit)
    {
        await _turn.EnterAsync();
        try
        {
            await commit();
        }
        finally
        {
            _turn.Leave();
        }
    }

    private async Task CommitMovedAsync(bool repeats, CancellationToken cancellationToken)
    {
        List<(PartitionCursor Cursor, LogOffset Offset)> moved = [];
        List<CommitOffsetsPartitionRequest> partitions = [];
        lock (_consumer.Gate)
        {
            foreach (PartitionCursor cursor in _consumer.Cursors)
            {
                bool isKnown = !cursor.Finished.IsNone;
                if (!isKnown || (cursor.Finished == cursor.Committed && !repeats))
                    continue;
                moved.Add((cursor, cursor.Finished));
                partitions.Add(new CommitOffsetsPartitionRequest(
                    new TopicPartition(cursor.Snapshot.Id, cursor.Partition),
                    cursor.Finished,
                    cursor.FinishedEpoch,
                    string.Empty));
            }
        }

        await OffsetCommits.CommitAsync(_consumer.Client, _groupId, partitions, cancellationToken);
        lock (_consumer.Gate)
        {
            foreach ((PartitionCursor cursor, LogOffset offset) in moved)
                cursor.Committed = offset;
        }
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        try
        {
            while (true)
            {
                await _consumer.Client.Ports.Timers.DelayAsync(_consumer.Options.AutoCommitInterval, _consumer.Stopping);
                MonotonicTime now = _consumer.Client.Ports.Clock.Now;
                bool repeats = now.Since(_repeatedAt) >= RepeatAfter;
                if (repeats)
                    _repeatedAt = now;
                await TryCommitAsync(repeats, _consumer.Stopping);
            }
        }
        catch (OperationCanceledException)
        {
            // Disposed.
        }
    }

    private async Task TryCommitAsync(bool repeats, CancellationToken cancellationToken)
    {
        try
        {
            await CommitAsync(repeats, cancellationToken);
        }
        catch (FastLogException cause)
        {
            // What was not committed is read again by the next consumer of the group; the next attempt may succeed.
            _consumer.Client.Log(
                ClientLogLevel.Warning, $"group {_groupId}: positions are not committed: {cause.Message}", cause);
        }
        catch (ObjectDisposedException)
        {
            // The client went first.
        }
    }
}
