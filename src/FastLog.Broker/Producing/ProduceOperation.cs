using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;
using FastLog.Storage;
using FastLog.Transport;

namespace FastLog.Broker.Producing;

/// <summary>
/// One produce request: all its appends enter their partitions before <see cref="Run"/> returns, side by side; the last one
/// to end answers, on the thread that ended it. The frame, and with it the batches, is held until then. Pooled.
/// </summary>
internal sealed class ProduceOperation(BrokerServices services, ProduceOperationPool pool) : PendingRequest
{
    /// <summary>Parts that an operation in the pool keeps.</summary>
    private const int KeptParts = 64;

    private ProducePartitionRequest[] _wanted = [];
    private ProducePartitionResponse[] _outcomes = [];
    private ProducePart[] _parts = [];
    private ReadOnlyMemory<ProducePartitionRequest> _partitions;
    private ClientConnection? _connection;
    private InboundFrame? _frame;
    private ProduceAcks _acks;
    private int _unended;

    /// <summary>Reads and checks the request. The frame stays the caller's unless the answer is none.</summary>
    public RequestError TryRead(ClientConnection connection, InboundFrame frame, TimeSpan? timeLeft)
    {
        FrameHeader header = frame.Header;
        var reader = new WireReader(frame.Body.Span, header.PayloadSize);
        WireStatus status = ProduceCodec.TryRead(ref reader, ref _wanted, out ProduceRequest request);
        if (status != WireStatus.Ok)
            return RequestErrors.Malformed(header, status);
        RequestError error = Check(header, request);
        if (!error.IsNone)
            return error;
        Header = header;
        Deadline = WantsAnswer ? services.Ports.Clock.Now.Plus(Limit(request.Timeout, timeLeft)) : null;
        _acks = request.Acks;
        _partitions = request.Partitions;
        _connection = connection;
        _frame = frame;
        return RequestError.None;
    }

    /// <summary>Begins all appends. The operation may have ended, and be used again, when this returns.</summary>
    public void Run()
    {
        int count = _partitions.Length;
        Grow(count);
        _connection!.Ledger.Begin(this, Header.TotalSize);

        // One more than there are parts: the answer cannot go before all have begun.
        Volatile.Write(ref _unended, count + 1);
        AppendMode mode = _acks == ProduceAcks.All ? AppendMode.Confirmed : AppendMode.Unconfirmed;
        ReadOnlyMemory<byte> payload = _frame!.Payload;
        int at = 0;
        for (int i = 0; i < count; i++)
        {
            ProducePartitionRequest wanted = _partitions.Span[i];
            _parts[i].Begin(wanted.Partition, payload.Slice(at, wanted.PayloadSize), mode);
            at += wanted.PayloadSize;
            if (mode == AppendMode.Confirmed)
                mode = AppendMode.ConfirmedTogether;
        }

        PartEnded();
    }

    /// <summary>One part has its outcome. The last one answers.</summary>
    public void PartEnded()
    {
        if (Interlocked.Decrement(ref _unended) == 0)
            Finish();
    }

    /// <summary>Partitions in the request.</summary>
    public int PartCount => _partitions.Length;

    public void Ended(int part, in ProducePartitionResponse outcome)
    {
        _outcomes[part] = outcome;
        PartEnded();
    }

    public void Failed(Exception cause) => _connection!.Failed(Header, cause);

    internal void Reset()
    {
        _partitions = default;
        _connection = null;
        _frame = null;
        if (_parts.Length > KeptParts)
        {
            _parts = [];
            _outcomes = [];
        }

        if (_wanted.Length > KeptParts)
            _wanted = [];
        Array.Clear(_outcomes);
    }

    private void Finish()
    {
        ClientConnection connection = _connection!;
        long bytes = Header.TotalSize;
        if (connection.Ledger.TryTakeAnswer(this) && WantsAnswer)
            connection.Send(BuildAnswer());
        _frame!.Dispose();
        pool.Return(this);
        connection.Ledger.End(bytes);
    }

    private OutboundFrame BuildAnswer()
    {
        try
        {
            return Responses.Of(Header, new ProduceResponse(_outcomes.AsMemory(0, _partitions.Length)));
        }
#pragma warning disable CA1031 // Our own bug must not leave the partition's thread, nor the client without an answer.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            Failed(cause);
            return Responses.Error(Header, RequestErrors.Unexpected);
        }
    }

    private void Grow(int count)
    {
        if (_parts.Length >= count)
            return;
        int before = _parts.Length;
        Array.Resize(ref _parts, count);
        _outcomes = new ProducePartitionResponse[count];
        for (int i = before; i < count; i++)
            _parts[i] = new ProducePart(services, this, i);
    }

    private static TimeSpan Limit(TimeSpan timeout, TimeSpan? timeLeft)
    {
        TimeSpan limit = timeout == TimeSpan.Zero ? BrokerLimits.ProduceTimeoutDefault : timeout;
        if (timeLeft is { } left && left < limit)
            limit = left;
        return limit < BrokerLimits.RequestTimeoutMax ? limit : BrokerLimits.RequestTimeoutMax;
    }

    private RequestError Check(in FrameHeader header, in ProduceRequest request)
    {
        bool isOneWay = header.Kind == FrameKind.OneWay;
        if (isOneWay != (request.Acks == ProduceAcks.None))
            return new RequestError(ErrorCode.InvalidAcks, "acks=none goes in a one-way frame, the others in a request");
        if (services.IsStopping)
            return RequestErrors.ShuttingDown;
        ReadOnlySpan<ProducePartitionRequest> partitions = request.Partitions.Span;
        if (partitions.Length is 0 or > BrokerLimits.PartitionsPerRequestMax)
            return RequestChecks.PartitionCount(partitions.Length);
        foreach (ref readonly ProducePartitionRequest partition in partitions)
        {
            if (partition.PayloadSize == 0)
                return new RequestError(ErrorCode.InvalidRequest, $"partition {partition.Partition} has no batch");
        }

        return RequestChecks.AllDifferent(partitions, static partition => partition.Partition);
    }
}
