using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Space;

/// <summary>
/// Keeps a part of the file system free, so that deletions, committed offsets and a stop still find a block when producers have
/// filled the rest. Looked at by time, and by appends that have used up what the last look left. Thread-safe.
/// </summary>
internal sealed class SpaceReserve
{
    private readonly IDisk _disk;
    private readonly string _path;
    private readonly long _reserve;
    private readonly RuntimePorts _ports;
    private readonly StorageDiagnostics _diagnostics;
    private readonly Lock _gate = new();
    private readonly ActionWork _look;
    private Action? _reached;
    private IDisposable? _timer;
    private long _free = -1;
    private long _left;
    private bool _isReached;
    private bool _stopped;
    private TaskCompletionSource? _looking;

    /// <param name="disk">Where the directory is.</param>
    /// <param name="path">The data directory.</param>
    /// <param name="reserve">Bytes to keep free; 0: none, and nothing is ever looked at.</param>
    /// <param name="ports">Timers and the executor for the looks.</param>
    /// <param name="diagnostics">Hears when the reserve is reached and left.</param>
    public SpaceReserve(IDisk disk, string path, long reserve, RuntimePorts ports, StorageDiagnostics diagnostics)
    {
        _disk = disk;
        _path = path;
        _reserve = reserve;
        _ports = ports;
        _diagnostics = diagnostics;
        _look = new ActionWork(LookByTime);
    }

    /// <summary>Appends are refused now.</summary>
    public bool IsReached => Volatile.Read(ref _isReached);

    /// <summary>Looks when nothing looks by itself.</summary>
    public SpaceStatus Status => _reserve > 0
        ? new SpaceStatus(Volatile.Read(ref _free), _reserve, IsReached)
        : new SpaceStatus(TryLook() ?? -1, 0, false);

    /// <summary>The first look, then one after each interval.</summary>
    /// <param name="reached">Called each time the reserve is reached, from any thread.</param>
    public void Start(Action reached)
    {
        if (_reserve == 0)
            return;
        _reached = reached;
        if (TryLook() is { } free)
            Judge(free);
        SetTimer();
    }

    /// <summary>Nothing is looked at afterwards; ends when no look is under way.</summary>
    public Task StopAsync()
    {
        lock (_gate)
        {
            _stopped = true;
            _timer?.Dispose();
            return _looking?.Task ?? Task.CompletedTask;
        }
    }

    /// <summary>Whether an append of so many bytes may be taken.</summary>
    public bool TryTake(long bytes)
    {
        if (_reserve == 0)
            return true;
        if (IsReached)
            return false;
        if (Interlocked.Add(ref _left, -bytes) >= 0)
            return true;

        // What the last look left is used up: by now much of it may be free again, or others have filled the rest.
        if (TryLook() is { } free)
            Judge(free);
        return !IsReached && Interlocked.Add(ref _left, -bytes) >= 0;
    }

    private long? TryLook()
    {
        try
        {
            return _disk.FreeBytes(_path);
        }
        catch (DiskException)
        {
            // Whoever writes next meets the device's own failure; until then the last verdict stands.
            return null;
        }
    }

    private void LookByTime()
    {
        if (TryLook() is { } free)
            Judge(free);
        TaskCompletionSource? looking;
        lock (_gate)
            (looking, _looking) = (_looking, null);
        SetTimer();
        looking?.TrySetResult();
    }

    private void SetTimer()
    {
        lock (_gate)
        {
            if (!_stopped)
                _timer = _ports.Timers.Schedule(StorageLimits.SpaceLookInterval, new ActionWork(BeginLook));
        }
    }

    private void BeginLook()
    {
        lock (_gate)
        {
            if (_stopped)
                return;
            _looking = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        _ports.BlockingExecutor.Post(_look);
    }

    private void Judge(long free)
    {
        bool isReached = free <= _reserve;
        lock (_gate)
        {
            Volatile.Write(ref _free, free);
            Volatile.Write(ref _left, free - _reserve);
            if (isReached == _isReached)
                return;
            Volatile.Write(ref _isReached, isReached);
        }

        if (isReached)
        {
            _diagnostics.ReserveReached(_path, Status);
            _reached?.Invoke();
        }
        else
        {
            _diagnostics.ReserveLeft(_path, Status);
        }
    }
}
