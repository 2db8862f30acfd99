using System.Collections.Concurrent;
using System.Net;
using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;
using FastLog.Transport.Network;

namespace FastLog.Broker.Tests.Support;

/// <summary>Where a test's broker runs: real disk and sockets, or the simulator's.</summary>
internal abstract class World : IDisposable
{
    public abstract IDisk Disk { get; }

    public abstract INetwork Network { get; }

    public abstract RuntimePorts Ports { get; }

    public abstract BrokerOptions Options { get; }

    public EventLog Log { get; } = new();

    public abstract Task RunAsync(Func<Task> body);

    public Task<BrokerNode> StartAsync(Func<BrokerOptions, BrokerOptions>? change = null, IExecutor? blocking = null)
    {
        var ports = new RuntimePorts
        {
            Clock = Ports.Clock,
            Executor = Ports.Executor,
            BlockingExecutor = blocking ?? Ports.BlockingExecutor,
            Timers = Ports.Timers,
            Entropy = Ports.Entropy,
        };
        return BrokerNode.StartAsync(Disk, Network, ports, change is null ? Options : change(Options), Log);
    }

    public Task<TestClient> ConnectAsync(BrokerNode broker, bool hello = true) =>
        TestClient.ConnectAsync(Network, broker.LocalAddress, hello);

    public virtual void Dispose()
    {
    }
}

/// <summary>Loopback and a temporary directory.</summary>
internal sealed class RealWorld : World
{
    private readonly BlockingThreads _threads = new("test-blocking", 4);
    private readonly string _directory = Directory.CreateTempSubdirectory("fastlog-broker-").FullName;

    public RealWorld() => Ports = SystemPorts.Create(_threads);

    public override IDisk Disk { get; } = new OsDisk();

    public override INetwork Network => SocketNetwork.Instance;

    public override RuntimePorts Ports { get; }

    public override BrokerOptions Options => new()
    {
        DataPath = _directory + "/data",
        ListenAddress = new IPEndPoint(IPAddress.Loopback, 0),
    };

    public override Task RunAsync(Func<Task> body) => body();

    public override void Dispose()
    {
        base.Dispose();
        _threads.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>All on one thread, in virtual time.</summary>
internal sealed class SimulatedWorld : World
{
    private readonly SimulatedDisk _disk;
    private readonly SimulatedNetwork _network;

    public SimulatedWorld(ulong seed)
    {
        Scheduler = new SimulatedScheduler(seed);
        _disk = new SimulatedDisk(seed);
        _disk.ConnectTo(Scheduler);
        _network = new SimulatedNetwork(Scheduler, new SimulatedNetworkOptions());
    }

    public SimulatedScheduler Scheduler { get; }

    public SimulatedDisk RawDisk => _disk;

    public override IDisk Disk => _disk.Attach();

    public override INetwork Network => _network;

    public override RuntimePorts Ports => Scheduler.Ports;

    public override BrokerOptions Options => new()
    {
        DataPath = "data",
        ListenAddress = new DnsEndPoint("broker-1", 9500),
    };

    public override Task RunAsync(Func<Task> body)
    {
        Scheduler.Run(body);
        return Task.CompletedTask;
    }
}

/// <summary>Keeps what a broker told.</summary>
internal sealed class EventLog : IBrokerLog
{
    private readonly ConcurrentQueue<BrokerEvent> _events = new();

    public IReadOnlyCollection<BrokerEvent> Events => _events;

    public bool Has(BrokerEventKind kind) => _events.Any(occurred => occurred.Kind == kind);

    public void Report(in BrokerEvent occurred) => _events.Enqueue(occurred);
}
