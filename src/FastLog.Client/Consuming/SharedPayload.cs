using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>
/// The payload of one fetch response, shared by the batches cut out of it; given back with the last of them.
/// Thread-safe.
/// </summary>
internal sealed class SharedPayload(BufferLease lease)
{
    private int _holds = 1;

    public ReadOnlyMemory<byte> Memory { get; } = lease.Memory;

    public void Hold() => Interlocked.Increment(ref _holds);

    public void Release()
    {
        int holds = Interlocked.Decrement(ref _holds);
        Invariant.Check(holds >= 0);
        if (holds == 0)
            lease.Dispose();
    }
}
