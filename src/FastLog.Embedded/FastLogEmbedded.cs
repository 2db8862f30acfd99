using System.Net;
using FastLog.Broker;
using FastLog.Client;
using FastLog.Embedded.Loopback;
using FastLog.Primitives;
using FastLog.Storage;
using FastLog.Storage.Disk;

namespace FastLog.Embedded;

/// <summary>
/// A whole log in this process, on a directory of its own: the broker and a client of it, joined without a socket. What the
/// client is told holds as with a broker of its own process: the same code runs, up to the bytes of a frame. Thread-safe;
/// disposed once, after the producers and consumers made of it.
/// </summary>
public sealed class FastLogEmbedded : IAsyncDisposable
{
    // Recovery reads on the same threads, so that a flush never waits behind all of them.
    private const int FlushLanes = 4;
    private const int RecoveryThreads = 4;

    private static readonly DnsEndPoint Address = new("embedded", 1);

    private readonly BrokerNode _broker;
    private readonly BlockingThreads _threads;
    private int _isDisposed;

    private FastLogEmbedded(BrokerNode broker, FastLogClient client, BlockingThreads threads)
    {
        _broker = broker;
        _threads = threads;
        Client = client;
    }

    /// <summary>Makes producers and consumers, and has the admin calls. Belongs to this object.</summary>
    public FastLogClient Client { get; }

    /// <summary>Ends when every partition is served; until then calls wait for those that they need.</summary>
    public Task Ready => _broker.Ready;

    /// <summary>Opens the directory, made if absent. Blocks the caller for as long as that takes; see <see cref="OpenAsync"/>.</summary>
    /// <inheritdoc cref="OpenAsync"/>
    public static FastLogEmbedded Open(string path, EmbeddedOptions? options = null) =>
        Task.Run(() => OpenAsync(path, options)).GetAwaiter().GetResult();

    /// <summary>Opens the directory, made if absent. Partitions may still be recovered when this ends.</summary>
    /// <exception cref="StorageException">
    /// The directory cannot be used; of <see cref="StorageErrorKind.InUse"/>: it is open in this or another process.
    /// </exception>
    /// <exception cref="BrokerOptionsException">An option has a value that is not allowed.</exception>
    /// <exception cref="DiskException">The disk failed.</exception>
    /// <exception cref="Broker.Topics.TopicStoreException">The topics cannot be read; nothing was changed.</exception>
    public static async Task<FastLogEmbedded> OpenAsync(string path, EmbeddedOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        EmbeddedOptions used = options ?? new EmbeddedOptions();
        var network = new LoopbackNetwork();
        var threads = new BlockingThreads("fastlog-disk", FlushLanes + RecoveryThreads);
        RuntimePorts ports = SystemPorts.Create(threads);
        BrokerNode? broker = null;
        try
        {
            broker = await BrokerNode.StartAsync(new OsDisk(), network, ports, BrokerOptionsOf(path, used), used.BrokerLog);
            var client = FastLogClient.Connect(ClientOptionsOf(used), network, ports);
            return new FastLogEmbedded(broker, client, threads);
        }
        catch
        {
            if (broker is not null)
                await broker.StopAsync();
            threads.Dispose();
            throw;
        }
    }

    /// <summary>Ends the client, flushes, closes the files and gives the directory free.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        await Client.DisposeAsync();
        await _broker.StopAsync();
        _threads.Dispose();
    }

    private static BrokerOptions BrokerOptionsOf(string path, EmbeddedOptions options) => new()
    {
        DataPath = Path.GetFullPath(path),
        ListenAddress = Address,
        AutoCreateTopics = options.AutoCreateTopics,
        DefaultPartitionCount = options.DefaultPartitionCount,
        TopicDefaults = options.AllTopicDefaults,
        OffsetsRetention = options.OffsetsRetention,
        RecoveryParallelism = RecoveryThreads,
        Flush = new() { Lanes = FlushLanes },
    };

    private static ClientOptions ClientOptionsOf(EmbeddedOptions options) => new()
    {
        Servers = [$"{Address.Host}:{Address.Port}"],
        RequestTimeout = options.RequestTimeout,
        Log = options.ClientLog,
    };
}
