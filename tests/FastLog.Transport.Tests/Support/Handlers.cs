using System.Threading.Channels;
using FastLog.Protocol.Frames;

namespace FastLog.Transport.Tests;

/// <summary>Opens the connection and answers each frame with itself.</summary>
internal sealed class EchoHandler : IFrameHandler
{
    private readonly TaskCompletionSource<CloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FrameConnection? _connection;
    private int _frames;
    private int _closes;

    public bool Opens { get; init; } = true;

    public int Frames => Volatile.Read(ref _frames);

    public int Closes => Volatile.Read(ref _closes);

    public Task<CloseReason> Closed => _closed.Task;

    public void OnStarted(FrameConnection connection)
    {
        _connection = connection;
        if (Opens)
            connection.Open();
    }

    public ValueTask OnFrameAsync(InboundFrame frame)
    {
        Interlocked.Increment(ref _frames);
        using (frame)
            _connection!.TrySend(TestFrames.Echo(frame));
        return ValueTask.CompletedTask;
    }

    public OutboundFrame? OnRefused(CloseReason reason, FrameHeader? header) =>
        TestFrames.Outbound(header?.Correlation.Value ?? 0, "refused"u8, kind: FrameKind.Error);

    public void OnClosed(CloseReason reason)
    {
        Interlocked.Increment(ref _closes);
        _closed.TrySetResult(reason);
    }
}

/// <summary>Keeps what it gets; the test takes it, waiting where nothing is there yet.</summary>
internal sealed class CollectingHandler : IFrameHandler
{
    private readonly Channel<InboundFrame> _frames = Channel.CreateUnbounded<InboundFrame>();
    private readonly TaskCompletionSource<CloseReason> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<CloseReason> Closed => _closed.Task;

    public void OnStarted(FrameConnection connection) => connection.Open();

    public ValueTask OnFrameAsync(InboundFrame frame)
    {
        Assert.True(_frames.Writer.TryWrite(frame));
        return ValueTask.CompletedTask;
    }

    public void OnClosed(CloseReason reason) => _closed.TrySetResult(reason);

    public Task<InboundFrame> TakeAsync() => _frames.Reader.ReadAsync().AsTask().WaitAsync(Soon.Limit);
}

/// <summary>Waiting in tests: a condition or a task, with an end.</summary>
internal static class Soon
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        long end = Environment.TickCount64 + (long)Limit.TotalMilliseconds;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < end, $"not reached: {what}");
            await Task.Yield();
        }
    }
}
