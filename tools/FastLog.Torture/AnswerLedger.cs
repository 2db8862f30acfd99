using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Records;

namespace FastLog.Torture;

/// <summary>
/// What batches were sent and what offsets they were answered with, as seen on the wire: a batch that is sent again must be
/// told the same offset each time. Thread-safe.
/// </summary>
internal sealed class AnswerLedger
{
    private readonly Lock _gate = new();
    private readonly HashSet<(TopicPartition Partition, BatchProducer Numbers)> _sent = [];
    private readonly Dictionary<(TopicPartition Partition, BatchProducer Numbers), LogOffset> _answered = [];
    private readonly List<string> _violations = [];
    private long _retries;
    private long _repeatedAnswers;
    private long _refusals;

    /// <summary>Batches that were sent again.</summary>
    public long Retries => Volatile.Read(ref _retries);

    /// <summary>Answers to batches that had been answered before: all with the same offset, or there is a violation.</summary>
    public long RepeatedAnswers => Volatile.Read(ref _repeatedAnswers);

    /// <summary>Answers with an error.</summary>
    public long Refusals => Volatile.Read(ref _refusals);

    public IReadOnlyList<string> Violations
    {
        get
        {
            lock (_gate)
                return [.. _violations];
        }
    }

    /// <summary>A produce request goes to the broker.</summary>
    /// <returns>Its batches, for <see cref="Answered"/>.</returns>
    public IReadOnlyList<SentRun> Sent(in ProduceRequest request, ReadOnlySpan<byte> payload)
    {
        var runs = new List<SentRun>();
        foreach (ProducePartitionRequest part in request.Partitions.Span)
        {
            var batches = new List<(BatchProducer Numbers, int Records)>();
            var reader = new BatchReader(payload[..part.PayloadSize], BatchCheck.Structure);
            while (reader.Read())
                batches.Add((reader.Header.Producer, reader.Header.RecordCount));
            payload = payload[part.PayloadSize..];
            runs.Add(new SentRun(part.Partition, batches));
        }

        lock (_gate)
        {
            foreach (SentRun run in runs)
            {
                foreach ((BatchProducer numbers, _) in run.Batches)
                {
                    if (!_sent.Add((run.Partition, numbers)))
                        _retries++;
                }
            }
        }

        return runs;
    }

    /// <summary>The broker answered it, whether or not the client will hear of it.</summary>
    public void Answered(IReadOnlyList<SentRun> runs, in ProduceResponse response)
    {
        lock (_gate)
        {
            for (int i = 0; i < runs.Count; i++)
            {
                ProducePartitionResponse part = response.Partitions.Span[i];
                if (part.Error != ErrorCode.None)
                    _refusals++;
                else
                    Note(runs[i], part.BaseOffset);
            }
        }
    }

    private void Note(SentRun run, LogOffset offset)
    {
        foreach ((BatchProducer numbers, int records) in run.Batches)
        {
            if (_answered.TryAdd((run.Partition, numbers), offset))
            {
                offset = offset.Plus(records);
                continue;
            }

            _repeatedAnswers++;
            LogOffset former = _answered[(run.Partition, numbers)];
            if (former != offset)
                _violations.Add($"partition {run.Partition.Partition}: {numbers} was told {former} first and {offset} later");
            offset = offset.Plus(records);
        }
    }
}

/// <summary>One partition's batches of a produce request.</summary>
internal readonly record struct SentRun(TopicPartition Partition, IReadOnlyList<(BatchProducer Numbers, int Records)> Batches);
