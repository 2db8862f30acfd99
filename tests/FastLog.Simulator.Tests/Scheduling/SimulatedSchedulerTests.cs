using FastLog.Primitives;

namespace FastLog.Simulator.Tests;

public class SimulatedSchedulerTests
{
    private static readonly TimeSpan OneMs = TimeSpan.FromMilliseconds(1);

    [Fact]
    public void The_same_seed_gives_the_same_trace_hash_and_another_seed_another()
    {
        Assert.Equal(HashOfARun(7), HashOfARun(7));
        Assert.NotEqual(HashOfARun(7), HashOfARun(8));
    }

    [Fact]
    public void An_await_comes_back_to_the_thread_of_the_run()
    {
        var scheduler = new SimulatedScheduler(1);
        int thread = Environment.CurrentManagedThreadId;
        scheduler.Run(async () =>
        {
            await scheduler.Ports.Timers.DelayAsync(OneMs, CancellationToken.None);
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
            await Task.Yield();
            Assert.Equal(thread, Environment.CurrentManagedThreadId);
        });
    }

    [Fact]
    public void Time_passes_only_by_events_and_timers_fire_at_their_time()
    {
        var scheduler = new SimulatedScheduler(2);
        var fired = new List<(int Number, MonotonicTime At)>();
        MonotonicTime start = scheduler.Now;
        scheduler.Schedule(3 * OneMs, new ActionWork(() => fired.Add((3, scheduler.Now))));
        scheduler.Schedule(OneMs, new ActionWork(() => fired.Add((1, scheduler.Now))));
        scheduler.Schedule(2 * OneMs, new ActionWork(() => fired.Add((2, scheduler.Now)))).Dispose();
        scheduler.RunUntilIdle();
        Assert.Equal([1, 3], fired.Select(timer => timer.Number));
        foreach ((int number, MonotonicTime at) in fired)
            Assert.InRange((at.Since(start) - (number * OneMs)).TotalMicroseconds, 0.1, 50);
    }

    [Fact]
    public void A_run_that_waits_for_nothing_names_what_is_missing()
    {
        var scheduler = new SimulatedScheduler(3);
        var never = new TaskCompletionSource();
        SimulationDeadlockException failure = Assert.Throws<SimulationDeadlockException>(() => scheduler.Run(() => never.Task));
        Assert.Contains("nothing left to run, but the run's task has not ended", failure.Message, StringComparison.Ordinal);
        Assert.Contains("seed 3", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_over_its_limit_of_virtual_time_fails()
    {
        var scheduler = new SimulatedScheduler(4);
        SimulationException failure = Assert.Throws<SimulationException>(() => scheduler.Run(
            () => scheduler.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(9), CancellationToken.None), TimeSpan.FromSeconds(8)));
        Assert.Contains("limit of virtual time", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Endless_events_are_a_livelock()
    {
        var scheduler = new SimulatedScheduler(5, new SchedulerOptions { EventsMax = 1000 });
        void Again() => scheduler.Post(new ActionWork(Again));
        Again();
        Assert.Throws<SimulationException>(() => scheduler.RunUntilIdle());
    }

    [Fact]
    public void An_exception_that_leaves_work_fails_the_run()
    {
        var scheduler = new SimulatedScheduler(6);
        scheduler.Post(new ActionWork(() => throw new InvalidOperationException("the cause")));
        SimulationException failure = Assert.Throws<SimulationException>(() => scheduler.RunUntilIdle());
        Assert.Contains("the cause", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Work_from_another_thread_fails_the_run()
    {
        var scheduler = new SimulatedScheduler(7);
        var thread = new Thread(() => scheduler.Post(new ActionWork(() => { })));
        thread.Start();
        thread.Join();
        SimulationException failure = Assert.Throws<SimulationException>(() => scheduler.RunUntilIdle());
        Assert.Contains("another thread", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_continuation_that_hops_to_the_thread_pool_fails_the_run_with_its_place()
    {
        var scheduler = new SimulatedScheduler(7);
        SimulationException failure = Assert.Throws<SimulationException>(() => scheduler.Run(async () =>
        {
            // WhenAll's own bookkeeping is a continuation too, and this kind of source sends it to the pool.
            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            scheduler.Post(new ActionWork(source.SetResult));
            await Task.WhenAll(source.Task, Task.CompletedTask);
        }));
        Assert.Contains("another thread", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_of_a_killed_process_runs_again()
    {
        var scheduler = new SimulatedScheduler(8);
        SimulatedProcess victim = scheduler.CreateProcess("victim");
        int steps = 0;
        bool hook = false;
        victim.OnKill(() => hook = true);
        Task task = victim.Start(async () =>
        {
            while (true)
            {
                await victim.Ports.Timers.DelayAsync(OneMs, CancellationToken.None);
                steps++;
            }
        });
        scheduler.RunUntil(() => steps == 3, "three steps were not made");
        victim.Kill();
        scheduler.RunUntilIdle();
        Assert.Equal(3, steps);
        Assert.True(hook);
        Assert.False(task.IsCompleted);
    }

    [Fact]
    public void A_blocking_call_in_the_middle_of_a_flush_lets_other_work_run()
    {
        var scheduler = new SimulatedScheduler(9, new SchedulerOptions { OverlapChance = 1 });
        var order = new List<string>();
        bool inside = false;
        scheduler.Ports.BlockingExecutor.Post(new ActionWork(() =>
        {
            inside = true;
            scheduler.Post(new ActionWork(() => order.Add(inside ? "beside" : "after")));
            scheduler.Overlap();
            inside = false;
            order.Add("ended");
        }));
        scheduler.RunUntilIdle();
        Assert.Equal(["beside", "ended"], order);
    }

    [Fact]
    public void Posts_of_one_moment_run_in_an_order_that_the_seed_decides()
    {
        var orders = new HashSet<string>();
        for (ulong seed = 1; seed <= 20; seed++)
            orders.Add(OrderOfPosts(seed));
        Assert.True(orders.Count > 5, "the seeds show too few orders");
        Assert.Equal(OrderOfPosts(11), OrderOfPosts(11));
    }

    [Fact]
    public void The_wall_clock_jumps_without_the_monotonic_one()
    {
        var scheduler = new SimulatedScheduler(12);
        Timestamp wall = scheduler.WallNow;
        MonotonicTime now = scheduler.Now;
        scheduler.JumpWallClock(TimeSpan.FromDays(-3));
        Assert.Equal(wall.UnixMilliseconds - (3L * 86_400_000), scheduler.WallNow.UnixMilliseconds);
        Assert.Equal(now, scheduler.Now);
    }

    private static string OrderOfPosts(ulong seed)
    {
        var scheduler = new SimulatedScheduler(seed);
        string order = "";
        foreach (char name in "abcd")
            scheduler.Post(new ActionWork(() => order += name));
        scheduler.RunUntilIdle();
        return order;
    }

    private static ulong HashOfARun(ulong seed)
    {
        var scheduler = new SimulatedScheduler(seed);
        SimulatedProcess other = scheduler.CreateProcess("other");
        var gate = new SemaphoreSlim(1);
        async Task Work(RuntimePorts ports)
        {
            for (int i = 0; i < 20; i++)
            {
                await gate.WaitAsync();
                await ports.Timers.DelayAsync(TimeSpan.FromMicroseconds(ports.Entropy.NextUInt64() % 50), CancellationToken.None);
                gate.Release();
                var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                ports.BlockingExecutor.Post(new ActionWork(flushed.SetResult));
                await flushed.Task;
            }
        }

        Task first = other.Start(() => Work(other.Ports));
        scheduler.Run(() => Task.WhenAll(first, Work(scheduler.Ports), Work(scheduler.Ports)));
        return scheduler.Trace.Hash;
    }
}
