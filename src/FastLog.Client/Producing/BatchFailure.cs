using FastLog.Primitives;
using FastLog.Protocol;

namespace FastLog.Client;

/// <summary>The kinds of <see cref="BatchFailure"/>.</summary>
internal enum FailureKind
{
    /// <summary>A broker said no.</summary>
    Refused = 0,

    /// <summary>No final answer in time.</summary>
    TimedOut,

    /// <summary>No broker could be reached in time.</summary>
    Unreachable,

    /// <summary>The connection ended before the answer, or the producer did.</summary>
    Abandoned,
}

/// <summary>Why a batch failed; each who asks gets an exception of his own.</summary>
internal sealed record BatchFailure(
    FailureKind Kind, ErrorCode Code, string Message, string? Broker, bool IsOutcomeUnknown)
{
    public FastLogException ToException(string topic, PartitionId partition)
    {
        string message = $"{topic}/{partition}: {Message}";
        return Kind switch
        {
            FailureKind.TimedOut => new RequestTimeoutException(message)
            {
                Broker = Broker,
                Topic = topic,
                Partition = partition,
                IsRetriable = true,
                IsOutcomeUnknown = IsOutcomeUnknown,
            },
            FailureKind.Unreachable => new ServerUnreachableException(message)
            {
                Broker = Broker,
                Topic = topic,
                Partition = partition,
                IsRetriable = true,
                IsOutcomeUnknown = IsOutcomeUnknown,
            },
            _ => new FastLogException(Code, message)
            {
                Broker = Broker,
                Topic = topic,
                Partition = partition,
                IsRetriable = Kind == FailureKind.Abandoned || Code.IsRetriable(),
                IsOutcomeUnknown = IsOutcomeUnknown,
            },
        };
    }
}
