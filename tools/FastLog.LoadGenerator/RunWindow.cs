using System.Diagnostics;

namespace FastLog.LoadGenerator;

/// <summary>The measured part of a run: from the end of the warm-up on. Counters are added from any thread.</summary>
internal sealed class RunWindow
{
    private readonly long _countFrom;
    private long _records;
    private long _bytes;
    private long _errors;
    private string? _firstError;
    private long _startedAt;
    private TimeSpan _startedCpu;

    public RunWindow(TimeSpan warmup)
    {
        Started = Pacer.Now;
        _countFrom = Started + (warmup.Ticks * 100);
        _startedAt = Started;
        _startedCpu = Cpu();
    }

    public long Started { get; }

    public LatencyHistogram Latency { get; } = new();

    /// <summary>Something has failed: there is nothing more to measure.</summary>
    public bool HasFailed => Volatile.Read(ref _errors) > 0;

    public long Records => Volatile.Read(ref _records);

    /// <summary>True once the warm-up is over; the first call after that begins the count.</summary>
    public bool IsCounting { get; private set; }

    /// <summary>Begins the count when the warm-up is over. One thread calls it, now and then.</summary>
    public void Check()
    {
        if (IsCounting || Pacer.Now < _countFrom)
            return;
        _startedAt = Pacer.Now;
        _startedCpu = Cpu();
        Interlocked.Exchange(ref _records, 0);
        Interlocked.Exchange(ref _bytes, 0);
        IsCounting = true;
    }

    public void Add(long records, long bytes)
    {
        Interlocked.Add(ref _records, records);
        Interlocked.Add(ref _bytes, bytes);
    }

    public void Fail(string reason)
    {
        Interlocked.Increment(ref _errors);
        Interlocked.CompareExchange(ref _firstError, reason, null);
    }

    public BenchResult End(string bench, TimeSpan? firstRecord)
    {
        var elapsed = new TimeSpan((Pacer.Now - _startedAt) / 100);
        return new BenchResult(
            bench, _records, _bytes, elapsed, Latency, Cpu() - _startedCpu, _errors, _firstError, firstRecord);
    }

    private static TimeSpan Cpu()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }
}
