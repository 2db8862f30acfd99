using System.Net;
using FastLog.Primitives;
using FastLog.Transport;
using FastLog.Transport.Network;

namespace FastLog.Client;

/// <summary>One broker's address: its open connection, or the way to the next one with backoff. Thread-safe.</summary>
internal sealed class BrokerLink
{
    private readonly Lock _gate = new();
    private readonly ClientCore _core;
    private readonly EndPoint _endPoint;
    private BrokerConnection? _current;
    private Task<BrokerConnection>? _connecting;
    private MonotonicTime? _retryAt;
    private int _failures;
    private bool _isClosed;

    public BrokerLink(ClientCore core, string address)
    {
        _core = core;
        Address = address;
        _endPoint = ServerAddress.Parse(address);
    }

    public string Address { get; }

    /// <summary>The node that answered here last; none before the first hello.</summary>
    public NodeId Node { get; private set; } = NodeId.None;

    /// <summary>The open connection, or null.</summary>
    public BrokerConnection? Current
    {
        get
        {
            BrokerConnection? current = Volatile.Read(ref _current);
            return current is { IsOpen: true } ? current : null;
        }
    }

    /// <summary>Attempts that failed since the last success.</summary>
    public int Failures => Volatile.Read(ref _failures);

    /// <summary>
    /// The open connection, or one attempt at another, after the pause that earlier failures ask for.
    /// </summary>
    /// <exception cref="ServerUnreachableException">The attempt failed.</exception>
    public async ValueTask<BrokerConnection> GetAsync(CancellationToken cancellationToken)
    {
        if (Current is { } current)
            return current;
        Task<BrokerConnection> connecting;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(FastLogClient));
            if (_connecting is null || _connecting.IsCompleted)
                _connecting = ConnectAsync();
            connecting = _connecting;
        }

        return await connecting.WaitAsync(cancellationToken);
    }

    /// <summary>Breaks the connection and ends when it is closed; no other is made.</summary>
    public async Task CloseAsync()
    {
        Task<BrokerConnection>? connecting;
        lock (_gate)
        {
            _isClosed = true;
            connecting = _connecting;
        }

        BrokerConnection? last = _current;
        if (connecting is not null)
        {
            try
            {
                last = await connecting;
            }
            catch (Exception cause) when (
                cause is FastLogException or OperationCanceledException or ObjectDisposedException)
            {
                // Whoever asked for the connection was told.
            }
        }

        if (last is not null)
            await last.DisposeAsync();
    }

    private async Task<BrokerConnection> ConnectAsync()
    {
        await Task.Yield(); // started under the lock, which must not be held while connecting
        TimeSpan pause = _retryAt is { } at ? at.Since(_core.Ports.Clock.Now) : TimeSpan.Zero;
        if (pause > TimeSpan.Zero)
            await _core.Ports.Timers.DelayAsync(pause, _core.Stopping);
        try
        {
            BrokerConnection connection = await BrokerConnection.OpenAsync(
                Address, _endPoint, _core.Network, _core.Options, _core.Ports, OnClosed, _core.Stopping);
            Node = connection.Hello.NodeId;
            lock (_gate)
                _failures = 0;
            Volatile.Write(ref _current, connection);
            _core.Metrics.ConnectionsOpened.Add(1);
            _core.Log(
                ClientLogLevel.Information,
                $"connected to {Address}: node {Node}, {connection.Hello.ServerName} {connection.Hello.ServerVersion}");
            return connection;
        }
        catch (Exception cause) when (cause is NetworkException or FastLogException)
        {
            int failures;
            lock (_gate)
            {
                failures = ++_failures;
                _retryAt = _core.Ports.Clock.Now.Plus(_core.Backoff.After(failures));
            }

            _core.Log(
                failures == 1 ? ClientLogLevel.Warning : ClientLogLevel.Debug,
                $"no connection to {Address}: {cause.Message}");
            bool isRefused = cause is FastLogException { Code: not Protocol.ErrorCode.None, IsRetriable: false };
            if (isRefused && cause is not RequestTimeoutException)
                throw;
            throw new ServerUnreachableException($"cannot reach {Address}: {cause.Message}", cause)
            {
                Broker = Address,
                IsRetriable = true,
            };
        }
    }

    private void OnClosed(BrokerConnection connection, CloseReason reason)
    {
        lock (_gate)
            _retryAt = _core.Ports.Clock.Now.Plus(_core.Backoff.After(1));
        if (reason.Kind == CloseKind.Requested)
            return;
        _core.Metrics.ConnectionsLost.Add(1);
        _core.Log(ClientLogLevel.Warning, $"the connection to {connection.Address} ended: {reason.Details}");
    }
}
