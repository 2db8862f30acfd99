namespace FastLog.Broker;

/// <summary>Where a broker's state changes are told. Called from any thread; must be short and must not throw.</summary>
public interface IBrokerLog
{
    void Report(in BrokerEvent occurred);
}

/// <summary>How much an event matters.</summary>
public enum BrokerEventLevel
{
    Debug,
    Information,
    Warning,
    Error,
}

/// <summary>What happened; the numbers are the event ids of the log and never change.</summary>
public enum BrokerEventKind
{
    Started = 1,
    Ready = 2,
    Stopping = 3,
    Stopped = 4,
    Recovering = 5,
    PartitionFailed = 10,
    PartitionFenced = 11,
    PartitionDamaged = 12,
    PartitionUnknown = 13,
    TopicCreated = 20,
    TopicDeleted = 21,
    TopicFilesRemoved = 22,
    TopicFilesKept = 23,
    TopicGrown = 24,
    TopicAltered = 25,
    OffsetsLoaded = 26,
    OffsetsDamaged = 27,
    OffsetsFailed = 28,
    OffsetsForgotten = 29,
    RequestFailed = 30,
    ProducerIdsFailed = 31,
    ConnectionOpened = 40,
    ConnectionClosed = 41,
    ConnectionRefused = 42,
    AcceptFailed = 43,
    StorageTold = 50,
    StorageWarned = 51,
}

/// <summary>One state change.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="Message">A sentence for people.</param>
/// <param name="Cause">The exception behind it, if any.</param>
public readonly record struct BrokerEvent(
    BrokerEventKind Kind, BrokerEventLevel Level, string Message, Exception? Cause = null);

/// <summary>Tells nothing.</summary>
public sealed class SilentBrokerLog : IBrokerLog
{
    public static readonly SilentBrokerLog Instance = new();

    private SilentBrokerLog()
    {
    }

    public void Report(in BrokerEvent occurred)
    {
    }
}
