using FastLog.Primitives;
using FastLog.Storage.Flushing;

namespace FastLog.Storage;

/// <summary>How a data directory is opened.</summary>
public sealed record LogDirectoryOptions
{
    /// <summary>This broker's number; kept in a new directory, compared with an old one.</summary>
    public required NodeId NodeId { get; init; }

    /// <summary>The cluster it belongs to; <see cref="Uid128.None"/>: a new directory makes one, an old one's is taken.</summary>
    public Uid128 ClusterId { get; init; }

    public FlushOptions Flush { get; init; } = new();

    public CompactionOptions Compaction { get; init; } = new();

    /// <summary>Bytes a second that the scrubber reads at most; 0: it does not run by itself.</summary>
    public long ScrubRate { get; init; } = 10L << 20;

    /// <summary>Between two rounds of the scrubber over all partitions.</summary>
    public TimeSpan ScrubInterval { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Bytes of the file system that are kept free: below it appends are refused; 0: none.</summary>
    public long FreeReserve { get; init; }

    /// <summary>False: no file is used again or prepared ahead; to measure what that gains.</summary>
    public bool RecyclesSegments { get; init; } = true;

    /// <summary>Logs that stay open for appends while they rest, 1 or more.</summary>
    public int WarmLogsMax { get; init; } = StorageLimits.WarmLogsMax;

    /// <summary>Hears what an operator should know; from any thread, must be short.</summary>
    public Action<StorageEvent>? OnEvent { get; init; }
}

/// <summary>One partition log's settings, from its topic.</summary>
public sealed record PartitionLogOptions
{
    public FlushPolicy Flush { get; init; } = FlushPolicy.Ack;

    /// <summary>A segment is rolled before it would grow past this many bytes.</summary>
    public long SegmentSizeMax { get; init; } = 1L << 30;

    /// <summary>A segment is rolled by the first append that comes this long after its first one.</summary>
    public TimeSpan SegmentAgeMax { get; init; } = TimeSpan.FromDays(7);

    /// <summary>A segment goes when its last append was this long ago; null: never for its age.</summary>
    public TimeSpan? RetentionAgeMax { get; init; }

    /// <summary>The first segments go while the others hold at least this many bytes; null: never for the size.</summary>
    public long? RetentionSizeMax { get; init; }

    /// <summary>The largest batch, header included.</summary>
    public int BatchSizeMax { get; init; } = (1 << 20) + 12;

    /// <summary>How far ahead of the clock a record's timestamp may lie.</summary>
    public TimeSpan TimestampAheadMax { get; init; } = Records.RecordLimits.TimestampAheadDefaultMax;

    /// <summary>How the log is compacted by key; null when it is not.</summary>
    public CompactionPolicy? Compaction { get; init; }

    /// <summary>True: appends are taken also when the directory's free reserve is reached; for the broker's own small logs.</summary>
    public bool MayUseReserve { get; init; }

    /// <summary>A producer that is not heard for this long is forgotten.</summary>
    public TimeSpan ProducerExpiration { get; init; } = TimeSpan.FromDays(1);

    /// <exception cref="StorageException">A value is outside of its range: the message names it.</exception>
    internal void Check(string path)
    {
        Compaction?.Check(path);
        Require(
            SegmentSizeMax is >= StorageLimits.SegmentSizeMin and <= StorageLimits.SegmentSizeMax,
            path, $"segment size {SegmentSizeMax} is not within {StorageLimits.SegmentSizeMin}..{StorageLimits.SegmentSizeMax}");
        Require(SegmentAgeMax > TimeSpan.Zero, path, $"segment age {SegmentAgeMax} is not positive");
        Require(RetentionAgeMax is null || RetentionAgeMax >= TimeSpan.Zero, path, $"retention age {RetentionAgeMax} is negative");
        Require(RetentionSizeMax is null or >= 0, path, $"retention size {RetentionSizeMax} is negative");
        Require(
            BatchSizeMax is >= Records.BatchHeaderLayout.HeaderSize and <= StorageLimits.BatchSizeMax,
            path, $"batch size {BatchSizeMax} is not within 61..{StorageLimits.BatchSizeMax}");
        Require(ProducerExpiration > TimeSpan.Zero, path, $"producer expiration {ProducerExpiration} is not positive");
        Require(TimestampAheadMax >= TimeSpan.Zero, path, $"timestamp bound {TimestampAheadMax} is negative");
    }

    private static void Require(bool condition, string path, string message)
    {
        if (!condition)
            throw new StorageException(StorageErrorKind.InvalidArgument, path, message);
    }
}
