using FastLog.Primitives;

namespace FastLog.Broker.Partitions;

/// <summary>Tells now and then how far the opening of the partitions is, until it is disposed. Thread-safe.</summary>
internal sealed class RecoveryProgress : IDisposable
{
    private readonly IReadOnlyList<TopicEntry> _topics;
    private readonly RuntimePorts _ports;
    private readonly IBrokerLog _log;
    private readonly MonotonicTime _startedAt;
    private readonly ActionWork _tell;
    private volatile bool _isOver;

    private RecoveryProgress(IReadOnlyList<TopicEntry> topics, RuntimePorts ports, IBrokerLog log, MonotonicTime startedAt)
    {
        _topics = topics;
        _ports = ports;
        _log = log;
        _startedAt = startedAt;
        _tell = new ActionWork(Tell);
    }

    public static RecoveryProgress Begin(
        IReadOnlyList<TopicEntry> topics, RuntimePorts ports, IBrokerLog log, MonotonicTime startedAt)
    {
        var progress = new RecoveryProgress(topics, ports, log, startedAt);
        progress.TellLater();
        return progress;
    }

    public static int Count(IReadOnlyList<TopicEntry> topics, PartitionState state) =>
        topics.Sum(topic => topic.Partitions.Count(partition => partition.Status.State == state));

    public static long BytesRead(IReadOnlyList<TopicEntry> topics) =>
        topics.Sum(topic => topic.Partitions.Sum(partition => partition.Status.Log?.RecoveredBytes ?? 0));

    public static long ProducerBytesRead(IReadOnlyList<TopicEntry> topics) =>
        topics.Sum(topic => topic.Partitions.Sum(partition => partition.Status.Log?.ProducerWalkBytes ?? 0));

    public void Dispose() => _isOver = true;

    private void TellLater() => _ports.Timers.Schedule(BrokerLimits.RecoveryProgressInterval, _tell);

    private void Tell()
    {
        if (_isOver)
            return;
        _log.Recovering(
            Count(_topics, PartitionState.Serving),
            _topics.Sum(topic => topic.Partitions.Count),
            BytesRead(_topics),
            _ports.Clock.Now.Since(_startedAt));
        TellLater();
    }
}
