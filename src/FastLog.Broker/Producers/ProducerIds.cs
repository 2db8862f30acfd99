using FastLog.Primitives;

namespace FastLog.Broker.Producers;

/// <summary>Gives out producer ids from a block that was reserved durably before. Thread-safe.</summary>
internal sealed class ProducerIds(IProducerIdStore store)
{
    private readonly AsyncGate _gate = new();
    private long _next;
    private long _end;

    /// <exception cref="ProducerIdStoreException">No block could be reserved.</exception>
    public async ValueTask<long> NextAsync()
    {
        await _gate.EnterAsync();
        try
        {
            if (_next == _end)
            {
                long first = await store.ReserveBlockAsync();
                _next = first;
                _end = first + BrokerLimits.ProducerIdBlock;
            }

            return _next++;
        }
        finally
        {
            _gate.Leave();
        }
    }
}
