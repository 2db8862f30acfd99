using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastLog.LoadGenerator;

/// <summary>Waits for points in time finer than a millisecond: the open loop's planned times.</summary>
internal static partial class Pacer
{
    private const int ClockMonotonic = 1;
    private const int AbsoluteTime = 1;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Nanoseconds of CLOCK_MONOTONIC (which Stopwatch reads on Linux).</summary>
    public static long Now => (long)(Stopwatch.GetTimestamp() * (NanosecondsPerSecond / (double)Stopwatch.Frequency));

    /// <summary>Blocks this thread until the time; returns at once when it has passed.</summary>
    public static void WaitUntil(long nanoseconds)
    {
        if (OperatingSystem.IsLinux() && Stopwatch.Frequency == NanosecondsPerSecond)
        {
            var until = new TimeSpec { Seconds = nanoseconds / NanosecondsPerSecond, Nanoseconds = nanoseconds % NanosecondsPerSecond };
            while (Now < nanoseconds && SleepUntil(ClockMonotonic, AbsoluteTime, until, IntPtr.Zero) != 0)
            {
                // Interrupted by a signal: the time is absolute, so sleep again.
            }

            return;
        }

        while (Now < nanoseconds)
            Thread.Sleep((nanoseconds - Now) > 2_000_000 ? 1 : 0);
    }

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int SleepUntil(int clock, int flags, in TimeSpec until, IntPtr remaining);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
