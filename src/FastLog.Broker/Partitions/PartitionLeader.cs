using System.Diagnostics.CodeAnalysis;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Storage;

namespace FastLog.Broker.Partitions;

/// <summary>
/// A partition that this broker leads: its state, its log, who waits for it, and the rule for the high watermark.
/// Thread-safe.
/// </summary>
internal sealed class PartitionLeader : ILogObserver
{
    private readonly IBrokerLog _diagnostics;
    private readonly IClock _clock;
    private readonly Lock _gate = new();
    private PartitionStatus _status = PartitionStatus.Waiting;
    private MonotonicTime _failedAt;
    private int _settled;

    public PartitionLeader(TopicEntry topic, PartitionId partition, IClock clock, IBrokerLog diagnostics)
    {
        _clock = clock;
        Topic = topic;
        Id = new TopicPartition(topic.Topic.Id, partition);
        _diagnostics = diagnostics;
    }

    public TopicEntry Topic { get; }

    public TopicPartition Id { get; }

    public FetchWaiters Waiters { get; } = new();

    public PartitionStatus Status => Volatile.Read(ref _status);

    /// <summary>Consumers read below it. One replica: what it may show is what all in-sync replicas have.</summary>
    public static LogOffset HighWatermark(PartitionLog log) => log.ReadableEnd;

    public bool TryGetLog([NotNullWhen(true)] out PartitionLog? log, out RequestError error)
    {
        PartitionStatus status = Status;
        log = status.Log;
        error = status.Error;
        return log is not null;
    }

    /// <summary>Compares the epoch that a client has from metadata; none is not checked.</summary>
    public static RequestError CheckEpoch(LeaderEpoch known, PartitionLog log)
    {
        LeaderEpoch current = log.LeaderEpoch;
        if (known == LeaderEpoch.None || known == current)
            return RequestError.None;
        return known < current
            ? new RequestError(ErrorCode.FencedEpoch, $"leader epoch {known} is over; the current one is {current}: ask for metadata")
            : new RequestError(ErrorCode.UnknownEpoch, $"leader epoch {known} is not known here yet; the current one is {current}");
    }

    /// <summary>True when the caller is to open it now.</summary>
    public bool TryBeginOpening()
    {
        lock (_gate)
        {
            if (_status.State != PartitionState.Waiting)
                return false;
            Volatile.Write(ref _status, PartitionStatus.Opening);
            return true;
        }
    }

    /// <param name="log">Just opened.</param>
    /// <param name="options">What it was opened with; settings that changed meanwhile are taken over before it is served.</param>
    public async Task OpenedAsync(PartitionLog log, PartitionLogOptions options)
    {
        log.Subscribe(this);
        while (!TryServe(log, options))
        {
            options = Topic.Config.LogOptions;
            await log.ReconfigureAsync(options);
        }

        Waiters.Wake();
        foreach (LogDefect defect in log.Defects)
            _diagnostics.PartitionDamaged(Topic.Topic.Name, Id.Partition, defect);
    }

    public void OpenFailed(Exception cause)
    {
        lock (_gate)
            _failedAt = _clock.Now;
        Settle(PartitionStatus.Failed(ErrorOf(cause)));
        _diagnostics.PartitionFailed(Topic.Topic.Name, Id.Partition, cause);
    }

    /// <summary>Takes over the topic's settings; one that is not served yet does so before it is.</summary>
    public async Task ReconfigureAsync()
    {
        PartitionLog? log;
        lock (_gate)
            log = _status.Log;
        if (log is not null)
            await log.ReconfigureAsync(Topic.Config.LogOptions);
    }

    /// <summary>
    /// After a while, one that failed for want of disk space or by its device waits to be opened again, as after a start: true
    /// when it does now.
    /// </summary>
    public bool TryWaitAgain()
    {
        lock (_gate)
        {
            bool mayPass = _status is { State: PartitionState.Failed, Error.Code: ErrorCode.DiskFull or ErrorCode.LogFenced };
            if (!mayPass || _clock.Now.Since(_failedAt) < BrokerLimits.OpenRetryDelay)
                return false;
            Volatile.Write(ref _status, PartitionStatus.Waiting);
            return true;
        }
    }

    /// <summary>From here on every request gets UnknownTopicId, those that wait as well.</summary>
    public void Delete()
    {
        lock (_gate)
            Volatile.Write(ref _status, PartitionStatus.Deleted);
        Waiters.Wake();
    }

    /// <summary>Tells the topic that nothing more comes of opening it. Only the first call counts.</summary>
    public void SettleOnce()
    {
        if (Interlocked.Exchange(ref _settled, 1) == 0)
            Topic.PartitionSettled();
    }

    void ILogObserver.ReadableEndAdvanced(PartitionLog log) => Waiters.Wake();

    void ILogObserver.Faulted(PartitionLog log, StorageFault fault)
    {
        if (fault.Kind != StorageFaultKind.Deleted)
            _diagnostics.PartitionFenced(Topic.Topic.Name, Id.Partition, fault);
        Waiters.Wake();
    }

    private bool TryServe(PartitionLog log, PartitionLogOptions options)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(options, Topic.Config.LogOptions))
                return false;
            if (_status.State == PartitionState.Opening)
                Volatile.Write(ref _status, PartitionStatus.Serving(log));
            return true;
        }
    }

    // A topic deleted while its partition was opened stays deleted.
    private void Settle(PartitionStatus status)
    {
        lock (_gate)
        {
            if (_status.State == PartitionState.Opening)
                Volatile.Write(ref _status, status);
        }

        Waiters.Wake();
    }

    private static RequestError ErrorOf(Exception cause)
    {
        ErrorCode code = (cause as StorageException)?.Kind switch
        {
            StorageErrorKind.DiskFull => ErrorCode.DiskFull,
            StorageErrorKind.Damaged => ErrorCode.CorruptLog,
            StorageErrorKind.ForeignFormat => ErrorCode.CorruptLog,
            StorageErrorKind.ForeignIdentity => ErrorCode.CorruptLog,
            StorageErrorKind.Device => ErrorCode.LogFenced,
            StorageErrorKind.Closed => ErrorCode.ShuttingDown,
            _ => ErrorCode.UnknownServerError,
        };
        return new RequestError(code, $"the partition cannot be opened: {cause.Message}");
    }
}
