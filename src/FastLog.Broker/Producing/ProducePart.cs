using System.Runtime.CompilerServices;
using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Records;
using FastLog.Storage;

namespace FastLog.Broker.Producing;

/// <summary>One partition's append of a produce operation; used again with it.</summary>
internal sealed class ProducePart
{
    private readonly BrokerServices _services;
    private readonly ProduceOperation _operation;
    private readonly int _index;
    private readonly Action _appended;
    private ValueTaskAwaiter<AppendResult> _append;
    private PartitionLeader? _leader;
    private TopicPartition _partition;
    private Durability _durability;
    private int _size;

    public ProducePart(BrokerServices services, ProduceOperation operation, int index)
    {
        _services = services;
        _operation = operation;
        _index = index;
        _appended = Appended;
    }

    /// <summary>Enters the partition; the outcome is told to the operation, now or when the append ends.</summary>
    public void Begin(TopicPartition partition, ReadOnlyMemory<byte> batches, AppendMode mode)
    {
        _partition = partition;
        _size = batches.Length;
        if (!_services.Topics.TryFind(partition, out _leader, out RequestError error) ||
            !_leader.TryGetLog(out PartitionLog? log, out error))
        {
            if (_leader is not null)
                _services.Opener.Prioritize(_leader);
            Refuse(error);
            return;
        }

        if (_leader.Topic.IsInternal)
        {
            Refuse(RequestErrors.Internal(_leader.Topic.Topic.Name));
            return;
        }

        // Settings may change while it is appended: the less of before and after is what can be promised.
        _durability = mode != AppendMode.Unconfirmed ? _leader.Topic.Durability : Durability.PageCache;
        try
        {
#pragma warning disable CA2012 // Consumed once, by Appended; an await would allocate a state machine for each part.
            _append = log.AppendAsync(batches, mode).GetAwaiter();
#pragma warning restore CA2012
        }
#pragma warning disable CA1031 // Our own bug, at this partition: it fences itself; the request gets a typed error.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            Unexpected(cause);
            return;
        }

        if (_append.IsCompleted)
            Appended();
        else
            _append.UnsafeOnCompleted(_appended);
    }

    private void Appended()
    {
        AppendResult result;
        try
        {
            result = _append.GetResult();
        }
#pragma warning disable CA1031 // As above.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            Unexpected(cause);
            return;
        }

        _append = default;
        if (result.Status != AppendStatus.Ok)
        {
            Refuse(ErrorOf(result));
            return;
        }

        Durability durability = (Durability)Math.Min((int)_durability, (int)_leader!.Topic.Durability);
        _leader = null;
        BrokerMetrics.Produced(result.LastOffset.Value - result.BaseOffset.Value + 1, _size);
        _operation.Ended(_index, new ProducePartitionResponse(
            _partition, ErrorCode.None, "", result.BaseOffset, result.LastOffset, result.LogStart, durability));
    }

    private void Unexpected(Exception cause)
    {
        _operation.Failed(cause);
        Refuse(RequestErrors.Unexpected);
    }

    private void Refuse(in RequestError error)
    {
        _append = default;
        _leader = null;
        BrokerMetrics.Refused(ApiKey.Produce, error.Code);
        string message = RequestChecks.Sentence(error.Message, _operation.PartCount);
        _operation.Ended(_index, new ProducePartitionResponse(
            _partition, error.Code, message, LogOffset.None, LogOffset.None, LogOffset.None, Durability.None));
    }

    private RequestError ErrorOf(in AppendResult result)
    {
        switch (result.Status)
        {
            case AppendStatus.InvalidBatch when result.Reason == BatchStatus.CodecNotAvailable:
                return new RequestError(
                    ErrorCode.CodecNotAvailable,
                    "the topic's cleanup.policy is compact, and the broker lacks the batch's codec to look for keys; nothing was appended");
            case AppendStatus.InvalidBatch when result.Reason == BatchStatus.KeyMissing:
                return new RequestError(
                    ErrorCode.KeyMissing, "a record has no key, and the topic's cleanup.policy is compact; nothing was appended");
            case AppendStatus.InvalidBatch:
                return new RequestError(ErrorCode.InvalidBatch, $"a batch does not check: {result.Reason}; nothing was appended");
            case AppendStatus.TooLarge:
                int sizeMax = _leader!.Topic.Config.LogOptions.BatchSizeMax;
                return new RequestError(
                    ErrorCode.BatchTooLarge, $"a batch is larger than the topic's max.message.bytes={sizeMax}; nothing was appended");
            case AppendStatus.TimestampInvalid:
                return new RequestError(
                    ErrorCode.TimestampOutOfRange, "a batch's largest timestamp lies too far in the future, or before its first; nothing was appended");
            case AppendStatus.DiskFull:
                return new RequestError(ErrorCode.DiskFull, "the disk is full; nothing was appended: make room and retry");
            case AppendStatus.ReserveReached:
                return RequestErrors.ReserveReached(_leader!.Status.Log?.Space ?? default, "nothing was appended");
            case AppendStatus.Busy:
                return new RequestError(
                    ErrorCode.Busy, "too many other partitions are being appended to; nothing was appended: wait and retry");
            case AppendStatus.OutOfOrderSequence:
                return new RequestError(
                    ErrorCode.OutOfOrderSequence, "a batch's sequence does not follow its producer's last one; nothing was appended");
            case AppendStatus.ProducerFenced:
                return new RequestError(
                    ErrorCode.ProducerFenced, "a batch is of an older epoch of its producer than one in the log; nothing was appended");
            case AppendStatus.DuplicateSequence:
                return new RequestError(
                    ErrorCode.DuplicateSequence,
                    "a batch may be in the log already, or a part of several is: send them one by one; nothing was appended");
            case AppendStatus.Fenced:
                return new RequestError(
                    ErrorCode.LogFenced, $"the log takes no more records: {result.Fault?.Message ?? "a write or flush failed"}");
            default:
                return Closed();
        }
    }

    private RequestError Closed()
    {
        PartitionStatus status = _leader!.Status;
        return status.State == PartitionState.Deleted ? status.Error : RequestErrors.ShuttingDown;
    }
}
