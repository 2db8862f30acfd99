using FastLog.Primitives;

namespace FastLog.Storage.Maintenance;

/// <summary>
/// Keeps the passes that change one log's segments apart, and ends all of its passes before its files are closed.
/// Thread-safe; waiting takes no thread.
/// </summary>
#pragma warning disable CA1001 // The source has neither a timer nor a wait handle, and passes may look at its token to the end.
internal sealed class MaintenanceGate
#pragma warning restore CA1001
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly Queue<TaskCompletionSource<bool>> _waiting = new();
    private TaskCompletionSource? _left;
    private int _inside;
    private bool _changing;
    private bool _closed;

    /// <summary>Cancelled when the log is about to be closed.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>False when another one changes the segments, or the log is being closed.</summary>
    public bool TryEnter(bool changesSegments)
    {
        lock (_gate)
        {
            if (_closed || (changesSegments && _changing))
                return false;
            _inside++;
            _changing |= changesSegments;
            return true;
        }
    }

    /// <summary>To change segments: true when the caller is inside; false when the log is being closed.</summary>
    public Task<bool> EnterToChangeAsync()
    {
        lock (_gate)
        {
            if (TryEnter(changesSegments: true))
                return Task.FromResult(true);
            if (_closed)
                return Task.FromResult(false);
            var turn = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue(turn);
            return turn.Task;
        }
    }

    public void Leave(bool changedSegments)
    {
        TaskCompletionSource<bool>? next = null;
        TaskCompletionSource? left = null;
        lock (_gate)
        {
            // The place of one that changes segments goes on to the next such one.
            if (!changedSegments || !_waiting.TryDequeue(out next))
            {
                _inside--;
                _changing &= !changedSegments;
            }

            Invariant.Check(_inside >= 0);
            if (_inside == 0)
                left = _left;
        }

        next?.SetResult(true);
        left?.TrySetResult();
    }

    /// <summary>Lets nobody in any more, cancels those inside, and ends when they have left. More calls are as one.</summary>
    public async Task CloseAsync()
    {
        Task left;
        TaskCompletionSource<bool>[] refused;
        lock (_gate)
        {
            _closed = true;
            refused = [.. _waiting];
            _waiting.Clear();
            _left ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_inside == 0)
                _left.TrySetResult();
            left = _left.Task;
        }

        foreach (TaskCompletionSource<bool> turn in refused)
            turn.SetResult(false);
        _closing.Cancel();
        await left;
    }
}
