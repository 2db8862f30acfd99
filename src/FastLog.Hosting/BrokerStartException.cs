using FastLog.Broker;
using FastLog.Broker.Topics;
using FastLog.Hosting.Configuration;
using FastLog.Storage;
using FastLog.Storage.Disk;
using FastLog.Transport.Network;

namespace FastLog.Hosting;

/// <summary>A broker cannot start: one line that says what, why, and how to fix it.</summary>
public sealed class BrokerStartException(string message, Exception inner) : Exception(message, inner)
{
    /// <summary>Null when the cause is none that a user can mend.</summary>
    internal static BrokerStartException? Explain(Exception cause, BrokerConfiguration configuration)
    {
        string data = configuration.Text(ConfigSchema.DataDirectory);
        string? message = cause switch
        {
            NetworkException => $"{cause.Message}; "
                + "choose another address with --listen HOST:PORT (port 0 picks a free one)",
            StorageException => cause.Message,
            TopicStoreException => cause.Message,
            BrokerOptionsException => cause.Message,
            DiskException => $"the data directory '{data}' cannot be used: {cause.Message}; choose another with --data DIR",
            _ => null,
        };
        return message is null ? null : new BrokerStartException(message, cause);
    }
}
