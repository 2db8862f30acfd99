using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Recovery;

/// <summary>
/// What the durable log start decides at an open: files that lie wholly below it are removed, as their deletion may have been
/// cut off or undone by a power cut, and the log neither begins nor ends before it.
/// </summary>
internal sealed class LogStartRecovery(SegmentContext context, List<LogDefect> defects)
{
    /// <summary>Nothing below is served; 0 when it never moved, or when its file is lost.</summary>
    public LogOffset LogStart { get; private set; } = LogOffset.Zero;

    /// <exception cref="StorageException">Of a later version of the program.</exception>
    /// <exception cref="DiskException">The device failed.</exception>
    public void Read()
    {
        AtomicFileStatus status = LogStartFile.TryRead(context.Disk, context.Directory, out LogOffset start);
        LogStart = start;
        if (status is AtomicFileStatus.Ok or AtomicFileStatus.Absent)
            return;
        string path = $"{context.Directory}/{LogStartFile.FileName}";
        if (status == AtomicFileStatus.VersionUnknown)
            throw new StorageException(
                StorageErrorKind.ForeignFormat, path, $"'{path}' was written by a later version of this program");
        defects.Add(new LogDefect(
            LogDefectKind.StartFileDamaged,
            path,
            FilePosition.Zero,
            0,
            LogOffset.None,
            LogOffset.None,
            $"the log start is lost, its file does not check ({status}): the log begins with its first segment"));
    }

    /// <summary>Removes the spare file and the segments wholly below the log start, and gives those that are left.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public List<FoundSegment> RemoveBelow(List<FoundSegment> found)
    {
        context.Disk.DeleteFile($"{context.Directory}/{SpareSegment.FileName}");
        var kept = new List<FoundSegment>();
        for (int i = 0; i < found.Count; i++)
        {
            // A file that belongs elsewhere is nobody's to delete.
            bool isBelow = i + 1 < found.Count && found[i + 1].BaseOffset <= LogStart;
            if (!isBelow || found[i].Status is not (FoundStatus.Ok or FoundStatus.Damaged))
            {
                kept.Add(found[i]);
                continue;
            }

            context.Disk.DeleteFile(found[i].Path);
            context.Disk.DeleteFile(SegmentName.OffsetIndex(context.Directory, found[i].BaseOffset));
            context.Disk.DeleteFile(SegmentName.TimeIndex(context.Directory, found[i].BaseOffset));
        }

        if (kept.Count < found.Count)
            context.Disk.FlushDirectory(context.Directory);
        return kept;
    }

    /// <summary>
    /// A recorded point whose records all lie below the log start says nothing of what is left: the first segment that is left
    /// is checked from its start.
    /// </summary>
    public FlushPoint Raise(FlushPoint point, List<FoundSegment> found)
    {
        if (point.NextOffset > LogStart || LogStart == LogOffset.Zero)
            return point;
        if (found.Count > 0 && found[0].BaseOffset <= point.SegmentBase)
            return point;
        return SegmentLayout.StartPoint(found.Count > 0 ? found[0].BaseOffset : LogStart);
    }

    /// <summary>Offsets from the log start on that no file holds are lost, not deleted.</summary>
    public void ReportGap(List<FoundSegment> found)
    {
        if (LogStart == LogOffset.Zero || found.Count == 0 || found[0].BaseOffset <= LogStart)
            return;
        defects.Add(new LogDefect(
            LogDefectKind.SegmentMissing,
            SegmentName.Data(context.Directory, LogStart),
            FilePosition.Zero,
            0,
            LogStart,
            found[0].BaseOffset.Plus(-1),
            "no segment holds these offsets"));
    }
}
