using FastLog.Primitives;

namespace FastLog.Storage.Compaction;

/// <summary>
/// Keeps background reads and writes of a data directory below a rate: whoever spent bytes waits until their time is over. Not
/// thread-safe.
/// </summary>
internal sealed class IoThrottle(long bytesPerSecondMax, RuntimePorts ports)
{
    // A few hundredths of a second on an ordinary machine.
    private const long BurstMax = 16 << 20;

    private static readonly TimeSpan WaitMin = TimeSpan.FromMilliseconds(5);

    private MonotonicTime _free;

    /// <summary>About what is spent at once: a fiftieth of a second's, so that appends meet no long burst.</summary>
    public long BurstBytes { get; } = Math.Min(bytesPerSecondMax / 50, BurstMax);

    /// <summary>Ends when the bytes are paid for; a wait that is too short to be worth it is added to the next one.</summary>
    public async ValueTask SpendAsync(long bytes, CancellationToken cancellationToken)
    {
        MonotonicTime now = ports.Clock.Now;
        if (_free < now)
            _free = now;
        _free = _free.Plus(TimeSpan.FromSeconds((double)bytes / bytesPerSecondMax));
        TimeSpan wait = _free.Since(now);
        if (wait >= WaitMin)
            await ports.Timers.DelayAsync(wait, cancellationToken);
    }
}
