using System.Net;
using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Transport;

/// <summary>Accepts connections and runs a handler on each until it is stopped. Thread-safe.</summary>
public sealed class Server : IAsyncDisposable
{
    /// <summary>After an accept that failed: longer than a burst of such, short for a peer.</summary>
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(50);

    /// <summary>How long a disposed server lets its handlers finish.</summary>
    private static readonly TimeSpan DisposeLimit = TimeSpan.FromSeconds(1);

    private static readonly CloseReason Stopped = new(CloseKind.Stopping, "the server stops");

    private readonly Lock _gate = new();
    private readonly IListener _listener;
    private readonly FrameHandlerFactory _factory;
    private readonly ServerOptions _options;
    private readonly FrameConnectionOptions _frames;
    private readonly RuntimePorts _ports;
    private readonly ITransportLog _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SortedDictionary<long, Served> _served = [];
    private readonly Dictionary<IPAddress, int> _perAddress = [];
    private readonly Task _accepting;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _stop;
    private bool _isStopping;
    private long _nextId;

    private Server(
        IListener listener, FrameHandlerFactory factory, ServerOptions options, RuntimePorts ports, ITransportLog log)
    {
        _listener = listener;
        _factory = factory;
        _options = options;
        _ports = ports;
        _log = log;
        _frames = options.Frames with
        {
            Budget = options.Frames.Budget ?? new InboundBudget(),
            Watch = options.Frames.Watch ?? new DeadlineWatch(ports),
        };
        _accepting = AcceptAsync();
    }

    /// <summary>The address in use, with the port that was picked.</summary>
    public EndPoint LocalAddress => _listener.LocalAddress;

    public int ConnectionCount
    {
        get
        {
            lock (_gate)
                return _served.Count;
        }
    }

    /// <summary>Listens and begins to accept.</summary>
    /// <exception cref="NetworkException">The address is in use or not one of this machine.</exception>
    public static Server Start(
        INetwork network,
        EndPoint address,
        FrameHandlerFactory factory,
        ServerOptions options,
        RuntimePorts ports,
        ITransportLog? log = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(factory);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(ports);
        return new Server(network.Listen(address), factory, options, ports, log ?? SilentTransportLog.Instance);
    }

    /// <summary>Stops accepting, lets the handlers finish up to the limit, closes all. The first call's limit holds.</summary>
    public Task StopAsync(TimeSpan limit)
    {
        bool first;
        lock (_gate)
        {
            first = !_isStopping;
            _isStopping = true;
        }

        if (first)
            _stop = StopOnceAsync(limit);
        return _stopped.Task;
    }

    /// <summary>Stops; handlers get one second.</summary>
    public async ValueTask DisposeAsync() => await StopAsync(DisposeLimit);

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Admit(await _listener.AcceptAsync(_stopping.Token));
            }
            catch (OperationCanceledException)
            {
                return;
            }
#pragma warning disable CA1031 // Whatever a single accept does, the server goes on to accept.
            catch (Exception cause)
#pragma warning restore CA1031
            {
                _log.AcceptFailed(cause);
                await PauseAsync();
            }
        }
    }

    private async Task PauseAsync()
    {
        try
        {
            await _ports.Timers.DelayAsync(AcceptPause, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopping: the loop sees it.
        }
    }

    private void Admit(IByteConnection connection)
    {
        EndPoint remote = connection.RemoteAddress;
        IPAddress address = (remote as IPEndPoint)?.Address ?? IPAddress.None;
        if (!TryCount(address, out CloseReason? refusal))
        {
            _log.ConnectionRefused(remote, refusal!);
            connection.Dispose();
            return;
        }

        FrameConnection frames;
        Served served;
        try
        {
            IFrameHandler handler = _factory(remote);
            frames = new FrameConnection(connection, handler, _frames, _ports, _log);
            served = new Served(frames, handler);
        }
        catch
        {
            Uncount(address);
            connection.Dispose();
            throw;
        }

        lock (_gate)
        {
            served.Id = _nextId++;
            _served.Add(served.Id, served);
        }

        served.Run = ServeAsync(served, address);
    }

    private bool TryCount(IPAddress address, out CloseReason? refusal)
    {
        lock (_gate)
        {
            int ofAddress = _perAddress.GetValueOrDefault(address);
            refusal = null;
            if (_served.Count >= _options.ConnectionsMax)
                refusal = new CloseReason(CloseKind.ConnectionLimit, $"{_options.ConnectionsMax} connections are open, the most allowed");
            else if (ofAddress >= _options.ConnectionsPerAddressMax)
                refusal = new CloseReason(CloseKind.AddressLimit, $"{ofAddress} connections from {address} are open, the most allowed");
            else
                _perAddress[address] = ofAddress + 1;
            return refusal is null;
        }
    }

    private void Uncount(IPAddress address)
    {
        lock (_gate)
        {
            int left = _perAddress[address] - 1;
            if (left == 0)
                _perAddress.Remove(address);
            else
                _perAddress[address] = left;
        }
    }

    private async Task ServeAsync(Served served, IPAddress address)
    {
        await served.Frames.RunAsync();
        lock (_gate)
            _served.Remove(served.Id);
        Uncount(address);
        served.Ended.TrySetResult();
    }

    /// <summary>
    /// Waits one after the other: the combinators (WhenAll, CancelAsync) would leave the thread that the simulator runs on.
    /// </summary>
    private async Task StopOnceAsync(TimeSpan limit)
    {
        _stopping.Cancel();
        await _listener.DisposeAsync();
        await _accepting;
        List<Served> all;
        lock (_gate)
            all = [.. _served.Values];
        using (_ports.Timers.Schedule(limit, new ActionWork(() => CloseAll(all))))
        {
            foreach (Served served in all)
                served.Finish = FinishAsync(served);
            foreach (Served served in all)
                await served.Ended.Task;
        }

        _stopped.TrySetResult();
    }

    private static void CloseAll(List<Served> all)
    {
        foreach (Served served in all)
            served.Frames.Close(Stopped);
    }

    private async Task FinishAsync(Served served)
    {
        try
        {
            await served.Handler.OnStoppingAsync();
        }
#pragma warning disable CA1031 // As a failure in OnFrameAsync: the connection closes, now or at the limit.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            _log.HandlerFailed(served.Frames.RemoteAddress, cause);
        }

        served.Frames.CloseWhenSent(Stopped);
    }

    private sealed class Served(FrameConnection frames, IFrameHandler handler)
    {
        public FrameConnection Frames { get; } = frames;

        public IFrameHandler Handler { get; } = handler;

        public long Id { get; set; }

        public Task? Run { get; set; }

        public Task? Finish { get; set; }

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
