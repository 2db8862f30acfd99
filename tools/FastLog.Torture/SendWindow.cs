namespace FastLog.Torture;

/// <summary>Sends without an answer yet, in order and no more than a bound. One caller at a time.</summary>
internal sealed class SendWindow(int inFlightMax)
{
    private readonly Queue<Task<bool>> _open = new();

    /// <param name="send">True when it was acknowledged.</param>
    public void Add(Task<bool> send) => _open.Enqueue(send);

    /// <summary>Takes the oldest ones out while too many are open or they have ended.</summary>
    /// <returns>False when one failed: what fails once fails on, a broker that was killed or fenced takes no more.</returns>
    public async Task<bool> AdvanceAsync(CancellationToken cancellationToken)
    {
        while (_open.TryPeek(out Task<bool>? first) && (_open.Count > inFlightMax || first.IsCompleted))
        {
            if (!await first.WaitAsync(cancellationToken))
                return false;
            _ = _open.Dequeue();
        }

        return true;
    }

    /// <summary>Ends when the fate of each send is told.</summary>
    public Task SettleAsync() => Task.WhenAll(_open);
}
