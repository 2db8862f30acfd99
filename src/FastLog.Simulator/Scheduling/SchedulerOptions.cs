namespace FastLog.Simulator;

/// <summary>How the simulated machine behaves; all durations are virtual.</summary>
public sealed class SchedulerOptions
{
    /// <summary>Posted work starts within this time of the post, in any order.</summary>
    public TimeSpan PostDelayMax { get; init; } = TimeSpan.FromMicroseconds(2);

    /// <summary>Timers are late by up to this, and always by a tick: one that is armed anew for the rest must see time pass.</summary>
    public TimeSpan TimerLatenessMax { get; init; } = TimeSpan.FromMicroseconds(50);

    /// <summary>The shortest wait of a blocking call before it starts.</summary>
    public TimeSpan BlockingDelayMin { get; init; } = TimeSpan.FromMicroseconds(5);

    /// <summary>The longest wait of a blocking call before it starts, and of a flush that others run beside.</summary>
    public TimeSpan BlockingDelayMax { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>How many blocking calls run at once, 1 to 16.</summary>
    public int BlockingThreads { get; init; } = 4;

    /// <summary>How often a flush inside of a blocking call lets other work run before it ends, 0 to 1.</summary>
    public double OverlapChance { get; init; } = 0.5;

    /// <summary>The wall clock at the start of the run.</summary>
    public DateTimeOffset WallStart { get; init; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>More events than this in one run are a livelock.</summary>
    public long EventsMax { get; init; } = 20_000_000;
}
