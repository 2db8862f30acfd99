using FastLog.Primitives;

namespace FastLog.Storage.Appending;

/// <summary>How an attempt to cool a log ended.</summary>
internal enum CoolingEnd
{
    /// <summary>Its files are closed; it is warm again with its next append.</summary>
    Cold,

    /// <summary>It was appended to meanwhile.</summary>
    InUse,

    /// <summary>It is closed or fenced: its files are its closing's affair.</summary>
    Gone,
}

/// <summary>A log whose active segment is open for appends: a data file, two index files and their mappings.</summary>
internal interface IWarmLog
{
    /// <summary>When it was last written to. From any thread.</summary>
    MonotonicTime LastWrite { get; }

    /// <summary>Makes all durable in its own files and closes them, if nobody appends meanwhile. Fails never.</summary>
    Task<CoolingEnd> CoolAsync();
}

/// <summary>
/// Bounds how many logs of a data directory are open for appends: above the limit those that rest are cooled, in the
/// order in which they became warm, and at a second limit those that do not rest too, before another becomes warm.
/// Thread-safe.
/// </summary>
internal sealed class WarmLogs(IClock clock, int warmMax)
{
    /// <summary>How many are asked whether they rest before the next log that becomes warm.</summary>
    private const int LookMax = 16;

    private readonly Lock _gate = new();
    private readonly LinkedList<IWarmLog> _warm = [];
    private readonly Dictionary<IWarmLog, LinkedListNode<IWarmLog>> _places = [];
    private int _cooling;

    private int HotMax => warmMax * StorageLimits.WarmExcess;

    public int Count
    {
        get
        {
            lock (_gate)
                return _warm.Count;
        }
    }

    /// <summary>Whether another log may become warm; if not, one is soon cooled for it.</summary>
    public bool HasRoom()
    {
        lock (_gate)
        {
            if (_warm.Count < HotMax)
                return true;
        }

        if (TryBegin() is { } next)
            _ = CoolAsync(next);
        return false;
    }

    /// <summary>The log became warm.</summary>
    public void Opened(IWarmLog log)
    {
        lock (_gate)
        {
            Remove(log);
            _places.Add(log, _warm.AddLast(log));
        }

        if (TryBegin() is { } next)
            _ = CoolAsync(next);
    }

    /// <summary>The log closed its files by itself.</summary>
    public void Closed(IWarmLog log)
    {
        lock (_gate)
            Remove(log);
    }

    // Owned by the count of those at work; nothing in it fails.
    private async Task CoolAsync(IWarmLog log)
    {
        int inUse = 0;
        for (IWarmLog? next = log; next is not null; next = TryGoOn(inUse))
        {
            CoolingEnd end = await next.CoolAsync();
            inUse = end == CoolingEnd.InUse ? inUse + 1 : 0;
            if (end == CoolingEnd.Gone)
                Closed(next);
        }
    }

    private IWarmLog? TryBegin()
    {
        lock (_gate)
        {
            if (_cooling >= StorageLimits.CoolingAtOnceMax || TryPick() is not { } next)
                return null;
            _cooling++;
            return next;
        }
    }

    /// <summary>Where one after the other is in use, the next log that becomes warm asks again.</summary>
    private IWarmLog? TryGoOn(int inUse)
    {
        lock (_gate)
        {
            IWarmLog? next = inUse < LookMax ? TryPick() : null;
            if (next is null)
                _cooling--;
            return next;
        }
    }

    private IWarmLog? TryPick()
    {
        MonotonicTime now = clock.Now;
        for (int i = 0; i < LookMax && _warm.Count > warmMax; i++)
        {
            IWarmLog first = _warm.First!.Value;
            _warm.RemoveFirst();
            _places[first] = _warm.AddLast(first);
            if (now.Since(first.LastWrite) >= StorageLimits.WarmRestMin || _warm.Count >= HotMax)
                return first;
        }

        return null;
    }

    private void Remove(IWarmLog log)
    {
        if (_places.Remove(log, out LinkedListNode<IWarmLog>? place))
            _warm.Remove(place);
    }
}
