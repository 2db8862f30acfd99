using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Compaction;

/// <summary>
/// Puts a compacted segment's file in the place of its sources' so that a crash at any moment leaves either all of them or the
/// compacted one. The compacted file is flushed under a name without a meaning, then renamed to one that decides: from then on
/// a start ends what was begun. The sources after the first are gone durably before the file takes the first one's name, so
/// no start finds it beside an offset that it holds itself. On a thread that may block.
/// </summary>
internal static class SegmentSwap
{
    /// <summary>From its return on the compacted segment stands for its sources, also after a crash.</summary>
    /// <exception cref="DiskException">The device failed: which of both a start will find is not known.</exception>
    public static void Commit(SegmentContext context, CompactedSegment compacted)
    {
        context.Disk.Rename(compacted.Path, SegmentName.Swap(context.Directory, compacted.Seal.BaseOffset));
        context.Disk.FlushDirectory(context.Directory);
    }

    /// <summary>After the sources' files were deleted: gives the compacted segment the first one's name.</summary>
    /// <exception cref="DiskException">The device failed: a start ends it.</exception>
    public static void Complete(SegmentContext context, LogOffset baseOffset)
    {
        context.Disk.FlushDirectory(context.Directory);
        context.Disk.Rename(
            SegmentName.Swap(context.Directory, baseOffset), SegmentName.Data(context.Directory, baseOffset));
        context.Disk.FlushDirectory(context.Directory);
    }

    /// <summary>As a partition is opened: removes what a compaction left unfinished, and ends what it had decided.</summary>
    /// <exception cref="DiskException">The device failed; may be called again.</exception>
    public static void Recover(SegmentContext context, StorageDiagnostics diagnostics)
    {
        IReadOnlyList<string> names = context.Disk.ListFiles(context.Directory);
        foreach (string name in names)
        {
            if (SegmentName.TryParse(name, SegmentName.CleanedSuffix, out _))
                context.Disk.DeleteFile($"{context.Directory}/{name}");
        }

        foreach (string name in names)
        {
            if (SegmentName.TryParse(name, SegmentName.SwapSuffix, out LogOffset baseOffset))
                Recover(context, baseOffset, diagnostics);
        }
    }

    /// <summary>The data files that count while a swap is under way: what an offline look at a directory must take.</summary>
    /// <returns>The base offset after those that the compacted segment stands for; none when it does not check.</returns>
    public static LogOffset EndOf(IDisk disk, string path, LogOffset baseOffset, TopicPartition? id)
    {
        FoundSegment found = SegmentInventory.Look(disk, path, baseOffset, id);
        bool isWhole = found.Status == FoundStatus.Ok
            && found.SealStatus == SegmentSealStatus.Ok
            && found.Length >= found.Seal.EndPosition.Value;
        return isWhole ? found.Seal.NextOffset : LogOffset.None;
    }

    private static void Recover(SegmentContext context, LogOffset baseOffset, StorageDiagnostics diagnostics)
    {
        string path = SegmentName.Swap(context.Directory, baseOffset);
        LogOffset end = EndOf(context.Disk, path, baseOffset, context.Id);
        if (end.IsNone)
        {
            // It was whole when it got this name. The sources that are still there are served, what is missing is reported.
            string aside = SegmentName.SetAside(context.Directory, baseOffset);
            context.Disk.Rename(path, aside);
            context.Disk.FlushDirectory(context.Directory);
            diagnostics.CompactedSegmentDamaged(aside);
            return;
        }

        foreach (string name in context.Disk.ListFiles(context.Directory))
        {
            bool isSource = SegmentName.TryParse(name, SegmentName.DataSuffix, out LogOffset source)
                && source >= baseOffset
                && source < end;
            if (!isSource)
                continue;
            context.Disk.DeleteFile($"{context.Directory}/{name}");
            context.Disk.DeleteFile(SegmentName.OffsetIndex(context.Directory, source));
            context.Disk.DeleteFile(SegmentName.TimeIndex(context.Directory, source));
        }

        Complete(context, baseOffset);
    }
}
