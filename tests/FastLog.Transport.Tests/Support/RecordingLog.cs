using System.Collections.Concurrent;
using System.Net;

namespace FastLog.Transport.Tests;

internal sealed class RecordingLog : ITransportLog
{
    public ConcurrentQueue<CloseReason> Refused { get; } = new();

    public ConcurrentQueue<CloseReason> Closed { get; } = new();

    public void ConnectionOpened(EndPoint remoteAddress)
    {
    }

    public void ConnectionClosed(EndPoint remoteAddress, CloseReason reason, in ConnectionCounts counts) =>
        Closed.Enqueue(reason);

    public void ConnectionRefused(EndPoint remoteAddress, CloseReason reason) => Refused.Enqueue(reason);

    public void AcceptFailed(Exception cause)
    {
    }

    public void HandlerFailed(EndPoint remoteAddress, Exception cause)
    {
    }
}

/// <summary>Answers when told to; a stop waits for that.</summary>
internal sealed class FinishingHandler : IFrameHandler
{
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FrameConnection? _connection;
    private InboundFrame? _frame;

    public TaskCompletionSource Got { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void OnStarted(FrameConnection connection)
    {
        _connection = connection;
        connection.Open();
    }

    public ValueTask OnFrameAsync(InboundFrame frame)
    {
        _frame = frame;
        Got.SetResult();
        return ValueTask.CompletedTask;
    }

    public void Finish()
    {
        _connection!.TrySend(TestFrames.Echo(_frame!));
        _frame!.Dispose();
        _finished.SetResult();
    }

    public async ValueTask OnStoppingAsync() => await _finished.Task;

    public void OnClosed(CloseReason reason)
    {
    }
}
