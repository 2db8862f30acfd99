using FastLog.Primitives;
using FastLog.Protocol;

namespace FastLog.Client;

/// <summary>
/// An operation failed: a broker refused it, or it did not come about. Says what, why and whether a retry helps.
/// </summary>
public class FastLogException : Exception
{
    public FastLogException(ErrorCode code, string message, Exception? inner = null)
        : base(message, inner) => Code = code;

    /// <summary>The broker's code; <see cref="ErrorCode.None"/> when no broker answered.</summary>
    public ErrorCode Code { get; }

    /// <summary>The same call may succeed later.</summary>
    public bool IsRetriable { get; init; }

    /// <summary>The broker that was asked, HOST:PORT; null when none was.</summary>
    public string? Broker { get; init; }

    public string? Topic { get; init; }

    public PartitionId? Partition { get; init; }

    /// <summary>The request was sent and its answer never came: whether it took effect is not known.</summary>
    public bool IsOutcomeUnknown { get; init; }
}

/// <summary>No broker could be reached.</summary>
public sealed class ServerUnreachableException(string message, Exception? inner = null)
    : FastLogException(ErrorCode.None, message, inner);

/// <summary>A broker was reached, but there was no answer, or no final one, in time.</summary>
public sealed class RequestTimeoutException(string message, Exception? inner = null)
    : FastLogException(ErrorCode.DeadlineExceeded, message, inner);

/// <summary>The offset that was asked for is not in the log, and no policy says where to go instead.</summary>
public sealed class OffsetOutOfRangeException(string message, LogOffset asked, LogOffset logStart, LogOffset logEnd)
    : FastLogException(ErrorCode.OffsetOutOfRange, message)
{
    public LogOffset Asked { get; } = asked;

    /// <summary>First readable offset; none when not known.</summary>
    public LogOffset LogStart { get; } = logStart;

    /// <summary>End of what is readable (exclusive); none when not known.</summary>
    public LogOffset LogEnd { get; } = logEnd;
}

/// <summary>
/// The log does not hold what was read before: records at and above <see cref="EpochEnd"/> were lost and others may be
/// in their place.
/// </summary>
public sealed class LogTruncatedException(string message, LeaderEpoch divergingEpoch, LogOffset epochEnd)
    : FastLogException(ErrorCode.LogTruncated, message)
{
    /// <summary>The largest leader epoch that what was read and the log may share.</summary>
    public LeaderEpoch DivergingEpoch { get; } = divergingEpoch;

    /// <summary>Where that epoch ends in the log.</summary>
    public LogOffset EpochEnd { get; } = epochEnd;
}

/// <summary>
/// A batch is damaged, in the log or on its way: a checksum or a structure is wrong. Asking again may give it whole; a
/// reader that would rather lose it seeks to <see cref="ResumeAt"/>.
/// </summary>
public sealed class CorruptBatchException(string message, LogOffset at)
    : FastLogException(ErrorCode.CorruptLog, message)
{
    /// <summary>The first offset that could not be read.</summary>
    public LogOffset At { get; } = at;

    /// <summary>The first offset behind the damage; none when not known.</summary>
    public LogOffset ResumeAt { get; init; } = LogOffset.None;
}
