using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Transport;

namespace FastLog.Broker.Fetching;

/// <summary>
/// One fetch: looks, and answers or waits in its partitions until one of them moves, its time is over, its connection
/// closes or the broker stops. Each of these is a signal; the thread whose signal comes first looks, also for those that
/// come meanwhile, so that no two look at once and no signal is lost. Not pooled: late signals may still reach it.
/// </summary>
internal sealed class FetchOperation : PendingRequest, IPartitionWaiter
{
    private readonly BrokerServices _services;
    private readonly ClientConnection _connection;
    private readonly FetchRequest _request;
    private readonly PartitionLeader?[] _leaders;
    private readonly FetchGathering _gathering;
    private int _signals;
    private bool _isParked;
    private bool _isDone;

    public FetchOperation(
        BrokerServices services, ClientConnection connection, in FrameHeader header, in FetchRequest request, TimeSpan wait)
    {
        _services = services;
        _connection = connection;
        _request = request;
        Header = header;
        MayWait = wait > TimeSpan.Zero && request.BytesMin > 0;
        Deadline = MayWait ? services.Ports.Clock.Now.Plus(wait) : null;
        _leaders = new PartitionLeader?[request.Partitions.Length];
        _gathering = new FetchGathering(services, connection.FetchTurn, request);
    }

    public override bool AnswersDeadline => true;

    private bool MayWait { get; }

    public void Start()
    {
        _connection.Ledger.Begin(this, Header.TotalSize);
        FindLeaders();
        Signal();
    }

    public override void Nudge() => Signal();

    public void Signal()
    {
        if (Interlocked.Increment(ref _signals) != 1)
            return;
        int seen = 1;
        do
        {
            if (!_isDone)
                LookGuarded();
            int left = Interlocked.Add(ref _signals, -seen);
            seen = left;
        }
        while (seen > 0);
    }

    private void FindLeaders()
    {
        ReadOnlySpan<FetchPartitionRequest> partitions = _request.Partitions.Span;
        for (int i = 0; i < _leaders.Length; i++)
        {
            if (_services.Topics.TryFind(partitions[i].Partition, out PartitionLeader? leader, out RequestError error))
                _leaders[i] = leader;
            else
                _gathering.Refuse(i, error);
        }
    }

    private void LookGuarded()
    {
        try
        {
            Look();
        }
#pragma warning disable CA1031 // Our own bug must not leave the appender's thread, nor the client without an answer.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            _gathering.Release();
            _connection.Failed(Header, cause);
            if (!_isDone)
                End(RequestErrors.Unexpected);
        }
    }

    private void Look()
    {
        if (_connection.Ledger.IsClosed)
        {
            End(null);
            return;
        }

        if (_services.IsStopping)
        {
            End(RequestErrors.ShuttingDown);
            return;
        }

        bool isEnough = _gathering.Gather(_leaders);
        if (isEnough || !MayWait || IsExpired)
            EndWithRecords();
        else
            Park();
    }

    private void Park()
    {
        _gathering.Release();
        if (_isParked)
            return;
        if (!_services.TryCountParkedFetch())
        {
            End(new RequestError(ErrorCode.Busy, $"{BrokerLimits.ParkedFetchesMax} fetches wait already; wait and retry"));
            return;
        }

        _isParked = true;
        foreach (PartitionLeader? leader in _leaders)
            leader?.Waiters.Enter(this);

        // A move between the look and the entry woke nobody: look once more. This runs inside of a look, so it only counts.
        Signal();
    }

    private void EndWithRecords()
    {
        OutboundFrame answer = _gathering.Build(Header);
        Leave();
        if (_connection.Ledger.TryTakeAnswer(this))
            _connection.Send(answer);
        else
            answer.Dispose();
        _connection.Ledger.End(Header.TotalSize);
    }

    private void End(RequestError? error)
    {
        Leave();
        bool mayAnswer = _connection.Ledger.TryTakeAnswer(this);
        if (mayAnswer && error is { } told)
            _connection.SendError(Header, told);
        _connection.Ledger.End(Header.TotalSize);
    }

    private void Leave()
    {
        _isDone = true;
        if (!_isParked)
            return;
        foreach (PartitionLeader? leader in _leaders)
            leader?.Waiters.Leave(this);
        _services.UncountParkedFetch();
    }
}
