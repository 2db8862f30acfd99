namespace FastLog.Storage;

/// <summary>The named limits of the storage engine.</summary>
public static class StorageLimits
{
    /// <summary>Smallest segment: the header and one small batch.</summary>
    public const long SegmentSizeMin = 8 << 10;

    /// <summary>Largest segment file; positions inside of it fit 31 bits.</summary>
    public const long SegmentSizeMax = int.MaxValue - (64L << 10);

    /// <summary>Largest size of one batch that a topic may allow.</summary>
    public const int BatchSizeMax = 64 << 20;

    /// <summary>Largest sum of the batches of one append.</summary>
    public const int AppendSizeMax = 128 << 20;

    /// <summary>Most batches in one append.</summary>
    public const int AppendBatchesMax = 65_536;

    /// <summary>Between two looks at the free space of a directory that keeps a reserve.</summary>
    public static readonly TimeSpan SpaceLookInterval = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of one gathered write; more staged appends go into the next one.</summary>
    public const int GatheredWriteBytesMax = 4 << 20;

    /// <summary>Buffers in one gathered write (the system's limit is 1,024).</summary>
    public const int GatheredWriteBuffersMax = 512;

    /// <summary>
    /// First step in which a segment's blocks are reserved ahead of the log end; it doubles. Small: a directory of 10,000
    /// partitions with a record each reserves it that often.
    /// </summary>
    public const long AllocateAheadMin = 64 << 10;

    /// <summary>Largest step in which a segment's blocks are reserved ahead of the log end.</summary>
    public const long AllocateAheadMax = 64 << 20;

    /// <summary>Step in which index blocks are reserved and mapped.</summary>
    public const int IndexStep = 64 << 10;

    /// <summary>Largest index file that is read; a larger one is rebuilt.</summary>
    public const int IndexSizeMax = 64 << 20;

    /// <summary>Bytes between two entries of the offset index, at least.</summary>
    public const int IndexInterval = 4 << 10;

    /// <summary>Sealed segments of one data directory whose files are open at once, beyond those with readers.</summary>
    public const int OpenSegmentsMax = 256;

    /// <summary>Logs of one data directory that stay open for appends while they rest; each takes 3 files and 2 mappings.</summary>
    public const int WarmLogsMax = 1_024;

    /// <summary>At so many times <see cref="WarmLogsMax"/> also logs that do not rest are closed before another is opened.</summary>
    public const int WarmExcess = 2;

    /// <summary>A log that was not appended to for so long rests.</summary>
    public static readonly TimeSpan WarmRestMin = TimeSpan.FromSeconds(1);

    /// <summary>Logs whose files are being closed for the sake of others at once.</summary>
    public const int CoolingAtOnceMax = 16;

    /// <summary>Bytes of cut files that one partition keeps; the oldest are deleted first.</summary>
    public const long CutBytesMax = 64 << 20;

    /// <summary>Largest epoch history that is kept, in entries; the oldest go first.</summary>
    public const int EpochEntriesMax = 65_536;

    /// <summary>Batches of one producer that a partition remembers: a duplicate of one of them gets its offset.</summary>
    public const int ProducerWindow = 64;

    /// <summary>Producers that one partition remembers; the one heard longest ago goes first.</summary>
    public const int ProducersMax = 10_000;

    /// <summary>Bytes that a start would read of a partition's batch headers, after which its producers are written down anew.</summary>
    public const long ProducerSnapshotBytes = 16 << 20;

    /// <summary>The same of all partitions of a data directory; above it each one that has more than its share is due.</summary>
    public const long ProducerSnapshotBytesOfAll = 32 << 20;

    /// <summary>No partition is due for the sake of the others before it has so many.</summary>
    public const long ProducerSnapshotBytesMin = 64 << 10;

    /// <summary>Snapshots of its producers that a partition writes without a flush before one with it: what a power cut costs.</summary>
    public const int ProducerSnapshotsUnflushedMax = 3;

    /// <summary>Snapshots of producers of one data directory that are written at once; more wait, so that flushes do not.</summary>
    public const int ProducerSnapshotsAtOnceMax = 2;

    /// <summary>The longest idle time of a producer that a snapshot may tell, in milliseconds: a hundred years.</summary>
    public const long ProducerIdleMsMax = 36_525L * 24 * 3600 * 1000;

    /// <summary>Look-ups by time of one data directory that read at once; more wait, so that flushes do not.</summary>
    public const int LookupsAtOnceMax = 2;

    /// <summary>Blocking calls of background passes of one data directory at once.</summary>
    public const int MaintenanceAtOnceMax = 1;

    /// <summary>A log that filled a segment within this time has a file ready for the next one, for as long.</summary>
    public static readonly TimeSpan RollsOftenMax = TimeSpan.FromMinutes(10);

    /// <summary>Between two rounds of retention over all logs; it is also asked for when a log grows past its size.</summary>
    public static readonly TimeSpan RetentionInterval = TimeSpan.FromMinutes(1);

    /// <summary>How much of the time between two lives counts for retention at most: more may be a clock that is wrong.</summary>
    public static readonly TimeSpan DowntimeCountedMax = TimeSpan.FromDays(1);

    /// <summary>When a pass looks again at a log whose segments another one was changing.</summary>
    public static readonly TimeSpan MaintenanceRetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Read window of a walk over batch headers.</summary>
    public const int WalkWindow = 64 << 10;

    /// <summary>Most bytes of one read; a first batch that is larger is given whole.</summary>
    public const int ReadSizeMax = 64 << 20;

    /// <summary>Longest topic name.</summary>
    public const int TopicNameLengthMax = 249;

    /// <summary>Damaged ranges of one partition that are kept in mind; more are told, and found again by the next read.</summary>
    public const int DefectsMax = 4_096;

    /// <summary>Bytes that the scrubber reads at once, before it gives the others their turn.</summary>
    public const long ScrubStep = 1 << 20;

    /// <summary>Observers of one partition log.</summary>
    public const int ObserversMax = 64;

    /// <summary>Smallest key map of a compaction: some dozens of keys a pass.</summary>
    public const long CompactionMapBytesMin = 1 << 10;

    /// <summary>Slowest compaction, in bytes read and written a second.</summary>
    public const long CompactionBytesPerSecondMin = 64 << 10;
}
