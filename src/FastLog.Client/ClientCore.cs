using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Client;

/// <summary>What all parts of one client share. Thread-safe.</summary>
internal sealed class ClientCore : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();

    public ClientCore(ClientOptions options, INetwork network, RuntimePorts ports)
    {
        Options = options;
        Stopping = _stopping.Token;
        Network = network;
        Ports = ports;
        Backoff = new Backoff(options, ports.Entropy);
        Metadata = new MetadataCache(this);
        AdminPool = new BrokerPool(this);
    }

    public ClientOptions Options { get; }

    public INetwork Network { get; }

    public RuntimePorts Ports { get; }

    public Backoff Backoff { get; }

    public MetadataCache Metadata { get; }

    /// <summary>For metadata and admin calls; producers and consumers have their own.</summary>
    public BrokerPool AdminPool { get; }

    public ClientMetrics Metrics { get; } = new();

    /// <summary>Cancelled when the client is disposed.</summary>
    public CancellationToken Stopping { get; }

    public void Log(ClientLogLevel level, string message, Exception? cause = null) =>
        Options.Log?.Invoke(level, message, cause);

    /// <summary>
    /// Asks any broker until it answers, for at most the request timeout in all. Stops at once when no broker can be
    /// reached, at errors that a retry does not mend, and at a lost answer to what must not be done twice.
    /// </summary>
    public async Task<T> RetryAsync<T>(
        Func<BrokerConnection, TimeSpan, CancellationToken, Task<T>> attempt,
        bool isIdempotent,
        CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Stopping.IsCancellationRequested, typeof(FastLogClient));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Stopping);
        using var deadline = new Deadline(Ports, Options.RequestTimeout, stop.Token);
        FastLogException? last = null;
        for (int failures = 0; ;)
        {
            try
            {
                BrokerConnection connection = await AdminPool.GetAnyAsync(deadline.Token);
                return await attempt(connection, deadline.Left, deadline.Token);
            }
            catch (FastLogException cause) when (MayRetry(cause, isIdempotent) && !deadline.IsExpired)
            {
                last = cause;
                failures++;
            }
            catch (OperationCanceledException cause) when (deadline.IsExpired)
            {
                throw TimedOut(last, cause);
            }
            catch (OperationCanceledException) when (
                Stopping.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new ObjectDisposedException(nameof(FastLogClient));
            }

            try
            {
                await Ports.Timers.DelayAsync(Backoff.After(failures), deadline.Token);
            }
            catch (OperationCanceledException cause) when (deadline.IsExpired)
            {
                throw TimedOut(last, cause);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _stopping.Cancel();
        await AdminPool.CloseAsync();
        Metrics.Dispose();
        _stopping.Dispose();
    }

    private static bool MayRetry(FastLogException cause, bool isIdempotent)
    {
        if (cause is ServerUnreachableException or RequestTimeoutException)
            return false;
        return cause.IsRetriable && (isIdempotent || !cause.IsOutcomeUnknown);
    }

    private RequestTimeoutException TimedOut(FastLogException? last, Exception cause)
    {
        string servers = string.Join(", ", Options.Servers);
        string why = last is null ? string.Empty : $"; the last answer was: {last.Message}";
        return new RequestTimeoutException(
            $"no final answer from {servers} within {Options.RequestTimeout.TotalSeconds:0.###} s{why}", last ?? cause)
        {
            Broker = last?.Broker,
            IsRetriable = true,
            IsOutcomeUnknown = true,
        };
    }
}
