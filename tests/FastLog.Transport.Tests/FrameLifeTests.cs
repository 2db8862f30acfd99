namespace FastLog.Transport.Tests;

public sealed class FrameLifeTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_peer_that_never_reads_is_no_longer_read_and_closed_after_the_stall_limit()
    {
        var handler = new EchoHandler();
        (FrameConnection connection, MemoryConnection peer) = Start(handler, new FrameConnectionOptions(), capacity: 4_096);
        byte[] request = TestFrames.Bytes(1, [], TestFrames.Pattern(20_000, 1));
        Task flood = FloodAsync(peer, request, 1_000);
        await Soon.UntilAsync(() => connection.IsCongested, "congested");
        int handled = handler.Frames;
        Assert.InRange(connection.QueuedBytes, 1, TransportLimits.OutboundBytesMax + (2 * request.Length));
        Assert.False(flood.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Null(connection.Reason);
        Assert.InRange(handler.Frames, handled, handled + 1);
        Assert.Equal(CloseKind.WriteStalled, (await AdvanceUntilClosedAsync(handler)).Kind);
        await connection.DisposeAsync();
        await flood;
        Assert.Equal(0, connection.QueuedBytes);
        Assert.False(connection.TrySend(TestFrames.Outbound(1, "late"u8)));
    }

    [Fact]
    public async Task Everything_queued_is_released_exactly_once_when_the_connection_closes()
    {
        var handler = new EchoHandler();
        (FrameConnection connection, _) = Start(handler, new FrameConnectionOptions(), capacity: 1_000);
        var owners = new List<CountingOwner>();
        for (int i = 0; i < 50; i++)
        {
            var owner = new CountingOwner();
            owners.Add(owner);
            OutboundFrame frame = TestFrames.Outbound(1, [], 100);
            frame.AddPayload(new byte[100], owner);
            Assert.True(connection.TrySend(frame));
        }

        connection.Close(CloseReason.Requested);
        await connection.DisposeAsync();
        var late = new CountingOwner();
        OutboundFrame refused = TestFrames.Outbound(1, [], 1);
        refused.AddPayload(new byte[1], late);
        Assert.False(connection.TrySend(refused));
        Assert.All(owners, owner => Assert.Equal(1, owner.Disposed));
        Assert.Equal(1, late.Disposed);
        Assert.Equal(1, handler.Closes);
        Assert.Equal(CloseKind.Requested, connection.Reason!.Kind);
    }

    [Fact]
    public async Task Frames_that_no_request_asked_for_close_the_connection_at_the_memory_limit()
    {
        const int size = 4 << 20;
        const int tooMany = (int)(TransportLimits.OutboundMemoryMax / size) + 10;
        var handler = new EchoHandler();
        (FrameConnection connection, _) = Start(handler, new FrameConnectionOptions(), capacity: 1_000);
        byte[] payload = new byte[size];
        int sent = 0;
        while (sent < tooMany)
        {
            OutboundFrame frame = TestFrames.Outbound(1, [], size);
            frame.AddPayload(payload, new CountingOwner());
            if (!connection.TrySend(frame))
                break;
            sent++;
        }

        Assert.InRange(sent, tooMany - 10, tooMany - 1);
        Assert.Equal(CloseKind.OutboundOverflow, (await handler.Closed.WaitAsync(Soon.Limit)).Kind);
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task The_first_reason_stays()
    {
        var handler = new EchoHandler();
        (FrameConnection connection, _) = Start(handler, new FrameConnectionOptions());
        connection.Close(new CloseReason(CloseKind.Idle, "first"));
        connection.Close(new CloseReason(CloseKind.Broken, "second"));
        await connection.DisposeAsync();
        Assert.Equal("first", (await handler.Closed).Details);
    }

    [Fact]
    public async Task Frames_marked_more_leave_together()
    {
        (FrameConnection connection, _) = Start(new EchoHandler(), new FrameConnectionOptions());
        for (int i = 0; i < 20; i++)
            connection.TrySend(TestFrames.Outbound(1, "x"u8), more: true);
        Assert.Equal(0, connection.Counts.Sends);
        connection.Flush();
        await Soon.UntilAsync(() => connection.Counts.FramesSent == 20, "20 frames sent");
        Assert.Equal(1, connection.Counts.Sends);
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task Without_hello_the_connection_ends_in_ten_seconds()
    {
        var handler = new EchoHandler { Opens = false };
        (FrameConnection connection, _) = Start(handler, new FrameConnectionOptions());
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Null(connection.Reason);
        Assert.Equal(CloseKind.HelloTooSlow, (await AdvanceUntilClosedAsync(handler)).Kind);
        await connection.DisposeAsync();
    }

    [Theory]
    [InlineData(20, 30)]
    [InlineData(100_000, 5)]
    public async Task A_frame_that_does_not_come_ends_the_connection(int payload, int seconds)
    {
        var handler = new EchoHandler();
        (FrameConnection connection, MemoryConnection peer) = Start(handler, new FrameConnectionOptions());
        byte[] frame = TestFrames.Bytes(1, [], TestFrames.Pattern(payload, 1));
        await peer.SendAsync(frame[..40]);
        FastLog.Primitives.MonotonicTime begun = _time.Now;
        Assert.Equal(CloseKind.FrameTooSlow, (await AdvanceUntilClosedAsync(handler)).Kind);
        Assert.True(_time.Now.Since(begun) > TimeSpan.FromSeconds(seconds));
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task An_idle_connection_ends_after_the_limit_and_a_busy_one_does_not()
    {
        var handler = new EchoHandler();
        (FrameConnection connection, MemoryConnection peer) = Start(handler, new FrameConnectionOptions());
        for (int i = 1; i <= 3; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(9));
            await peer.SendAsync(TestFrames.Bytes(1, [], []));
            int expected = i;
            await Soon.UntilAsync(() => connection.Counts.FramesSent == expected, "answered");
        }

        Assert.Null(connection.Reason);
        _time.Advance(TimeSpan.FromMinutes(9));
        Assert.Null(connection.Reason);
        Assert.Equal(CloseKind.Idle, (await AdvanceUntilClosedAsync(handler)).Kind);
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_handler_that_throws_closes_its_connection_only()
    {
        var handler = new ThrowingHandler();
        (FrameConnection connection, MemoryConnection peer) = Start(handler, new FrameConnectionOptions());
        await peer.SendAsync(TestFrames.Bytes(1, [], []));
        Assert.Equal(CloseKind.HandlerFailed, (await handler.Closed.Task.WaitAsync(Soon.Limit)).Kind);
        await connection.DisposeAsync();
    }

    private async Task<CloseReason> AdvanceUntilClosedAsync(EchoHandler handler)
    {
        await Soon.UntilAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(10));
                return handler.Closed.IsCompleted;
            },
            "closed");
        return await handler.Closed;
    }

    private static async Task FloodAsync(MemoryConnection peer, byte[] request, int count)
    {
        try
        {
            for (int i = 0; i < count; i++)
                await peer.SendAsync(request);
        }
        catch (Network.NetworkException)
        {
            // Closed by the other side: what the test wants.
        }
    }

    private (FrameConnection Connection, MemoryConnection Peer) Start(
        IFrameHandler handler, FrameConnectionOptions options, int capacity = 256 * 1024)
    {
        (MemoryConnection left, MemoryConnection right) = MemoryConnection.Pair(capacity);
        var connection = new FrameConnection(left, handler, options, _time.Ports);
        _ = connection.RunAsync();
        return (connection, right);
    }

    private sealed class CountingOwner : IDisposable
    {
        private int _disposed;

        public int Disposed => Volatile.Read(ref _disposed);

        public void Dispose() => Interlocked.Increment(ref _disposed);
    }

    private sealed class ThrowingHandler : IFrameHandler
    {
        public TaskCompletionSource<CloseReason> Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ValueTask OnFrameAsync(InboundFrame frame)
        {
            frame.Dispose();
            throw new InvalidOperationException("a bug");
        }

        public void OnClosed(CloseReason reason) => Closed.TrySetResult(reason);
    }
}
