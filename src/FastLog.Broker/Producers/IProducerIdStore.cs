namespace FastLog.Broker.Producers;

/// <summary>Where blocks of producer ids come from. One call at a time.</summary>
public interface IProducerIdStore
{
    /// <summary>Reserves as many ids as <see cref="BrokerLimits.ProducerIdBlock"/>: nobody gets them again, whatever crashes.</summary>
    /// <returns>The first of them, when the reservation is durable.</returns>
    /// <exception cref="ProducerIdStoreException">It could not be made; nothing was reserved, or what was is lost.</exception>
    ValueTask<long> ReserveBlockAsync();
}

/// <summary>No producer ids can be reserved.</summary>
public sealed class ProducerIdStoreException(string path, string details, Exception? inner = null)
    : IOException($"the file of producer ids '{path}' {details}", inner);
