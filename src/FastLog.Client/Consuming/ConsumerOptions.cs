using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>What a consumer reads. Sizes are bytes.</summary>
public sealed record ConsumerOptions
{
    /// <summary>At least one.</summary>
    public required IReadOnlyList<ConsumerAssignment> Assignments { get; init; }

    /// <summary>
    /// Ends at the end that the partitions had when the consumer was made, instead of following for ever.
    /// </summary>
    public bool StopAtEnd { get; init; }

    /// <summary>
    /// Reads in the name of this group: begins where the group's last commit says, or at the assignment's start where nothing
    /// is committed. Null: no group. There is no membership yet: who reads what is up to the application.
    /// </summary>
    public string? GroupId { get; init; }

    /// <summary>
    /// With a group, commits what the application has done with every <see cref="AutoCommitInterval"/> and when the consumer is
    /// disposed: all that it was given before its latest call for more, or before <see cref="Consumer.CommitAsync(CancellationToken)"/>.
    /// So nothing is skipped after a crash, and some of it may be read again.
    /// </summary>
    public bool AutoCommit { get; init; } = true;

    /// <summary>More than zero.</summary>
    public TimeSpan AutoCommitInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Where to go on when the wanted offset is not in the log; null (default): that is an error.</summary>
    public OutOfRangePolicy OutOfRange { get; init; } = OutOfRangePolicy.Fail;

    /// <summary>
    /// Of one answer of a broker; a single larger batch still comes. 1 KiB to 64 MiB, less if the broker says so.
    /// </summary>
    public int FetchBytesMax { get; init; } = 8 << 20;

    /// <summary>Of one partition in one answer; a single larger batch still comes.</summary>
    public int FetchBytesPerPartitionMax { get; init; } = 2 << 20;

    /// <summary>The broker answers when it has so many bytes, or after <see cref="FetchWaitMax"/>. 1 or more.</summary>
    public int FetchBytesMin { get; init; } = 1;

    /// <summary>How long the broker may wait for records.</summary>
    public TimeSpan FetchWaitMax { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>For one attempt, on top of the wait; null: the client's.</summary>
    public TimeSpan? RequestTimeout { get; init; }

    /// <summary>Off, batches are taken without looking at their CRCs.</summary>
    public bool CheckCrc { get; init; } = true;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Assignments.Count, 1, nameof(Assignments));
        ArgumentOutOfRangeException.ThrowIfLessThan(FetchBytesMax, ClientLimits.BatchBytesMin, nameof(FetchBytesMax));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(FetchBytesMax, ClientLimits.FrameSizeMax, nameof(FetchBytesMax));
        ArgumentOutOfRangeException.ThrowIfLessThan(FetchBytesPerPartitionMax, 1, nameof(FetchBytesPerPartitionMax));
        ArgumentOutOfRangeException.ThrowIfLessThan(FetchBytesMin, 1, nameof(FetchBytesMin));
        ArgumentOutOfRangeException.ThrowIfLessThan(FetchWaitMax, TimeSpan.Zero, nameof(FetchWaitMax));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(AutoCommitInterval, TimeSpan.Zero, nameof(AutoCommitInterval));
        if (GroupId is { } group)
            ArgumentException.ThrowIfNullOrEmpty(group, nameof(GroupId));
        if (RequestTimeout is { } timeout)
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero, nameof(RequestTimeout));
    }
}

/// <summary>What a consumer does about an offset that is not in the log.</summary>
public enum OutOfRangePolicy
{
    /// <summary><see cref="OffsetOutOfRangeException"/>.</summary>
    Fail = 0,

    Earliest,

    Latest,
}

/// <summary>One topic, some or all of its partitions, and where to begin.</summary>
/// <param name="Partitions">Null: all that there are when the consumer is made.</param>
public sealed record ConsumerAssignment(
    string Topic, StartPosition Start, IReadOnlyList<PartitionId>? Partitions = null);
