using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Client;

/// <summary>Turns assignments into partitions with offsets.</summary>
internal static class Assigning
{
    public static string TooMany => $"a consumer reads at most {ClientLimits.ConsumerPartitionsMax} partitions";

    /// <exception cref="FastLogException">A topic or partition does not exist, no broker answers, …</exception>
    /// <exception cref="ArgumentException">A partition is assigned twice.</exception>
    public static async Task<IReadOnlyList<PartitionCursor>> ResolveAsync(
        ClientCore client, ConsumerOptions options, CancellationToken cancellationToken)
    {
        List<PartitionCursor> cursors = [];
        HashSet<(string, PartitionId)> seen = [];
        foreach (ConsumerAssignment assignment in options.Assignments)
        {
            TopicSnapshot topic = await client.Metadata.GetAsync(
                assignment.Topic, allowCreate: false, cancellationToken);
            IReadOnlyList<PartitionId> partitions = PartitionsOf(topic, assignment);
            foreach (PartitionId partition in partitions)
            {
                if (!seen.Add((topic.Name, partition)))
                    throw new ArgumentException($"{topic.Name}/{partition} is assigned twice", nameof(options));
            }

            if (cursors.Count + partitions.Count > ClientLimits.ConsumerPartitionsMax)
                throw new ArgumentException(TooMany, nameof(options));
            cursors.AddRange(
                await CursorsOfAsync(client, options, topic, partitions, assignment.Start, cancellationToken));
        }

        return cursors;
    }

    /// <summary>Begins to read partitions of one topic.</summary>
    public static async Task<IReadOnlyList<PartitionCursor>> CursorsOfAsync(
        ClientCore client,
        ConsumerOptions options,
        TopicSnapshot topic,
        IReadOnlyList<PartitionId> partitions,
        StartPosition position,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<FetchOffsetsPartitionResponse>? committed = options.GroupId is { } group
            ? await OffsetCommits.FetchAsync(client, group, topic, partitions, cancellationToken)
            : null;
        IReadOnlyList<LogOffset> starts = committed is null
            ? await OffsetsOfAsync(client, topic, partitions, position, cancellationToken)
            : await StartsOfAsync(client, committed, topic, partitions, position, cancellationToken);

        // After the starts: else a log that grows meanwhile would have a start behind its end.
        IReadOnlyList<PartitionOffset>? ends = options.StopAtEnd
            ? await OffsetLookups.FindAsync(client, topic, partitions, StartPosition.Latest, cancellationToken)
            : null;
        var cursors = new PartitionCursor[partitions.Count];
        for (int i = 0; i < cursors.Length; i++)
        {
            LogOffset stopAt = ends is null ? LogOffset.None : ends[i].Offset;
            LogOffset start = starts[i];
            if (!stopAt.IsNone && start > stopAt)
                start = await BeyondEndAsync(
                    client, topic, partitions[i], start, stopAt, options.OutOfRange, cancellationToken);
            cursors[i] = new PartitionCursor(topic, partitions[i], start, stopAt);
            if (committed is not null && !committed[i].Offset.IsNone)
                cursors[i].Finished = cursors[i].Committed = committed[i].Offset;
        }

        return cursors;
    }

    /// <summary>Where the group has committed, and at the position where it has not.</summary>
    private static async Task<IReadOnlyList<LogOffset>> StartsOfAsync(
        ClientCore client,
        IReadOnlyList<FetchOffsetsPartitionResponse> committed,
        TopicSnapshot topic,
        IReadOnlyList<PartitionId> partitions,
        StartPosition position,
        CancellationToken cancellationToken)
    {
        PartitionId[] fresh = [.. partitions.Where((_, i) => committed[i].Offset.IsNone)];
        var begun = new Queue<LogOffset>(fresh.Length == 0
            ? []
            : await OffsetsOfAsync(client, topic, fresh, position, cancellationToken));
        return [.. committed.Select(answer => answer.Offset.IsNone ? begun.Dequeue() : answer.Offset)];
    }

    /// <summary>The offset of a position in each of the partitions.</summary>
    public static async Task<IReadOnlyList<LogOffset>> OffsetsOfAsync(
        ClientCore client,
        TopicSnapshot topic,
        IReadOnlyList<PartitionId> partitions,
        StartPosition position,
        CancellationToken cancellationToken)
    {
        var offsets = new LogOffset[partitions.Count];
        if (position.Kind == StartKind.Offset)
        {
            Array.Fill(offsets, position.Offset);
            return offsets;
        }

        IReadOnlyList<PartitionOffset> found = await OffsetLookups.FindAsync(
            client, topic, partitions, position, cancellationToken);
        IReadOnlyList<PartitionOffset>? ends = null;
        for (int i = 0; i < offsets.Length; i++)
        {
            offsets[i] = found[i].Offset;
            if (!offsets[i].IsNone)
                continue;

            // No record is at or after the time: begin with the next one.
            ends ??= await OffsetLookups.FindAsync(client, topic, partitions, StartPosition.Latest, cancellationToken);
            offsets[i] = ends[i].Offset;
        }

        return offsets;
    }

    private static IReadOnlyList<PartitionId> PartitionsOf(TopicSnapshot topic, ConsumerAssignment assignment)
    {
        int count = topic.Partitions.Count;
        if (assignment.Partitions is not { } wanted)
            return [.. Enumerable.Range(0, count).Select(static number => new PartitionId(number))];
        foreach (PartitionId partition in wanted)
        {
            if ((uint)partition.Value >= (uint)count)
            {
                throw new FastLogException(
                    ErrorCode.UnknownPartition, $"{topic.Name} has no partition {partition}: it has {count}, from 0")
                {
                    Topic = topic.Name,
                    Partition = partition,
                };
            }
        }

        return wanted;
    }

    private static async Task<LogOffset> BeyondEndAsync(
        ClientCore client,
        TopicSnapshot topic,
        PartitionId partition,
        LogOffset start,
        LogOffset end,
        OutOfRangePolicy policy,
        CancellationToken cancellationToken)
    {
        if (policy == OutOfRangePolicy.Latest)
            return end;
        IReadOnlyList<PartitionOffset> first = await OffsetLookups.FindAsync(
            client, topic, [partition], StartPosition.Earliest, cancellationToken);
        if (policy == OutOfRangePolicy.Earliest)
            return first[0].Offset;
        throw OutOfRange(topic.Name, partition, start, first[0].Offset, end);
    }

    public static OffsetOutOfRangeException OutOfRange(
        string topic, PartitionId partition, LogOffset asked, LogOffset logStart, LogOffset end)
    {
        string range = logStart.IsNone || end.IsNone ? "unknown" : $"{logStart} to {end}";
        return new OffsetOutOfRangeException(
            $"{topic}/{partition}: offset {asked} is out of range: offsets {range} can be read", asked, logStart, end)
        {
            Topic = topic,
            Partition = partition,
        };
    }
}
