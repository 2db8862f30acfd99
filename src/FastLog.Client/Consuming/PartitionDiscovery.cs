using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>
/// Finds partitions that are added to the topics of which a consumer reads all. It begins in them at their earliest record:
/// whatever the consumer's start position was, they are newer than it.
/// </summary>
internal sealed class PartitionDiscovery
{
    private readonly ConsumerCore _consumer;
    private readonly List<TopicSnapshot> _followed;

    public PartitionDiscovery(ConsumerCore consumer)
    {
        _consumer = consumer;
        IEnumerable<string> whole = consumer.Options.Assignments
            .Where(static assignment => assignment.Partitions is null)
            .Select(static assignment => assignment.Topic);
        _followed = consumer.Options.StopAtEnd
            ? []
            : [.. whole.Select(topic => consumer.Cursors.First(cursor => cursor.Topic == topic).Snapshot)];
    }

    /// <summary>Runs until the consumer is disposed; at once over when there is nothing to find.</summary>
    public Task RunAsync() => _followed.Count == 0
        ? Task.CompletedTask
        : PeriodicRefresh.RunAsync(_consumer.Client, RefreshAsync, _consumer.Stopping);

    private async Task RefreshAsync()
    {
        for (int i = 0; i < _followed.Count; i++)
        {
            try
            {
                _followed[i] = await FindAsync(_followed[i]);
            }
            catch (FastLogException cause)
            {
                // What is wrong with the topic shows where it is read; new partitions are looked for the next time.
                _consumer.Client.Log(
                    ClientLogLevel.Debug, $"{_followed[i].Name}: no look for new partitions: {cause.Message}", cause);
            }
        }
    }

    private async Task<TopicSnapshot> FindAsync(TopicSnapshot known)
    {
        TopicSnapshot fresh = await _consumer.Client.Metadata.RefreshAsync(known, _consumer.Stopping);
        int count = known.Partitions.Count;
        if (fresh.Id != known.Id || fresh.Partitions.Count <= count)
            return known with { Version = fresh.Version };
        PartitionId[] added =
            [.. Enumerable.Range(count, fresh.Partitions.Count - count).Select(static number => new PartitionId(number))];
        IReadOnlyList<PartitionCursor> cursors = await Assigning.CursorsOfAsync(
            _consumer.Client, _consumer.Options, fresh, added, StartPosition.Earliest, _consumer.Stopping);
        _consumer.Add(cursors);
        _consumer.Client.Log(
            ClientLogLevel.Information, $"{fresh.Name} has {fresh.Partitions.Count} partitions now, {count} before");
        return fresh;
    }
}
