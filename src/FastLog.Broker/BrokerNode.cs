using System.Net;
using FastLog.Broker.Groups;
using FastLog.Broker.Partitions;
using FastLog.Broker.Producers;
using FastLog.Broker.Requests;
using FastLog.Broker.Topics;
using FastLog.Primitives;
using FastLog.Storage;
using FastLog.Storage.Disk;
using FastLog.Transport;
using FastLog.Transport.Network;

namespace FastLog.Broker;

/// <summary>
/// A running broker: a data directory, its topics, an open port. The port opens before the partitions are recovered;
/// those answer NotReady until then. Made by <see cref="StartAsync"/>; ended once by <see cref="StopAsync"/>. Thread-safe.
/// </summary>
public sealed class BrokerNode : IAsyncDisposable
{
    private readonly BrokerServices _services;
    private readonly LogDirectory _directory;
    private readonly Server _server;
    private readonly MonotonicTime _startedAt;
    private readonly Lock _gate = new();
    private Task? _stop;

    private BrokerNode(BrokerServices services, LogDirectory directory, Server server, MonotonicTime startedAt)
    {
        _services = services;
        _directory = directory;
        _server = server;
        _startedAt = startedAt;
        Ready = WatchAsync();
    }

    /// <summary>The address that accepts connections, with the port that was picked.</summary>
    public EndPoint LocalAddress => _server.LocalAddress;

    public Uid128 ClusterId => _services.ClusterId;

    public NodeId NodeId => _services.NodeId;

    internal BrokerServices Services => _services;

    /// <summary>Ends when every partition that existed at the start is served, has failed (and was told), or the broker stops.</summary>
    public Task Ready { get; }

    /// <summary>How it stands now; costs a walk over all partitions.</summary>
    public BrokerStatus GetStatus()
    {
        var collector = new StatusCollector();
        foreach (TopicEntry topic in _services.Topics.All())
            collector.Add(topic);
        return new BrokerStatus(
            _services.IsStopping,
            !Ready.IsCompleted,
            collector.Partitions,
            collector.Problem,
            _directory.Space,
            _server.ConnectionCount,
            _services.ParkedFetches,
            collector.Topics);
    }

    /// <summary>Opens the data directory, reads the topics, opens the port, and begins to recover partitions.</summary>
    /// <exception cref="BrokerOptionsException">An option has a value that is not allowed.</exception>
    /// <exception cref="StorageException">The data directory cannot be used.</exception>
    /// <exception cref="DiskException">The disk failed.</exception>
    /// <exception cref="TopicStoreException">The topics cannot be read; nothing was changed.</exception>
    /// <exception cref="NetworkException">The address is in use or not one of this machine.</exception>
    public static async Task<BrokerNode> StartAsync(
        IDisk disk, INetwork network, RuntimePorts ports, BrokerOptions options, IBrokerLog? log = null)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(ports);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        IBrokerLog told = log ?? SilentBrokerLog.Instance;
        MonotonicTime startedAt = ports.Clock.Now;
        LogDirectory directory = LogDirectory.Open(disk, options.DataPath, options.DirectoryOptions(told), ports);
        Server? server = null;
        try
        {
            BrokerServices services = Compose(disk, directory, ports, options, told);
            IReadOnlyList<DeletedTopic> deleted = await services.Manager.LoadAsync();
            server = Server.Start(
                network, options.ListenAddress, remote => new ClientConnection(services, remote), options.ServerOptions(), ports,
                new TransportEvents(told));
            services.Advertised = options.Advertised(server.LocalAddress);
            told.Started(
                server.LocalAddress, directory.ClusterId, directory.NodeId, (int)services.Manager.PartitionCount, directory.WasClean);
            services.Manager.Begin(deleted);
            services.Groups.Begin();
            return new BrokerNode(services, directory, server, startedAt);
        }
        catch
        {
            if (server is not null)
                await server.StopAsync(TimeSpan.Zero);
            await directory.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Refuses new work, lets requests in flight end, closes the connections, flushes, closes the logs and marks the
    /// directory clean. Within 10 s, unless the disk hangs. Idempotent.
    /// </summary>
    public Task StopAsync()
    {
        lock (_gate)
            return _stop ??= StopOnceAsync();
    }

    public ValueTask DisposeAsync() => new(StopAsync());

    private static BrokerServices Compose(
        IDisk disk, LogDirectory directory, RuntimePorts ports, BrokerOptions options, IBrokerLog log)
    {
        var store = new LocalTopicStore(
            disk, options.DataPath, ports.BlockingExecutor, () => directory.ListPartitions().Count > 0);
        var table = new TopicTable();
        var opener = new PartitionOpener(directory, options.RecoveryParallelism);
        var services = new BrokerServices
        {
            Options = options,
            Ports = ports,
            Log = log,
            Topics = table,
            Manager = new TopicManager(store, directory, table, opener, ports, log, options),
            Opener = opener,
            ProducerIds = new ProducerIds(new LocalProducerIdStore(disk, options.DataPath, ports)),
            ClusterId = directory.ClusterId,
            NodeId = directory.NodeId,
        };
        services.Groups = new GroupCoordinator(services);
        services.Handlers = new HandlerTable(services);
        return services;
    }

    private async Task WatchAsync()
    {
        IReadOnlyList<TopicEntry> topics = _services.Topics.All();
        using (RecoveryProgress.Begin(topics, _services.Ports, _services.Log, _startedAt))
        {
            foreach (TopicEntry topic in topics)
                await topic.Settled;
        }

        if (_services.IsStopping)
            return;
        _services.Log.Ready(
            RecoveryProgress.Count(topics, PartitionState.Serving),
            RecoveryProgress.Count(topics, PartitionState.Failed),
            RecoveryProgress.BytesRead(topics),
            RecoveryProgress.ProducerBytesRead(topics),
            _services.Ports.Clock.Now.Since(_startedAt));
    }

    private async Task StopOnceAsync()
    {
        MonotonicTime begun = _services.Ports.Clock.Now;
        _services.Log.Stopping();
        _services.BeginStop();
        await _server.StopAsync(BrokerLimits.StopRequestsWaitMax);
        await _services.Opener.StopAsync();
        await _services.Groups.EndAsync();
        await _services.Manager.EndAsync();
        _services.Opener.Dispose();
        await _directory.DisposeAsync();
        _services.Log.Stopped(_services.Ports.Clock.Now.Since(begun));
    }
}
