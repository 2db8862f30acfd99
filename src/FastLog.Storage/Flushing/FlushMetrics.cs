namespace FastLog.Storage.Flushing;

/// <summary>Counters of one data directory's group commit. Any thread; each rises only, but for the last duration.</summary>
public sealed class FlushMetrics
{
    private long _directFlushes;
    private long _journalRounds;
    private long _fileFlushes;
    private long _flushedBytes;
    private long _carriedBytes;
    private long _lastDurationTicks;

    /// <summary>Flushes of one partition's own files.</summary>
    public long DirectFlushes => Volatile.Read(ref _directFlushes);

    /// <summary>Rounds that were written to the recovery log.</summary>
    public long JournalRounds => Volatile.Read(ref _journalRounds);

    /// <summary>All rounds, of both kinds.</summary>
    public long Rounds => DirectFlushes + JournalRounds;

    /// <summary>Calls of fdatasync, the recovery log's included.</summary>
    public long FileFlushes => Volatile.Read(ref _fileFlushes);

    /// <summary>Partition bytes that became durable.</summary>
    public long FlushedBytes => Volatile.Read(ref _flushedBytes);

    /// <summary>Those of them that a round carried.</summary>
    public long CarriedBytes => Volatile.Read(ref _carriedBytes);

    /// <summary>How long the last round of either kind took.</summary>
    public TimeSpan LastDuration => new(Volatile.Read(ref _lastDurationTicks));

    internal void DirectEnded(long bytes, TimeSpan duration)
    {
        Interlocked.Increment(ref _directFlushes);
        Interlocked.Add(ref _flushedBytes, bytes);
        Volatile.Write(ref _lastDurationTicks, duration.Ticks);
        StorageMetrics.RoundEnded(carried: false, bytes, duration);
    }

    internal void JournalEnded(long carriedBytes, TimeSpan duration)
    {
        Interlocked.Increment(ref _journalRounds);
        FilesFlushed(1);
        Interlocked.Add(ref _carriedBytes, carriedBytes);
        Interlocked.Add(ref _flushedBytes, carriedBytes);
        Volatile.Write(ref _lastDurationTicks, duration.Ticks);
        StorageMetrics.RoundEnded(carried: true, carriedBytes, duration);
    }

    internal void FilesFlushed(int count)
    {
        Interlocked.Add(ref _fileFlushes, count);
        StorageMetrics.FilesFlushed(count);
    }
}
