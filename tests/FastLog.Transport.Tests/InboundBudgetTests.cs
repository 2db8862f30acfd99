using FastLog.Primitives;

namespace FastLog.Transport.Tests;

public sealed class InboundBudgetTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_lease_counts_until_it_is_disposed()
    {
        var budget = new InboundBudget(1_000_000);
        var handler = new CollectingHandler();
        (FrameConnection connection, MemoryConnection peer) = Start(handler, budget);
        await peer.SendAsync(TestFrames.Bytes(1, [1, 2, 3], TestFrames.Pattern(50_000, 1)));
        InboundFrame frame = await handler.TakeAsync();
        Assert.Equal(50_035, budget.Held);
        BufferLease payload = frame.TakePayload()!;
        frame.Dispose();
        Assert.Equal(50_000, budget.Held);
        payload.Dispose();
        Assert.Equal(0, budget.Held);
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task Over_the_budget_connections_wait_until_memory_is_given_back()
    {
        var budget = new InboundBudget(100_000);
        var first = new CollectingHandler();
        var second = new CollectingHandler();
        (FrameConnection one, MemoryConnection onePeer) = Start(first, budget);
        (FrameConnection two, MemoryConnection twoPeer) = Start(second, budget);
        await onePeer.SendAsync(TestFrames.Bytes(1, [], TestFrames.Pattern(60_000, 1)));
        InboundFrame held = await first.TakeAsync();
        await onePeer.SendAsync(TestFrames.Bytes(1, [], TestFrames.Pattern(60_000, 1)));
        InboundFrame overdrawn = await first.TakeAsync();
        await twoPeer.SendAsync(TestFrames.Bytes(2, [], TestFrames.Pattern(60_000, 1)));
        await Soon.UntilAsync(() => budget.Waiting == 1, "the second waits");
        Assert.InRange(budget.Held, 100_000, 160_000);

        // Waiting is not the peer's fault: its frame's deadline stands still.
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Null(two.Reason);
        held.Dispose();
        overdrawn.Dispose();
        (await second.TakeAsync()).Dispose();
        Assert.Equal(0, budget.Held);
        await one.DisposeAsync();
        await two.DisposeAsync();
    }

    [Fact]
    public async Task A_large_length_alone_holds_no_more_than_the_first_buffer()
    {
        var budget = new InboundBudget(100_000_000);
        var handler = new CollectingHandler();
        (FrameConnection connection, MemoryConnection peer) = Start(handler, budget);
        byte[] bytes = TestFrames.Bytes(1, [1, 2, 3], TestFrames.Pattern(8_000_000, 1));
        await peer.SendAsync(bytes[..1_000]);
        await Soon.UntilAsync(() => budget.Held >= TransportLimits.FirstBufferBytes, "the first buffer is rented");
        Assert.InRange(budget.Held, TransportLimits.FirstBufferBytes, TransportLimits.FirstBufferBytes + 1_000);
        await connection.DisposeAsync();
        Assert.Equal(0, budget.Held);
    }

    [Fact]
    public async Task Large_frames_that_grow_together_all_arrive_within_limit_and_one_frame()
    {
        const int Size = 1_000_000;
        var budget = new InboundBudget(1_500_000);
        long most = 0;
        var tasks = new List<Task>();
        for (int i = 0; i < 8; i++)
        {
            var handler = new MeasuringHandler(() => InterlockedMax(ref most, budget.Held));
            (FrameConnection connection, MemoryConnection peer) = Start(handler, budget);
            tasks.Add(RunAsync(connection, peer, handler));
        }

        await Task.WhenAll(tasks).WaitAsync(Soon.Limit);
        Assert.Equal(0, budget.Held);
        Assert.Equal(0, budget.Waiting);
        Assert.InRange(most, Size, 1_500_000 + (2 * Size));

        async Task RunAsync(FrameConnection connection, MemoryConnection peer, MeasuringHandler handler)
        {
            await peer.SendAsync(TestFrames.Bytes(1, [], TestFrames.Pattern(Size, 1)));
            await handler.Got.Task;
            await connection.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_frame_that_overdraws_is_served_before_those_that_wait_for_it()
    {
        var budget = new InboundBudget(100);
        (long one, long two) = (budget.BeginFrame(), budget.BeginFrame());
        using BufferLease first = await budget.RentAsync(50, one, growing: false, CancellationToken.None);
        using BufferLease second = await budget.RentAsync(50, two, growing: false, CancellationToken.None);
        BufferLease overdrawn = await budget.RentAsync(60, one, growing: true, CancellationToken.None);
        Task<BufferLease> waiting = budget.RentAsync(60, two, growing: true, CancellationToken.None).AsTask();
        Assert.False(waiting.IsCompleted);
        BufferLease more = await budget.RentAsync(70, one, growing: true, CancellationToken.None).AsTask().WaitAsync(Soon.Limit);
        Assert.Equal(230, budget.Held);
        overdrawn.Dispose();
        Assert.False(waiting.IsCompleted);
        more.Dispose();
        (await waiting.WaitAsync(Soon.Limit)).Dispose();
        Assert.Equal(100, budget.Held);
    }

    [Fact]
    public async Task A_connection_that_closes_while_it_waits_gives_its_place_up()
    {
        var budget = new InboundBudget(10_000);
        Assert.True(budget.TryTake(10_000));
        Assert.True(budget.TryTakeSmall(2_500));
        var handler = new CollectingHandler();
        (FrameConnection connection, MemoryConnection peer) = Start(handler, budget);
        await peer.SendAsync(TestFrames.Bytes(1, [1], []));
        await Soon.UntilAsync(() => budget.Waiting == 1, "waits");
        await connection.DisposeAsync();
        Assert.Equal(0, budget.Waiting);
        budget.Return(10_000);
        budget.ReturnSmall(2_500);
        Assert.Equal(0, budget.Held);
    }

    [Fact]
    public async Task Small_frames_pass_while_large_ones_wait_for_memory()
    {
        var budget = new InboundBudget(100_000);
        Assert.True(budget.TryTake(100_000));
        var large = new CollectingHandler();
        var small = new CollectingHandler();
        (FrameConnection one, MemoryConnection onePeer) = Start(large, budget);
        (FrameConnection two, MemoryConnection twoPeer) = Start(small, budget);

        // The budget lets one frame overdraw: the second large one is the one that waits.
        (FrameConnection three, MemoryConnection threePeer) = Start(new CollectingHandler(), budget);
        await threePeer.SendAsync(TestFrames.Bytes(3, [], TestFrames.Pattern(60_000, 1)));
        await onePeer.SendAsync(TestFrames.Bytes(1, [], TestFrames.Pattern(60_000, 1)));
        await Soon.UntilAsync(() => budget.Waiting >= 1, "a large one waits");
        await twoPeer.SendAsync(TestFrames.Bytes(2, [1, 2, 3], []));
        (await small.TakeAsync()).Dispose();
        await one.DisposeAsync();
        await two.DisposeAsync();
        await three.DisposeAsync();
    }

    [Fact]
    public async Task A_peer_that_dawdles_over_memory_that_others_wait_for_is_closed()
    {
        var budget = new InboundBudget(70_000);
        (FrameConnection one, MemoryConnection onePeer) = Start(new CollectingHandler(), budget);
        byte[] half = TestFrames.Bytes(1, [], TestFrames.Pattern(65_000, 1))[..60_000];
        await onePeer.SendAsync(half);
        await Soon.UntilAsync(() => budget.Held >= 65_000, "the first holds its buffer");
        _time.Advance(TransportLimits.FrameRateGrace + TimeSpan.FromSeconds(1));
        Assert.Null(one.Reason);
        Assert.True(budget.TryTake(4_900));
        Task<BufferLease> waiting = budget.RentAsync(60_000, budget.BeginFrame(), growing: false, CancellationToken.None).AsTask();
        await Soon.UntilAsync(() => budget.Waiting == 1, "another waits");
        TimeSpan advanced = TimeSpan.Zero;
        await Soon.UntilAsync(
            () =>
            {
                // Well below the deadline of a whole frame, which would close the connection too.
                if (advanced < TransportLimits.FrameDeadline / 2)
                    _time.Advance(TimeSpan.FromMilliseconds(50));
                advanced += TimeSpan.FromMilliseconds(50);
                return waiting.IsCompleted;
            },
            "the other gets the memory");
        Assert.True(one.Reason!.IsPeersFault);
        (await waiting).Dispose();
        await one.DisposeAsync();
    }

    private static void InterlockedMax(ref long target, long value)
    {
        long seen = Volatile.Read(ref target);
        while (seen < value)
        {
            long was = Interlocked.CompareExchange(ref target, value, seen);
            if (was == seen)
                return;
            seen = was;
        }
    }

    private (FrameConnection Connection, MemoryConnection Peer) Start(IFrameHandler handler, InboundBudget budget)
    {
        (MemoryConnection left, MemoryConnection right) = MemoryConnection.Pair();
        var connection = new FrameConnection(left, handler, new FrameConnectionOptions { Budget = budget }, _time.Ports);
        _ = connection.RunAsync();
        return (connection, right);
    }

    private sealed class MeasuringHandler(Action measure) : IFrameHandler
    {
        public TaskCompletionSource Got { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnStarted(FrameConnection connection) => connection.Open();

        public async ValueTask OnFrameAsync(InboundFrame frame)
        {
            measure();
            await Task.Yield();
            frame.Dispose();
            Got.TrySetResult();
        }

        public void OnClosed(CloseReason reason) => Got.TrySetException(new InvalidOperationException(reason.ToString()));
    }
}
