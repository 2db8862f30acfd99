using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>How far the reading of one assigned partition is. All that changes is under the consumer's lock.</summary>
internal sealed class PartitionCursor(TopicSnapshot snapshot, PartitionId partition, LogOffset start, LogOffset stopAt)
{
    public PartitionId Partition { get; } = partition;

    public string Topic => Snapshot.Name;

    public TopicSnapshot Snapshot { get; set; } = snapshot;

    /// <summary>Where reading ends (exclusive); none when it follows.</summary>
    public LogOffset StopAt { get; } = stopAt;

    /// <summary>The next offset to ask for.</summary>
    public LogOffset FetchOffset { get; set; } = start;

    /// <summary>The next offset to give out.</summary>
    public LogOffset Position { get; set; } = start;

    /// <summary>Leader epoch of the batch before <see cref="FetchOffset"/>; none when it was not read here.</summary>
    public LeaderEpoch LastEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>After the last record that was given out; none before the first one.</summary>
    public LogOffset Handed { get; set; } = LogOffset.None;

    public LeaderEpoch HandedEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>
    /// The next offset for the group: what was given out before the application came back for more. None before that.
    /// </summary>
    public LogOffset Finished { get; set; } = LogOffset.None;

    public LeaderEpoch FinishedEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>What the group's commit of this consumer said last.</summary>
    public LogOffset Committed { get; set; } = LogOffset.None;

    public LogOffset LogStart { get; set; } = LogOffset.None;

    public LogOffset HighWatermark { get; set; } = LogOffset.None;

    /// <summary>Rises with each seek: answers to earlier questions are dropped.</summary>
    public int Generation { get; set; }

    /// <summary>Runs received and not given out.</summary>
    public int Undelivered { get; set; }

    /// <summary>An error waits to be thrown; until then nothing is asked.</summary>
    public bool IsFailed { get; set; }

    /// <summary>Metadata must be asked again before the leader is believed.</summary>
    public bool IsStale { get; set; }

    public BrokerFetcher? Fetcher { get; set; }

    public MonotonicTime? RetryAt { get; set; }

    public MonotonicTime? FailingSince { get; set; }

    public int Failures { get; set; }

    /// <summary>All that is wanted was received.</summary>
    public bool IsAtEnd => !StopAt.IsNone && FetchOffset >= StopAt;

    /// <summary>All that is wanted was given out.</summary>
    public bool IsDone => IsAtEnd && Undelivered == 0 && !IsFailed;

    /// <summary>The application has done with what it was given.</summary>
    public void Finish()
    {
        if (Handed.IsNone)
            return;
        Finished = Handed;
        FinishedEpoch = HandedEpoch;
    }

    public void Succeeded()
    {
        Failures = 0;
        FailingSince = null;
        RetryAt = null;
    }

    /// <summary>Goes on at another offset; what was received and asked before is not wanted any more.</summary>
    public void MoveTo(LogOffset offset)
    {
        Generation++;
        FetchOffset = offset;
        Position = offset;
        Handed = offset;
        HandedEpoch = LeaderEpoch.None;
        LastEpoch = LeaderEpoch.None;
        Undelivered = 0;
        IsFailed = false;
        Succeeded();
    }
}
