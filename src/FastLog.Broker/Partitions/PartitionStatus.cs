using FastLog.Protocol;
using FastLog.Storage;

namespace FastLog.Broker.Partitions;

/// <summary>What a partition can do now.</summary>
internal enum PartitionState
{
    /// <summary>Its turn to be opened has not come.</summary>
    Waiting,

    /// <summary>It is being made or recovered.</summary>
    Opening,

    Serving,

    /// <summary>It could not be opened.</summary>
    Failed,

    /// <summary>Its topic was deleted.</summary>
    Deleted,
}

/// <summary>A partition's state with its log, or with what a request gets instead. Immutable.</summary>
internal sealed record PartitionStatus(PartitionState State, PartitionLog? Log, RequestError Error)
{
    public static readonly PartitionStatus Waiting = new(
        PartitionState.Waiting, null, new RequestError(ErrorCode.NotReady, "the partition waits to be recovered; retry"));

    public static readonly PartitionStatus Opening = new(
        PartitionState.Opening, null, new RequestError(ErrorCode.NotReady, "the partition is being recovered; retry"));

    public static readonly PartitionStatus Deleted = new(
        PartitionState.Deleted, null, new RequestError(ErrorCode.UnknownTopicId, "the topic was deleted"));

    public static PartitionStatus Serving(PartitionLog log) => new(PartitionState.Serving, log, RequestError.None);

    public static PartitionStatus Failed(RequestError error) => new(PartitionState.Failed, null, error);
}

/// <summary>Why a request, or one partition of it, is refused.</summary>
internal readonly record struct RequestError(ErrorCode Code, string Message)
{
    public static readonly RequestError None = new(ErrorCode.None, "");

    public bool IsNone => Code == ErrorCode.None;
}
