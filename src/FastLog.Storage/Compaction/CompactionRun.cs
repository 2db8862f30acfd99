using System.Globalization;
using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Compaction;

/// <summary>
/// One pass over a log with one key map: notes the last offsets of the keys in what is new, then goes over all segments from
/// the log's start, in ascending order, since a tombstone may only go after the older records of its key. A segment that
/// fails is left as it is, and those behind it are done. Once; one thread at a time.
/// </summary>
internal sealed class CompactionRun : IDisposable
{
    private readonly PartitionLog _log;
    private readonly CompactionPlan _plan;
    private readonly MaintenanceTools _tools;
    private readonly IoThrottle _throttle;
    private readonly Timestamp _horizon;
    private readonly MonotonicTime _begun;
    private readonly DirtyScan _scan;
    private readonly CompactionFilter _filter;
    private readonly KeyMap _map;
    private LogOffset _heldFrom = LogOffset.None;
    private long _bytesBefore;
    private long _bytesAfter;
    private long _recordsDropped;
    private int _segmentsWritten;

    public CompactionRun(
        PartitionLog log,
        CompactionPlan plan,
        CompactionPolicy policy,
        long mapBytesMax,
        MaintenanceTools tools,
        IoThrottle throttle)
    {
        _log = log;
        _plan = plan;
        _tools = tools;
        _throttle = throttle;
        _begun = tools.Ports.Clock.Now;
        Timestamp now = tools.Clock.Now;
        double horizon = now.UnixMilliseconds + policy.TombstoneRetention.TotalMilliseconds;
        _horizon = new Timestamp((long)Math.Min(horizon, long.MaxValue / 2));
        var keys = KeyHasher.Draw(tools.Ports.Entropy);
        var producers = KeyHasher.Draw(tools.Ports.Entropy);

        // At most a key for each offset, and a producer for each batch.
        long offsets = plan.Segments[^1].End.NextOffset.Since(plan.From);
        _map = new KeyMap(mapBytesMax, offsets > long.MaxValue / 4 ? offsets : offsets * 2);
        _scan = new DirtyScan(_map, keys, producers, plan.Segments, plan.From);
        _filter = new CompactionFilter(_map, keys, producers, _scan, now, log.Options.ProducerExpiration);
    }

    /// <summary>Where the next pass goes on. After <see cref="RunAsync"/>.</summary>
    public CleanPoint Point { get; private set; }

    /// <summary>True when the map took all that is new.</summary>
    /// <exception cref="DiskException">The device failed or is full; what was done until then counts.</exception>
    /// <exception cref="OperationCanceledException">The log is being closed.</exception>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        await DriveAsync(_scan.Run(), cancellationToken);
        foreach ((SealedSegment segment, LogDefect defect) in _scan.Failed)
            Failed(segment, defect);

        // What failed in an earlier pass still holds what is above it, unless this one begins at the start.
        LogOffset former = _log.Compaction.Point?.HeldFrom ?? LogOffset.None;
        bool isFromStart = _plan.From <= LogOffset.Max(_log.LogStart, _plan.Segments[0].BaseOffset);
        if (!isFromStart && !former.IsNone)
            Hold(former);
        SealedSegment[] sources = [.. _plan.Segments.TakeWhile(segment => segment.BaseOffset < _scan.End)];
        foreach (IReadOnlyList<SealedSegment> group in CompactionPlan.Group(sources, _log.Options.SegmentSizeMax))
            await CompactAsync(group, cancellationToken);
        Point = new CleanPoint(_scan.End, _heldFrom);
        Report();
        return _scan.End >= _plan.Segments[^1].End.NextOffset;
    }

    public void Dispose() => _scan.Dispose();

    private async Task CompactAsync(IReadOnlyList<SealedSegment> group, CancellationToken cancellationToken)
    {
        for (int from = 0; from < group.Count;)
        {
            int count = group.Count - from;
            while (count > 0)
            {
                int done = await TryCompactAsync([.. group.Skip(from).Take(count)], cancellationToken);
                if (done == count)
                    break;
                if (done == 0)
                {
                    // The first one fails by itself: it is left out.
                    count = 1;
                    break;
                }

                // Those before the one that fails, by themselves.
                count = done;
            }

            from += count;
        }
    }

    /// <summary>How many of the segments from the first on can be compacted together: all of them, when they were.</summary>
    private async Task<int> TryCompactAsync(SealedSegment[] sources, CancellationToken cancellationToken)
    {
        using var rewrite = new SegmentRewrite(_log.Context, sources, _filter, _scan.End, _horizon);
        try
        {
            await DriveAsync(rewrite.Run(), cancellationToken);
        }
        catch (CompactionDamageException damage)
        {
            Failed(sources[rewrite.At], damage.Defect);
            return rewrite.At;
        }

        long before = sources.Sum(static source => source.End.Position.Value);
        _bytesBefore += before;
        _recordsDropped += rewrite.RecordsDropped;
        if (rewrite.Result is not { } compacted)
        {
            _bytesAfter += before;
            return sources.Length;
        }

        _bytesAfter += compacted.Seal.EndPosition.Value;
        _segmentsWritten++;
        await SwapAsync(sources, compacted);
        return sources.Length;
    }

    private async Task SwapAsync(SealedSegment[] sources, CompactedSegment compacted)
    {
        SegmentContext context = _log.Context;
        try
        {
            await _log.Trimmer.OnDeviceAsync(() => SegmentSwap.Commit(context, compacted));
        }
        catch (DiskException failure)
        {
            // Either may be there after a crash. The sources go on here; a later swap must not meet this one's rest.
            compacted.File.Dispose();
            Stop(failure);
            throw;
        }

        SealedSegment next = compacted.AsSegment(context);
        IReadOnlyList<Segment> gone = await _log.ChangeSegmentsAsync(set => set.Replaced(sources, next));
        try
        {
            await _log.Trimmer.OnDeviceAsync(() =>
            {
                foreach (Segment source in gone)
                    source.DeleteFiles();
                SegmentSwap.Complete(context, next.BaseOffset);
                next.WriteIndexes(compacted.Image);
            });
        }
        catch (DiskException failure)
        {
            // It is served from the open file; the next start gives it its name.
            Stop(failure);
            throw;
        }

        next.File.Unpin();
        next.File.Drop();
    }

    private async Task DriveAsync(IEnumerable<long> work, CancellationToken cancellationToken)
    {
        using IEnumerator<long> steps = work.GetEnumerator();
        bool isMore = true;
        while (isMore)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (isMore, long bytes) = await _tools.Executor.RunAsync(() => Burst(steps));
            await _throttle.SpendAsync(bytes, cancellationToken);
        }
    }

    /// <summary>As many steps as make a burst of the rate: a step alone is over before another thread takes up the next one.</summary>
    private (bool IsMore, long Bytes) Burst(IEnumerator<long> steps)
    {
        long bytes = 0;
        do
        {
            if (!steps.MoveNext())
                return (false, bytes);
            bytes += steps.Current;
        }
        while (bytes < _throttle.BurstBytes);

        return (true, bytes);
    }

    private void Failed(SealedSegment segment, LogDefect defect)
    {
        Hold(segment.BaseOffset);
        if (_log.Compaction.IsNew(defect))
            _tools.Diagnostics.CompactionFailed(defect);
    }

    private void Hold(LogOffset from)
    {
        _heldFrom = _heldFrom.IsNone ? from : LogOffset.Min(_heldFrom, from);
        _filter.HeldFrom = _heldFrom;
    }

    private void Stop(DiskException failure)
    {
        _log.Compaction.IsStopped = true;
        _tools.Diagnostics.CompactionStopped(_log.Directory, failure);
    }

    private void Report()
    {
        StorageMetrics.Compacted(_bytesBefore, _recordsDropped);
        if (_segmentsWritten == 0)
            return;
        double seconds = _tools.Ports.Clock.Now.Since(_begun).TotalSeconds;
        _tools.Diagnostics.LogCompacted(
            _log.Directory,
            string.Create(
                CultureInfo.InvariantCulture,
                $"compacted up to offset {_scan.End}: {_segmentsWritten} segments written, {_bytesBefore} bytes became "
                    + $"{_bytesAfter}, {_recordsDropped} records went, {_map.Count} keys and producers in "
                    + $"{_map.SizeBytes} bytes, {seconds:0.000} s"));
    }
}
