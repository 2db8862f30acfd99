using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Records;
using FastLog.Simulator;

namespace FastLog.Torture;

/// <summary>Reads a whole topic and tells the history what is there.</summary>
internal static class StormReader
{
    private const int PassesMax = 20;
    private static readonly TimeSpan RetentionPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Reads each partition from its start to the end it has now; once more while retention moved a start meanwhile.</summary>
    /// <param name="reader">A number not used before; each pass counts as a reader of its own, since it begins anew.</param>
    /// <returns>Values whose bytes are not what was sent, in words.</returns>
    public static async Task<IReadOnlyList<string>> ReadAllAsync(
        FastLogClient client, string topic, int reader, HistoryChecker history, CancellationToken cancellationToken)
    {
        for (int pass = 1; ; pass++)
        {
            IReadOnlyList<PartitionOffset> starts = await StartsAsync();
            IReadOnlyList<PartitionOffset> ends = await client.Admin.ListOffsetsAsync(topic, StartPosition.Latest, cancellationToken);
            (Dictionary<PartitionId, LogOffset>? read, List<string> torn) = await TryReadAsync(
                client, topic, (reader * PassesMax) + pass, history, cancellationToken);
            if (read is null || !starts.SequenceEqual(await StartsAsync()))
            {
                if (pass == PassesMax)
                    throw new TimeoutException($"the log starts of '{topic}' do not come to rest");
                await Task.Delay(RetentionPause, cancellationToken);
                continue;
            }

            foreach (PartitionOffset start in starts)
            {
                // A request whose producer gave up may still be appended between the look-up and the read.
                LogOffset end = ends.Single(offset => offset.Partition == start.Partition).Offset;
                LogOffset readEnd = read.GetValueOrDefault(start.Partition, start.Offset);
                history.ReadComplete(start.Partition, start.Offset, readEnd > end ? readEnd : end);
            }

            return torn;
        }

        async Task<IReadOnlyList<PartitionOffset>> StartsAsync() =>
            await client.Admin.ListOffsetsAsync(topic, StartPosition.Earliest, cancellationToken);
    }

    /// <summary>Records below the log starts of a topic.</summary>
    public static async Task<long> DeletedAsync(FastLogClient client, string topic, CancellationToken cancellationToken) =>
        (await client.Admin.ListOffsetsAsync(topic, StartPosition.Earliest, cancellationToken)).Sum(start => start.Offset.Value);

    /// <summary>No places read to when retention took away what was about to be read.</summary>
    private static async Task<(Dictionary<PartitionId, LogOffset>? Read, List<string> Torn)> TryReadAsync(
        FastLogClient client, string topic, int reader, HistoryChecker history, CancellationToken cancellationToken)
    {
        var torn = new List<string>();
        var read = new Dictionary<PartitionId, LogOffset>();
        await using Consumer consumer = await client.CreateConsumerAsync(
            new ConsumerOptions { Assignments = [new ConsumerAssignment(topic, StartPosition.Earliest)], StopAtEnd = true },
            cancellationToken);
        try
        {
            while (await consumer.NextBatchAsync(cancellationToken) is { } batch)
            {
                using (batch)
                    Walk(batch, reader, history, torn, read);
            }

            return (read, torn);
        }
        catch (FastLogException failure) when (failure.Code == ErrorCode.OffsetOutOfRange)
        {
            return (null, torn);
        }
    }

    private static void Walk(
        ConsumedBatch batch, int reader, HistoryChecker history, List<string> torn, Dictionary<PartitionId, LogOffset> read)
    {
        foreach (ref readonly RecordReader record in batch)
        {
            if (StormValue.TryRead(record.Value.Span, out ulong value))
                history.Read(reader, batch.Partition, record.Offset, value);
            else
                torn.Add($"partition {batch.Partition} offset {record.Offset}: the value is none that was sent");
            read[batch.Partition] = record.Offset.Next();
        }
    }
}
