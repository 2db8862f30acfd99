namespace FastLog.Primitives.Tests;

public sealed class SystemTimersTests
{
    [Fact]
    public void Work_runs_although_nobody_keeps_the_answer()
    {
        using var ran = new ManualResetEventSlim();
        ScheduleAndForget(ran);
        for (int i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.True(ran.Wait(TimeSpan.FromSeconds(30)), "the timer was collected before it fired");
    }

    [Fact]
    public void Work_that_is_cancelled_before_its_time_does_not_run()
    {
        bool ran = false;
        IDisposable timer = SystemTimers.Instance.Schedule(TimeSpan.FromHours(1), new ActionWork(() => ran = true));
        timer.Dispose();
        Assert.False(ran);
    }

    // In a method of its own, so that no local keeps the answer alive.
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static void ScheduleAndForget(ManualResetEventSlim ran) =>
        SystemTimers.Instance.Schedule(TimeSpan.FromMilliseconds(300), new ActionWork(ran.Set));
}
