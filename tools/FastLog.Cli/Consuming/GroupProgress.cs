using System.Diagnostics;
using FastLog.Client;
using FastLog.Primitives;

namespace FastLog.Cli.Consuming;

/// <summary>
/// Commits for a group what standard output has taken, at least every second and at the end. What lies in the printer's
/// buffer does not count. Not thread-safe.
/// </summary>
internal sealed class GroupProgress(Consumer consumer)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Stopwatch _sinceCommit = Stopwatch.StartNew();
    private readonly Dictionary<PartitionId, CommittedPosition> _printed = [];
    private readonly Dictionary<PartitionId, CommittedPosition> _taken = [];

    public bool IsDue => _sinceCommit.Elapsed >= Interval;

    /// <summary>All below the offset is in the printer.</summary>
    public void Printed(string topic, PartitionId partition, LogOffset next) =>
        _printed[partition] = new CommittedPosition(topic, partition, next);

    /// <summary>The printer was flushed: standard output has taken all that was printed.</summary>
    public void Flushed()
    {
        foreach ((PartitionId partition, CommittedPosition position) in _printed)
            _taken[partition] = position;
        _printed.Clear();
    }

    /// <exception cref="FastLogException">It could not be committed: what was printed would be printed again.</exception>
    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        _sinceCommit.Restart();
        if (_taken.Count == 0)
            return;
        CommittedPosition[] positions = [.. _taken.Values.OrderBy(position => position.Partition.Value)];
        await consumer.CommitAsync(positions, cancellationToken);
        _taken.Clear();
    }
}
