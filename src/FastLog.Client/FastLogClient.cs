using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Client;

/// <summary>
/// A client of a FastLog cluster: keeps the connections and the metadata that its producers and consumers share.
/// Thread-safe and long-lived: one for a program is enough.
/// </summary>
public sealed class FastLogClient : IAsyncDisposable
{
    private FastLogClient(ClientOptions options, INetwork network, RuntimePorts ports)
    {
        throw new NotImplementedException();
    }

    /// <summary>Topics, offsets and the cluster.</summary>
    public Admin Admin => throw new NotImplementedException();

    /// <summary>Prepares a client over TCP. Connects at the first call, and again whenever a connection was lost.</summary>
    /// <exception cref="FormatException">A server address is not HOST:PORT.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static FastLogClient Connect(ClientOptions options) => throw new NotImplementedException();

    /// <summary>The same over another network and other ports.</summary>
    /// <inheritdoc cref="Connect(ClientOptions)"/>
    public static FastLogClient Connect(ClientOptions options, INetwork network, RuntimePorts ports) =>
        new(options, network, ports);

    /// <summary>Makes a producer, to be disposed before the client.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public Producer CreateProducer(ProducerOptions? options = null) => throw new NotImplementedException();

    /// <summary>Makes a consumer; resolves its topics, start positions and, with <see cref="ConsumerOptions.StopAtEnd"/>, ends.</summary>
    /// <exception cref="FastLogException">A topic or partition does not exist, no broker answers, …</exception>
    public ValueTask<Consumer> CreateConsumerAsync(
        ConsumerOptions options, CancellationToken cancellationToken = default) => throw new NotImplementedException();

    /// <summary>Closes the connections; calls under way fail.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
