using FastLog.Client;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;

namespace FastLog.Torture;

/// <summary>Reads a whole topic and tells the history what is there.</summary>
internal static class StormReader
{
    /// <summary>Reads each partition from its start to the end it has now.</summary>
    /// <param name="reader">A number not used before: each pass is a reader of its own.</param>
    /// <returns>Values whose bytes are not what was sent, in words.</returns>
    public static async Task<IReadOnlyList<string>> ReadAllAsync(
        FastLogClient client, string topic, int reader, HistoryChecker history, CancellationToken cancellationToken)
    {
        IReadOnlyList<PartitionOffset> starts = await client.Admin.ListOffsetsAsync(topic, StartPosition.Earliest, cancellationToken);
        IReadOnlyList<PartitionOffset> ends = await client.Admin.ListOffsetsAsync(topic, StartPosition.Latest, cancellationToken);
        var torn = new List<string>();
        var read = new Dictionary<PartitionId, LogOffset>();
        await using Consumer consumer = await client.CreateConsumerAsync(
            new ConsumerOptions { Assignments = [new ConsumerAssignment(topic, StartPosition.Earliest)], StopAtEnd = true },
            cancellationToken);
        while (await consumer.NextBatchAsync(cancellationToken) is { } batch)
        {
            using (batch)
                Walk(batch, reader, history, torn, read);
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
