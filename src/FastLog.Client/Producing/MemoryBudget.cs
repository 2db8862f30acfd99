using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>The bound of a producer's buffers. Thread-safe.</summary>
internal sealed class MemoryBudget(long bytesMax, ITimers timers)
{
    private long _used;
    private int _refused;

    public long Used => Volatile.Read(ref _used);

    /// <summary>What was refused last would fit now.</summary>
    public bool HasRoom
    {
        get
        {
            long used = Used;
            return used == 0 || used + Volatile.Read(ref _refused) <= bytesMax;
        }
    }

    /// <summary>Pulsed when bytes came back.</summary>
    public PulseGate Room { get; } = new(timers);

    /// <summary>Takes the bytes if they fit; a first buffer that is larger than the bound fits alone.</summary>
    public bool TryTake(int bytes)
    {
        long used = Volatile.Read(ref _used);
        while (used == 0 || used + bytes <= bytesMax)
        {
            long seen = Interlocked.CompareExchange(ref _used, used + bytes, used);
            if (seen == used)
                return true;
            used = seen;
        }

        Volatile.Write(ref _refused, bytes);
        return false;
    }

    public void Return(int bytes)
    {
        long left = Interlocked.Add(ref _used, -bytes);
        Invariant.Check(left >= 0);
        Room.Pulse();
    }
}
