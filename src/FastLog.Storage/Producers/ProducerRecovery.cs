using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Epochs;
using FastLog.Storage.Reading;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Producers;

/// <summary>
/// Builds what a partition knows of its producers: the newest good snapshot, and the batch headers from there to the log end. In
/// a log whose snapshots are all lost the headers are walked from its start. On a thread that may block.
/// </summary>
internal sealed class ProducerRecovery(SegmentContext context, StorageDiagnostics diagnostics, MonotonicTime now)
{
    /// <summary>Small, so that of large batches little but the headers is read.</summary>
    private const int WindowSize = 4 << 10;

    /// <summary>How much of a batch a walk reads.</summary>
    public static long WalkOf(int batchSize) => Math.Min(batchSize, WindowSize);

    /// <summary>At a start.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public LoadedProducers Run(RecoveredLog recovered) =>
        Run(new ProducerSnapshots(context, diagnostics), recovered.Segments, recovered.LogEnd, recovered.Epochs);

    /// <exception cref="DiskException">The device failed.</exception>
    public LoadedProducers Run(ProducerSnapshots snapshots, SegmentSet segments, LogOffset logEnd, LeaderEpochHistory epochs)
    {
        LogOffset start = segments.Count == 0 ? logEnd : segments[0].BaseOffset;
        LoadedProducers loaded = snapshots.Load(start, logEnd, epochs, now)
            ?? new LoadedProducers(snapshots, new ProducerTable(), start);
        long bytes = 0;
        for (int i = 0; i < segments.Count; i++)
        {
            if (segments[i].End.NextOffset > loaded.Covered)
                bytes += Walk(segments[i], LogOffset.Max(segments[i].BaseOffset, loaded.Covered), loaded.Table);
        }

        if (bytes > StorageLimits.ProducerSnapshotBytes)
            diagnostics.ProducersRebuilt(context.Directory, loaded.Covered.ToString(), bytes);
        return loaded with { WalkedBytes = bytes };
    }

    /// <summary>Takes the batches of a segment from an offset on; damage, which is told elsewhere, is stepped over.</summary>
    private long Walk(Segment segment, LogOffset from, ProducerTable table)
    {
        SegmentHandle? file = segment.File.Acquire();
        if (file is null)
            return 0;
        try
        {
            SegmentEnd end = segment.End;
            var view = new TolerantFile(file.File);
            SegmentEnd at = Begin(segment, view, from);
            long bytes = 0;
            while (at.Position < end.Position)
            {
                using var walk = new HeaderWalk(view, at.Position, at.NextOffset, end.Position, WindowSize);
                WalkStatus status;
                while ((status = walk.TryNext(out BatchHeader header, out _)) == WalkStatus.Ok)
                {
                    bytes += WalkOf(header.BatchSize);
                    Take(header, table);
                }

                if (status == WalkStatus.End)
                    break;
                at = Behind(BatchLocator.DefectAt(
                    segment, view, walk.DefectKind, walk.Position, walk.NextOffset, walk.Reason));
            }

            return bytes;
        }
        finally
        {
            file.Release();
        }
    }

    private static SegmentEnd Begin(Segment segment, ILeasedFile file, LogOffset from)
    {
        if (from <= segment.BaseOffset)
            return new SegmentEnd(SegmentLayout.DataStart, segment.BaseOffset);
        LocatedBatch located = BatchLocator.Find(segment, file, from);
        return located.Defect is { } defect
            ? Behind(defect)
            : new SegmentEnd(located.Position, located.Header.BaseOffset);
    }

    private static SegmentEnd Behind(LogDefect defect) =>
        new(defect.Position.Plus(Math.Max(1, defect.Length)), defect.LastOffset.Next());

    private void Take(in BatchHeader header, ProducerTable table)
    {
        var batch = new SequencedBatch(header.Producer, header.BaseOffset, header.LastOffsetDelta);
        if (batch.HasProducer && !header.Attributes.IsControl)
            table.Record(batch, now);
    }
}
