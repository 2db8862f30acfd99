using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Epochs;
using FastLog.Storage.Flushing;
using FastLog.Storage.Reading;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Appending;

/// <summary>
/// What the writer, the readers and the facade of one partition log share. Written in the section, but for the fault and the
/// observers, which anybody may set; read from any thread.
/// </summary>
internal sealed class PartitionState
{
    private readonly Lock _observerGate = new();
    private SegmentSet _segments;
    private ILogObserver[] _observers = [];
    private StorageFault? _fault;
    private long _sizeBytes;
    private LeaderEpochHistory _epochs;
    private bool _epochIsDurable;

    public PartitionState(
        SegmentContext context,
        string topicName,
        PartitionLogOptions options,
        LogBounds bounds,
        SegmentSet segments,
        LeaderEpochHistory epochs,
        bool epochIsDurable,
        Quarantine quarantine)
    {
        Quarantine = quarantine;
        Context = context;
        TopicName = topicName;
        Options = options;
        Bounds = bounds;
        _segments = segments;
        _epochs = epochs;
        _epochIsDurable = epochIsDurable;
        LeaderEpoch = epochs.Latest;
        for (int i = 0; i < segments.Count; i++)
            _sizeBytes += segments[i].End.Position.Value;
    }

    public SegmentContext Context { get; }

    public string Directory => Context.Directory;

    public string TopicName { get; }

    public PartitionLogOptions Options { get; }

    public LogBounds Bounds { get; }

    public Quarantine Quarantine { get; }

    public UnflushedRanges Unflushed { get; } = new();

    public LeaderEpoch LeaderEpoch { get; }

    public LeaderEpochHistory Epochs => Volatile.Read(ref _epochs);

    /// <summary>Set once, right after the construction.</summary>
    public PartitionLog Log { get; set; } = null!;

    public SegmentSet Segments
    {
        get => Volatile.Read(ref _segments);
        set => Volatile.Write(ref _segments, value);
    }

    public StorageFault? Fault => Volatile.Read(ref _fault);

    public IReadOnlyList<ILogObserver> Observers => Volatile.Read(ref _observers);

    public long SizeBytes => Volatile.Read(ref _sizeBytes);

    /// <summary>From any thread; the first one stays.</summary>
    public void SetFault(StorageFault fault) => Interlocked.CompareExchange(ref _fault, fault, null);

    /// <summary>The log grew by this much. In the section.</summary>
    public void AddBytes(long bytes) => Volatile.Write(ref _sizeBytes, _sizeBytes + bytes);

    /// <summary>The epoch file holds the present epoch from here on; it must before the first batch that carries it.</summary>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public void MakeEpochDurable()
    {
        if (_epochIsDurable)
            return;
        _epochs.Write(Context.Disk, Directory);
        _epochIsDurable = true;
    }

    /// <exception cref="StorageException">There are too many.</exception>
    public void Subscribe(ILogObserver observer)
    {
        lock (_observerGate)
        {
            if (_observers.Length >= StorageLimits.ObserversMax)
                throw new StorageException(
                    StorageErrorKind.InvalidArgument,
                    Directory,
                    $"a partition log takes at most {StorageLimits.ObserversMax} observers");
            Volatile.Write(ref _observers, [.. _observers, observer]);
        }
    }

    public void Unsubscribe(ILogObserver observer)
    {
        lock (_observerGate)
            Volatile.Write(ref _observers, [.. _observers.Where(other => !ReferenceEquals(other, observer))]);
    }
}
