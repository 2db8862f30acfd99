namespace FastLog.Primitives;

/// <summary>One holder at a time, first come first served; waiting takes no thread. Thread-safe.</summary>
public sealed class AsyncGate
{
    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private bool _isHeld;

    /// <summary>Ends when the caller holds the gate; <see cref="Leave"/> gives it on.</summary>
    public ValueTask EnterAsync()
    {
        lock (_gate)
        {
            if (!_isHeld)
            {
                _isHeld = true;
                return ValueTask.CompletedTask;
            }

            var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
            return new ValueTask(turn.Task);
        }
    }

    public void Leave()
    {
        TaskCompletionSource? next;
        lock (_gate)
        {
            if (!_waiting.TryDequeue(out next))
                _isHeld = false;
        }

        next?.SetResult();
    }
}
