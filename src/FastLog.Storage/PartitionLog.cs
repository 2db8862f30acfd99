using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Appending;
using FastLog.Storage.Compaction;
using FastLog.Storage.Disk;
using FastLog.Storage.Epochs;
using FastLog.Storage.Flushing;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Producers;
using FastLog.Storage.Reading;
using FastLog.Storage.Recovery;
using FastLog.Storage.Scrubbing;
using FastLog.Storage.Segments;

namespace FastLog.Storage;

/// <summary>
/// One partition's log: append, read, look up by time. Opened and closed by its <see cref="LogDirectory"/>. All public
/// members from any thread.
/// </summary>
public sealed class PartitionLog
{
    private readonly PartitionState _state;
    private readonly PartitionWriter _writer;
    private readonly LogReader _reader;
    private readonly PartitionServices _services;
    private readonly FlushMember _member;
    private readonly PartitionProducers _producers;
    private readonly LogTruncator _truncator;
    private volatile bool _closed;

    internal PartitionLog(
        SegmentContext context,
        string topicName,
        PartitionLogOptions options,
        RecoveredLog recovered,
        LoadedProducers producers,
        PartitionServices services)
    {
        RuntimePorts ports = services.Ports;
        var bounds = new LogBounds(options.Flush.Mode, recovered.LogStart, recovered.LogEnd);
        _services = services;
        _state = new PartitionState(
            context,
            topicName,
            options,
            bounds,
            recovered.Segments,
            recovered.Epochs,
            recovered.EpochIsDurable,
            new Quarantine(recovered.Defects, services.Diagnostics))
        {
            Log = this,
        };
        _producers = new PartitionProducers(_state, producers, services.Diagnostics, services.ProducerWalks, ports);
        _writer = new PartitionWriter(_state, recovered.Active, _producers, services, Rolled);
        _reader = new LogReader(_state);
        context.Unreadable = new UnreadableBytes(_state).Report;
        _member = services.GroupCommit.Attach(new PartitionFlush(_state, _writer, ports), recovered.Point);
        _writer.Attach(_member);
        Trimmer = new LogTrimmer(
            _state, _writer, _member, _producers, services.MaintenanceExecutor, services.Space, services.RecyclesSegments);
        _truncator = new LogTruncator(_state, _writer, _member, _producers, Trimmer, services.Lookups);
        EndPoint = recovered.Point;
        RecoveredBytes = recovered.ScannedBytes;
        ProducerWalkBytes = producers.WalkedBytes;
    }

    public TopicPartition Id => _state.Context.Id;

    public string TopicName => _state.TopicName;

    public PartitionLogOptions Options => _state.Options;

    /// <summary>First offset still readable.</summary>
    public LogOffset LogStart => _state.Bounds.LogStart;

    /// <summary>The offset the next record will get.</summary>
    public LogOffset LogEnd => _state.Bounds.LogEnd;

    /// <summary>All below survives a power cut.</summary>
    public LogOffset FlushedEnd => _state.Bounds.FlushedEnd;

    /// <summary>All below may be shown to consumers: the flushed end with <c>flush=ack</c>, else the log end.</summary>
    public LogOffset ReadableEnd => _state.Bounds.ReadableEnd;

    /// <summary>Stamped into the next batch.</summary>
    public LeaderEpoch LeaderEpoch => _state.LeaderEpoch;

    /// <summary>Bytes of all segments up to their logical ends, headers included.</summary>
    public long SizeBytes => _state.SizeBytes;

    /// <summary>Bytes above its recovery point that were read when it was opened.</summary>
    public long RecoveredBytes { get; }

    /// <summary>Bytes of batches that were read for its producers when it was opened, wherever its recovery point was.</summary>
    public long ProducerWalkBytes { get; }

    public int SegmentCount => _state.Segments.Count;

    /// <summary>Idempotent producers that are remembered.</summary>
    public int ProducerCount => _producers.Count;

    /// <summary>The room where the log is.</summary>
    public Space.SpaceStatus Space => _services.Space.Status;

    /// <summary>The first failure, when fenced.</summary>
    public StorageFault? Fault => _state.Fault;

    /// <summary>Damage found when the log was opened, by reads and by the scrubber since, in ascending order.</summary>
    public IReadOnlyList<LogDefect> Defects => _state.Quarantine.Defects;

    internal string Directory => _state.Directory;

    internal SegmentContext Context => _state.Context;

    /// <summary>What its compaction remembers.</summary>
    internal CompactionState Compaction { get; } = new();

    /// <summary>Background passes enter here before they work on this log.</summary>
    internal MaintenanceGate Maintenance { get; } = new();

    internal LogTrimmer Trimmer { get; }

    /// <summary>The segments now, one state; others may be there a moment later.</summary>
    internal SegmentSet Segments => _state.Segments;

    /// <summary>Where it was when it was closed; valid after <see cref="CloseAsync"/> said that all is durable.</summary>
    internal FlushPoint EndPoint { get; private set; }

    /// <summary>
    /// Validates, then appends client-built batches that lie one after the other; their offsets and epoch are stamped in
    /// place. The memory is borrowed until the task ends.
    /// </summary>
    public ValueTask<AppendResult> AppendAsync(ReadOnlyMemory<byte> batches, AppendMode mode)
    {
        if (_closed)
            return new ValueTask<AppendResult>(new AppendResult { Status = AppendStatus.Closed, LogStart = LogStart });
        PartitionLogOptions options = _state.Options;
        var limits = BatchLimits.At(_services.Ports.Clock.WallNow, options.BatchSizeMax, options.TimestampAheadMax);
        AppendResult check = AppendCheck.Run(
            batches.Span, limits, needsKeys: options.Compaction is not null, out AppendSummary summary);
        if (check.Status == AppendStatus.Ok && !options.MayUseReserve && !_services.Space.TryTake(batches.Length))
        {
            StorageMetrics.DiskFull(1);
            check = new AppendResult { Status = AppendStatus.ReserveReached };
        }

        return check.Status == AppendStatus.Ok
            ? _writer.AppendAsync(batches, summary, mode)
            : new ValueTask<AppendResult>(check with { LogStart = LogStart });
    }

    /// <summary>
    /// Whole batches from the one that holds <paramref name="from"/>: at least one if there is any below
    /// <paramref name="end"/>, and none that passes it.
    /// </summary>
    /// <param name="from">An offset from the log start to the log end.</param>
    /// <param name="bytesMax">No more bytes, but for the first batch.</param>
    /// <param name="end">Exclusive; what the caller may show, e.g. <see cref="ReadableEnd"/>.</param>
    public ReadResult Read(LogOffset from, int bytesMax, LogOffset end) => _closed
        ? new ReadResult { Status = ReadStatus.Closed, NextOffset = from }
        : _reader.Read(from, bytesMax, end);

    /// <summary>
    /// Other settings from the next append or pass on. An append that waits still ends as it was promised; what was readable
    /// stays readable.
    /// </summary>
    /// <exception cref="StorageException">A value is outside of its range; nothing was changed.</exception>
    public async Task ReconfigureAsync(PartitionLogOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Check(_state.Directory);
        await _writer.Section.RunAsync(() => _writer.Reconfigure(options));
    }

    /// <summary>
    /// Deletes what lies below the offset: the log start moves there, durably, and segments that are wholly below it give their
    /// space back. Nothing happens when the log starts there or later.
    /// </summary>
    /// <returns>The log start now.</returns>
    /// <exception cref="StorageException">
    /// The offset lies above the readable end (<see cref="StorageErrorKind.InvalidArgument"/>), the log is closed, or the
    /// device failed: then the log start has not moved.
    /// </exception>
    public async Task<LogOffset> TrimPrefixAsync(LogOffset before)
    {
        await MoveStartAsync(before);
        if (!Maintenance.TryEnter(changesSegments: true))
        {
            _services.AskRetention(this);
            return LogStart;
        }

        try
        {
            await Trimmer.RemoveBelowStartAsync();
        }
        catch (DiskException)
        {
            // The start has moved; the files go with the next pass, which reports what keeps them.
            _services.AskRetention(this);
        }
        finally
        {
            Maintenance.Leave(changedSegments: true);
        }

        return LogStart;
    }

    /// <summary>
    /// Drops the suffix at and above the offset, durably: what a replica holds that its leader does not. Appends that come
    /// meanwhile wait and follow the new end. A crash before it has ended leaves the log with the new end, the old one or one
    /// between them. A region read above the new end may lose its bytes: only what no consumer was shown may be dropped.
    /// </summary>
    /// <returns>The log end now: the offset, or lower where it lay inside of a batch.</returns>
    /// <exception cref="StorageException">
    /// The batch of the offset reaches below the log start (<see cref="StorageErrorKind.InvalidArgument"/>) or the log is damaged
    /// below it (<see cref="StorageErrorKind.Damaged"/>): nothing was dropped. Or the log is closed, or the device failed: once it
    /// has begun to drop, that fences the log.
    /// </exception>
    public async Task<LogOffset> TruncateSuffixAsync(LogOffset end)
    {
        if (!await Maintenance.EnterToChangeAsync())
            throw new StorageException(StorageErrorKind.Closed, Directory, "the log is closed");
        try
        {
            return await _truncator.RunAsync(end);
        }
        catch (DiskException failure)
        {
            throw DirectoryOpening.AsStorageException(failure);
        }
        finally
        {
            Maintenance.Leave(changedSegments: true);
        }
    }

    /// <summary>The first record at or after the time, below the readable end.</summary>
    /// <exception cref="StorageException">The device failed.</exception>
    public ValueTask<OffsetLookup> FindByTimestampAsync(Timestamp at) =>
        new(_services.Lookups.RunAsync(() => FindByTimestamp(at)));

    /// <summary>Where the largest known leader epoch at or below the one asked for ends in this log.</summary>
    public EpochEnd FindEpochEnd(LeaderEpoch epoch) => _state.Epochs.EndOf(epoch, LogEnd);

    /// <summary>
    /// Puts good batches, from a replica or a backup, in the place of a damaged run and serves it again: durable when it
    /// says so. They are checked first: CRC, offsets, epochs, size, and the chain CRC where it is known.
    /// </summary>
    /// <param name="defect">One of <see cref="Defects"/>.</param>
    /// <param name="batches">The batches of exactly its offsets; borrowed until the task ends.</param>
    public async Task<RangeRepairResult> RepairAsync(LogDefect defect, ReadOnlyMemory<byte> batches)
    {
        ArgumentNullException.ThrowIfNull(defect);
        if (!await Maintenance.EnterToChangeAsync())
            return new RangeRepairResult(RangeRepairStatus.Closed, "the log is closed");
        try
        {
            return await _services.Lookups.RunAsync(() => new RangeRepair(_state, defect, batches).Run());
        }
        finally
        {
            Maintenance.Leave(changedSegments: true);
        }
    }

    /// <exception cref="StorageException">There are too many observers.</exception>
    public void Subscribe(ILogObserver observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        _state.Subscribe(observer);
    }

    public void Unsubscribe(ILogObserver observer) => _state.Unsubscribe(observer);

    /// <summary>
    /// Puts other segments in the place of some, between two appends. The change gets the segments as they are then, which may
    /// be others than the caller saw, and gives the same ones back when it does not fit any more. Those left out are retired:
    /// readers that have their files finish, later ones are served from the new set.
    /// </summary>
    /// <returns>The segments left out: their files are the caller's to delete. They were settled before, see
    /// <see cref="SettleAsync"/>.</returns>
    internal async Task<IReadOnlyList<Segment>> ChangeSegmentsAsync(Func<SegmentSet, SegmentSet> change)
    {
        IReadOnlyList<Segment> gone = [];
        await _writer.Section.RunAsync(() => gone = _state.Replace(change(_state.Segments)));
        return gone;
    }

    /// <summary>A check of one segment as it is now; null when there is none of that base offset any more.</summary>
    internal async Task<SegmentScrub?> BeginScrubAsync(LogOffset segmentBase, StorageDiagnostics diagnostics)
    {
        SegmentScrub? scrub = null;
        await _writer.Section.RunAsync(() =>
        {
            SegmentSet segments = _state.Segments;
            int index = segments.IndexOf(segmentBase);
            if (index < 0 || segments[index].BaseOffset != segmentBase)
                return;
            FlushPoint end = segments[index] switch
            {
                ActiveSegment active => active.Point,
                SealedSegment { Seal: var seal } => new FlushPoint(
                    seal.BaseOffset, seal.EndPosition, seal.NextOffset, seal.ChainCrc),
                _ => throw new InvalidOperationException("a segment is active or sealed"),
            };
            scrub = new SegmentScrub(_state, segments[index], end, diagnostics);
        });
        return scrub;
    }

    /// <summary>
    /// Ends when all that was written before the call is durable in its own files and group commit uses none of the
    /// sealed ones any more.
    /// </summary>
    /// <exception cref="DiskException">A flush failed, now or earlier.</exception>
    internal Task SettleAsync() => _member.SettleAsync();

    /// <summary>
    /// Settles, and ends when that is durable in the recovery log: no start writes into a segment again that was sealed before
    /// the call.
    /// </summary>
    /// <exception cref="DiskException">A flush failed, now or earlier, or the device is full.</exception>
    internal Task RecordAsync() => _member.RecordAsync();

    /// <summary>Seals the active segment when its first append is older, and begins the next one.</summary>
    internal Task RollIfOlderAsync(TimeSpan age) => age == TimeSpan.MaxValue
        ? Task.CompletedTask
        : _writer.Section.RunAsync(() => _writer.RollIfOlder(age));

    /// <summary>Seals the segment if it still is the active one and holds records, and begins the next one.</summary>
    internal Task SealAsync(Segment segment) => _writer.Section.RunAsync(() => _writer.SealActive(segment));

    /// <summary>Flushes and closes. True when all of it is durable, so that the next start need not look.</summary>
    internal async Task<bool> CloseAsync()
    {
        bool durable = true;
        await Maintenance.CloseAsync();
        await _writer.Section.RunAsync(_writer.BeginClose);
        try
        {
            await _member.DetachAsync();
        }
        catch (DiskException)
        {
            durable = false;
        }

        await _writer.SettledAsync();
        bool isWhole = false;
        await _writer.Section.RunAsync(() => isWhole = CloseFiles(durable));
        await _producers.SettledAsync();
        return isWhole;
    }

    /// <summary>Leaves without a flush, for a deletion; what waits is told that the log is closed.</summary>
    internal async Task AbandonAsync()
    {
        _closed = true;
        await Maintenance.CloseAsync();
        await _writer.Section.RunAsync(_writer.BeginClose);
        try
        {
            await _member.RemoveAsync();
        }
        catch (DiskException failure) when (failure.IsDiskFull)
        {
            // Deleting is how room is made. The note stays due, and a start forgets what has no directory.
        }

        await _writer.SettledAsync();
        await _writer.Section.RunAsync(() => CloseFiles(durable: false));
        await _producers.SettledAsync();
    }

    private async Task MoveStartAsync(LogOffset start)
    {
        if (!Maintenance.TryEnter(changesSegments: false))
            throw new StorageException(StorageErrorKind.Closed, Directory, "the log is closed");
        try
        {
            // With all records gone, the segment that holds them can go as well.
            SegmentSet segments = _state.Segments;
            bool isAll = segments.Count > 0 && segments[^1].End.NextOffset == start;
            await Trimmer.MoveStartAsync(start, isAll ? segments[^1] : null);
        }
        catch (DiskException failure)
        {
            throw DirectoryOpening.AsStorageException(failure);
        }
        finally
        {
            Maintenance.Leave(changedSegments: false);
        }
    }

    /// <summary>A segment was begun: with a bound on the size another one may have to go, and the next one is to be ready.</summary>
    private void Rolled()
    {
        bool isOver = _state.Options.RetentionSizeMax is { } sizeMax && _state.SizeBytes > sizeMax;
        if (isOver || (_services.RecyclesSegments && _writer.RollsOften))
            _services.AskRetention(this);
    }

    private bool CloseFiles(bool durable)
    {
        _closed = true;
        ActiveSegment? active = _writer.Active;
        if (active is not null)
            EndPoint = active.Point;
        durable &= _state.Fault is null;

        // All that was written is durable when the member has left: its last acknowledgements may still be on their way.
        if (durable && active is not null)
            _writer.FlushEnded(active.Point, null);
        _writer.FailWaiting(new AppendResult { Status = AppendStatus.Closed });
        active?.CloseIndexes();
        _state.Context.Spare.Close();
        _state.Unflushed.Close();
        SegmentSet segments = _state.Segments;
        for (int i = 0; i < segments.Count; i++)
            segments[i].File.Close();
        durable &= _state.Bounds.FlushedEnd == _state.Bounds.LogEnd;
        if (durable)
            _producers.TakeLastSnapshot();
        _producers.Leave();
        return durable;
    }

    private OffsetLookup FindByTimestamp(Timestamp at)
    {
        try
        {
            return new TimestampLookup(_state).Find(at);
        }
        catch (DiskException failure)
        {
            throw new StorageException(StorageErrorKind.Device, failure.Path, failure.Message, failure);
        }
    }
}
