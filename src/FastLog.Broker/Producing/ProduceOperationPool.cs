using System.Collections.Concurrent;

namespace FastLog.Broker.Producing;

/// <summary>Keeps produce operations for their next use. Thread-safe.</summary>
internal sealed class ProduceOperationPool(BrokerServices services)
{
    private const int KeptMax = 1_024;

    private readonly ConcurrentQueue<ProduceOperation> _kept = new();
    private int _count;

    public ProduceOperation Rent()
    {
        if (!_kept.TryDequeue(out ProduceOperation? operation))
            return new ProduceOperation(services, this);
        Interlocked.Decrement(ref _count);
        return operation;
    }

    public void Return(ProduceOperation operation)
    {
        operation.Reset();
        if (Interlocked.Increment(ref _count) <= KeptMax)
            _kept.Enqueue(operation);
        else
            Interlocked.Decrement(ref _count);
    }
}
