using System.Runtime.CompilerServices;

namespace FastLog.Client;

/// <summary>
/// A record that was accepted and is on its way. Await it for the receipt, as often as you like and from any thread; not
/// awaiting it costs nothing. A failure shows when it is awaited, and else in <see cref="Producer.FlushAsync"/>.
/// </summary>
public readonly struct PendingReceipt : IEquatable<PendingReceipt>
{
    /// <summary>The record was acknowledged or has failed.</summary>
    public bool IsCompleted => throw new NotImplementedException();

    public PendingReceiptAwaiter GetAwaiter() => throw new NotImplementedException();

    /// <summary>The same as a task, for combinators.</summary>
    public Task<ProduceReceipt> AsTask() => throw new NotImplementedException();

    public bool Equals(PendingReceipt other) => throw new NotImplementedException();

    public override bool Equals(object? obj) => obj is PendingReceipt other && Equals(other);

    public override int GetHashCode() => throw new NotImplementedException();

    public static bool operator ==(PendingReceipt left, PendingReceipt right) => left.Equals(right);

    public static bool operator !=(PendingReceipt left, PendingReceipt right) => !left.Equals(right);
}

/// <summary>For <c>await</c>.</summary>
public readonly struct PendingReceiptAwaiter : ICriticalNotifyCompletion
{
    public bool IsCompleted => throw new NotImplementedException();

    /// <exception cref="FastLogException">The record failed.</exception>
    public ProduceReceipt GetResult() => throw new NotImplementedException();

    public void OnCompleted(Action continuation) => throw new NotImplementedException();

    public void UnsafeOnCompleted(Action continuation) => throw new NotImplementedException();
}
