namespace FastLog.Primitives.Tests;

public sealed class SerialSectionTests
{
    [Fact]
    public void Work_runs_on_the_thread_that_brings_it_when_the_section_is_free()
    {
        var owner = new Owner();
        var section = new SerialSection(ThreadPoolExecutor.Instance, owner);
        int ran = 0;
        section.Run(new ActionWork(() => ran = Environment.CurrentManagedThreadId));
        Assert.Equal(Environment.CurrentManagedThreadId, ran);
        Assert.Equal(1, owner.Bursts);
    }

    [Fact]
    public void Work_brought_from_inside_waits_until_the_running_item_ends()
    {
        var owner = new Owner();
        var section = new SerialSection(ThreadPoolExecutor.Instance, owner);
        var order = new List<string>();
        section.Run(new ActionWork(() =>
        {
            section.Run(new ActionWork(() => order.Add("inner")));
            order.Add("outer");
        }));
        Assert.Equal(["outer", "inner"], order);
    }

    [Fact]
    public void Completions_run_after_the_burst_and_may_bring_new_work()
    {
        var owner = new Owner();
        var section = new SerialSection(ThreadPoolExecutor.Instance, owner);
        var order = new List<string>();
        section.Run(new ActionWork(() =>
        {
            section.Defer(new ActionWork(() =>
            {
                order.Add("completion");
                section.Run(new ActionWork(() => order.Add("more")));
            }));
            order.Add("work");
        }));
        Assert.Equal(["work", "completion", "more"], order);
    }

    [Fact]
    public void Many_threads_never_run_inside_at_once_and_no_work_is_lost()
    {
        var owner = new Owner();
        var section = new SerialSection(ThreadPoolExecutor.Instance, owner);
        const int perThread = 20_000;
        int inside = 0;
        int overlaps = 0;
        int count = 0;
        Parallel.For(0, 8, _ =>
        {
            for (int i = 0; i < perThread; i++)
            {
                section.Run(new ActionWork(() =>
                {
                    if (Interlocked.Increment(ref inside) != 1)
                        Interlocked.Increment(ref overlaps);
                    count++;
                    Interlocked.Decrement(ref inside);
                }));
            }
        });
        var ended = new ManualResetEventSlim();
        section.Run(new ActionWork(ended.Set));
        Assert.True(ended.Wait(TimeSpan.FromSeconds(30)));
        Assert.Equal(0, overlaps);
        Assert.Equal(8 * perThread, count);
    }

    [Fact]
    public void An_exception_in_a_work_item_reaches_the_owner_and_the_next_item_still_runs()
    {
        var owner = new Owner();
        var section = new SerialSection(ThreadPoolExecutor.Instance, owner);
        section.Run(new ActionWork(() => throw new InvalidOperationException("bug")));
        bool ran = false;
        section.Run(new ActionWork(() => ran = true));
        Assert.Equal("bug", owner.Cause?.Message);
        Assert.True(ran);
    }

    private sealed class Owner : ISerialOwner
    {
        public int Bursts { get; private set; }

        public Exception? Cause { get; private set; }

        public void BurstEnded() => Bursts++;

        public void Faulted(Exception cause) => Cause ??= cause;
    }
}
