using FastLog.Primitives;
using FastLog.Storage.Tests.Flushing;

namespace FastLog.Storage.Tests;

public class BoundedExecutorTests
{
    [Fact]
    public void Many_items_leave_room_for_others_and_all_run_in_order()
    {
        var ports = new ManualPorts();
        var counting = new CountingExecutor(ports);
        var bounded = new BoundedExecutor(counting, 2);
        List<int> ran = [];
        for (int i = 0; i < 10; i++)
        {
            int item = i;
            bounded.Post(new ActionWork(() => ran.Add(item)));
        }

        Assert.Equal(2, counting.Posted);
        while (ports.RunOne())
            Assert.True(counting.Posted - ran.Count <= 2);
        Assert.Equal(Enumerable.Range(0, 10), ran);
    }

    [Fact]
    public void Nothing_is_left_behind_when_many_threads_post()
    {
        const int each = 20_000;
        var bounded = new BoundedExecutor(ThreadPoolExecutor.Instance, 2);
        using var all = new CountdownEvent(4 * each);
        int inside = 0;
        int insideMax = 0;
        Parallel.For(0, 4, _ =>
        {
            for (int i = 0; i < each; i++)
                bounded.Post(new ActionWork(Work));
        });
        Assert.True(all.Wait(TimeSpan.FromSeconds(60)));
        Assert.InRange(insideMax, 1, 2);

        void Work()
        {
            int now = Interlocked.Increment(ref inside);
            if (now > Volatile.Read(ref insideMax))
                Volatile.Write(ref insideMax, now);
            Interlocked.Decrement(ref inside);
            all.Signal();
        }
    }

    private sealed class CountingExecutor(IExecutor inner) : IExecutor
    {
        public int Posted { get; private set; }

        public void Post(IThreadPoolWorkItem work)
        {
            Posted++;
            inner.Post(work);
        }
    }
}
