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
    private PartitionLogOptions _options;

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
        _options = options;
        Bounds = bounds;
        _segments = segments;
        _epochs = epochs;
        _epochIsDurable = epochIsDurable;
        LeaderEpoch = epochs.Latest;
        _sizeBytes = segments.SizeBytes;
    }

    public SegmentContext Context { get; }

    public string Directory => Context.Directory;

    public string TopicName { get; }

    /// <summary>Replaced in the section; a value counts from its next use on.</summary>
    public PartitionLogOptions Options
    {
        get => Volatile.Read(ref _options);
        set => Volatile.Write(ref _options, value);
    }

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

    /// <summary>
    /// Puts another set in the place of the present one; the segments that it leaves out are retired before that shows. In the
    /// section; their files are the caller's from then on.
    /// </summary>
    public IReadOnlyList<Segment> Replace(SegmentSet next)
    {
        SegmentSet former = _segments;
        IReadOnlyList<Segment> gone = former.Except(next);
        foreach (Segment segment in gone)
            segment.Retire();
        Segments = next;
        AddBytes(next.SizeBytes - former.SizeBytes);
        return gone;
    }

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

    /// <summary>The log's suffix was cut: its epochs go, durably. On a thread that may block, with no append under way.</summary>
    /// <exception cref="DiskException">The device failed or is full.</exception>
    public void CutEpochs()
    {
        LeaderEpochHistory history = _epochs.CutTo(Bounds.LogEnd);
        if (ReferenceEquals(history, _epochs))
            return;
        if (_epochIsDurable)
            history.Write(Context.Disk, Directory);
        Volatile.Write(ref _epochs, history);
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
