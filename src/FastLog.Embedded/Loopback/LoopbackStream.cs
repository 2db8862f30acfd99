using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Embedded.Loopback;

/// <summary>
/// Bytes one way: a receive copies from the memory of the send that waits, and a send ends when all of it was copied. One
/// sender and one receiver at a time, from any thread.
/// </summary>
internal sealed class LoopbackStream
{
    private readonly Lock _gate = new();
    private ReadOnlyMemory<byte> _offered;
    private TaskCompletionSource? _sending;
    private Memory<byte> _wanted;
    private TaskCompletionSource<int>? _receiving;
    private bool _isEnded;
    private string? _broken;

    /// <exception cref="NetworkException">The stream broke.</exception>
    public ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource<int> receiving;
        lock (_gate)
        {
            Invariant.Check(_receiving is null);
            ThrowIfBroken();
            if (!_offered.IsEmpty)
                return new ValueTask<int>(Take(destination));
            if (_isEnded)
                return new ValueTask<int>(0);
            receiving = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            _wanted = destination;
            _receiving = receiving;
        }

        return cancellationToken.CanBeCanceled
            ? new ValueTask<int>(UntilReceivedAsync(receiving, cancellationToken))
            : new ValueTask<int>(receiving.Task);
    }

    /// <summary>Ends when the receiver has all of it.</summary>
    /// <exception cref="NetworkException">The stream broke: what was received is unknown.</exception>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (bytes.IsEmpty)
            return ValueTask.CompletedTask;
        TaskCompletionSource sending;
        lock (_gate)
        {
            Invariant.Check(_sending is null);
            ThrowIfBroken();
            if (_isEnded)
                throw new NetworkException("the sending side was ended");
            _offered = bytes;
            if (_receiving is { } receiving)
            {
                _receiving = null;
                receiving.SetResult(Take(_wanted));
                _wanted = default;
            }

            if (_offered.IsEmpty)
                return ValueTask.CompletedTask;
            sending = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _sending = sending;
        }

        return cancellationToken.CanBeCanceled
            ? new ValueTask(UntilSentAsync(sending, cancellationToken))
            : new ValueTask(sending.Task);
    }

    /// <summary>Nothing more is sent: the receiver gets the end after what is on its way.</summary>
    public void End()
    {
        TaskCompletionSource<int>? receiving;
        lock (_gate)
        {
            _isEnded = true;
            receiving = _receiving;
            _receiving = null;
            _wanted = default;
        }

        receiving?.SetResult(0);
    }

    /// <summary>Fails both sides, now and from now on.</summary>
    public void Break(string reason)
    {
        TaskCompletionSource? sending;
        TaskCompletionSource<int>? receiving;
        lock (_gate)
        {
            _broken ??= reason;
            (sending, receiving) = (_sending, _receiving);
            _sending = null;
            _receiving = null;
            _offered = default;
            _wanted = default;
        }

        sending?.SetException(new NetworkException(reason));
        receiving?.SetException(new NetworkException(reason));
    }

    // Under the lock. The sender's continuation runs elsewhere.
    private int Take(Memory<byte> destination)
    {
        int count = Math.Min(destination.Length, _offered.Length);
        _offered.Span[..count].CopyTo(destination.Span);
        _offered = _offered[count..];
        if (_offered.IsEmpty)
        {
            _sending?.SetResult();
            _sending = null;
        }

        return count;
    }

    private async Task<int> UntilReceivedAsync(TaskCompletionSource<int> receiving, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            (_, token) => CancelReceive(receiving, token), null);
        return await receiving.Task;
    }

    // Bytes that were copied are told; else the destination is free again, and the stream as it was.
    private void CancelReceive(TaskCompletionSource<int> receiving, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_receiving, receiving))
                return;
            _receiving = null;
            _wanted = default;
        }

        receiving.SetCanceled(cancellationToken);
    }

    private async Task UntilSentAsync(TaskCompletionSource sending, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            (_, token) => CancelSend(sending, token), null);
        await sending.Task;
    }

    // A part may have been received: nothing sound can follow it.
    private void CancelSend(TaskCompletionSource sending, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_sending, sending))
                return;
            _sending = null;
            _offered = default;
        }

        sending.SetCanceled(cancellationToken);
        Break("a send was cancelled part way");
    }

    private void ThrowIfBroken()
    {
        if (_broken is not null)
            throw new NetworkException(_broken);
    }
}
