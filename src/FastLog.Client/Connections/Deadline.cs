using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>
/// A point in time after which a call gives up, with a token that is cancelled then or when the caller cancels.
/// </summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationToken _callers;
    private readonly IDisposable _timer;
    private readonly IClock _clock;

    public Deadline(RuntimePorts ports, TimeSpan timeout, CancellationToken callers)
    {
        _clock = ports.Clock;
        _callers = callers;
        At = _clock.Now.Plus(timeout);
        _source = CancellationTokenSource.CreateLinkedTokenSource(callers);
        _timer = ports.Timers.Schedule(timeout, new ActionWork(Expire));
    }

    public MonotonicTime At { get; }

    public CancellationToken Token => _source.Token;

    public TimeSpan Left
    {
        get
        {
            TimeSpan left = At.Since(_clock.Now);
            return left < TimeSpan.Zero ? TimeSpan.Zero : left;
        }
    }

    /// <summary>The token was cancelled, and not by the caller.</summary>
    public bool IsExpired => _source.IsCancellationRequested && !_callers.IsCancellationRequested;

    public void Dispose()
    {
        _timer.Dispose();
        _source.Dispose();
    }

    private void Expire()
    {
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call ended while its timer was just starting.
        }
    }
}
