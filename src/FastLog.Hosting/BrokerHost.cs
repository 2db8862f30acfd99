using System.Net;
using FastLog.Broker;
using FastLog.Hosting.Configuration;
using FastLog.Hosting.Http;
using FastLog.Primitives;
using FastLog.Storage;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Transport.Network;

namespace FastLog.Hosting;

/// <summary>A broker on this machine: its disk, sockets, clocks and threads, configured. Thread-safe.</summary>
public sealed class BrokerHost : IAsyncDisposable
{
    // Recovery reads on the same threads, so that a flush never waits behind all of them.
    private const int RecoveryThreads = 4;

    private readonly BrokerNode _node;
    private readonly BlockingThreads _threads;
    private readonly HttpPort? _http;
    private readonly Lock _gate = new();
    private Task? _stop;

    private BrokerHost(BrokerNode node, BlockingThreads threads, HttpPort? http)
    {
        _node = node;
        _threads = threads;
        _http = http;
    }

    /// <summary>The address that accepts connections, with the port that was picked.</summary>
    public EndPoint Address => _node.LocalAddress;

    /// <summary>The address of the HTTP port, with the port that was picked; null when none was asked for.</summary>
    public EndPoint? HttpAddress => _http?.Address;

    /// <summary>Ends when every partition is served or has failed and was told.</summary>
    public Task Ready => _node.Ready;

    /// <summary>Starts the broker; its port is open when this ends, partitions may still recover.</summary>
    /// <exception cref="BrokerStartException">It cannot start: what, why, how to fix it.</exception>
    public static async Task<BrokerHost> StartAsync(BrokerConfiguration configuration, IBrokerLog log)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        HttpPort? http = configuration.OptionalAddress(ConfigSchema.Http) is { } address ? await HttpPort.StartAsync(address) : null;
        int lanes = (int)configuration.Number(ConfigSchema.FlushLanes);
        var threads = new BlockingThreads("fastlog-disk", lanes + RecoveryThreads);
        try
        {
            BrokerNode node = await BrokerNode.StartAsync(
                new OsDisk(), SocketNetwork.Instance, SystemPorts.Create(threads), Options(configuration, lanes), log);
            if (http is not null)
                http.Broker = node;
            return new BrokerHost(node, threads, http);
        }
        catch (Exception cause)
        {
            threads.Dispose();
            if (http is not null)
                await http.DisposeAsync();
            if (BrokerStartException.Explain(cause, configuration) is { } explained)
                throw explained;
            throw;
        }
    }

    /// <summary>Refuses new work, lets requests in flight end, flushes and closes. Idempotent.</summary>
    public Task StopAsync()
    {
        lock (_gate)
            return _stop ??= StopOnceAsync();
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    // The HTTP port last: until then it tells that the broker stops.
    private async Task StopOnceAsync()
    {
        await _node.StopAsync();
        _threads.Dispose();
        if (_http is not null)
            await _http.DisposeAsync();
    }

    private static BrokerOptions Options(BrokerConfiguration configuration, int lanes) => new()
    {
        DataPath = Path.GetFullPath(configuration.Text(ConfigSchema.DataDirectory)),
        ListenAddress = configuration.Address(ConfigSchema.Listen),
        AdvertisedHost = AddressText.HostOf(configuration.Address(ConfigSchema.Advertise)),
        AdvertisedPort = AddressText.PortOf(configuration.Address(ConfigSchema.Advertise)),
        NodeId = new NodeId((int)configuration.Number(ConfigSchema.NodeId)),
        AutoCreateTopics = configuration.Switch(ConfigSchema.AutoCreate),
        DefaultPartitionCount = (int)configuration.Number(ConfigSchema.DefaultPartitions),
        RecoveryParallelism = RecoveryThreads,
        OffsetsRetention = configuration.Duration(ConfigSchema.OffsetsRetention),
        RequestBytesMax = configuration.Size(ConfigSchema.RequestBytesMax),
        ConnectionsMax = (int)configuration.Number(ConfigSchema.ConnectionsMax),
        ConnectionsPerAddressMax = (int)configuration.Number(ConfigSchema.ConnectionsPerAddressMax),
        IdleTimeout = configuration.Duration(ConfigSchema.IdleTimeout),
        FreeReserve = configuration.Size(ConfigSchema.FreeReserve),
        ScrubRate = configuration.Size(ConfigSchema.ScrubRate),
        ScrubInterval = configuration.Duration(ConfigSchema.ScrubInterval),
        WarmLogsMax = OpenFileLimit.WarmLogsMax(),
        Flush = new FlushOptions { Lanes = lanes, UnflushedBytesMax = configuration.Size(ConfigSchema.UnflushedBytesMax) },
        Compaction = new CompactionOptions
        {
            BytesPerSecondMax = configuration.Size(ConfigSchema.CompactionBytesPerSecondMax),
            MapBytesMax = configuration.Size(ConfigSchema.CompactionMapBytesMax),
        },
    };
}
