using FastLog.Primitives;
using FastLog.Storage.Indexes;
using FastLog.Storage.Inspection;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Repair;

/// <summary>Turns what an inspection found in a partition into what a repair will do about it. Changes nothing. One thread.</summary>
internal sealed class RepairPlan(SegmentContext context, PartitionReport report, List<FoundSegment> segments)
{
    private readonly List<RepairStep> _steps = [];

    public List<RepairStep> Make()
    {
        foreach (LogDefect defect in report.Defects)
        {
            _steps.Add(StepFor(defect));
            if (defect.Kind == LogDefectKind.SegmentForeign && !defect.LastOffset.IsNone)
                _steps.Add(HoleStep(defect));
        }

        foreach (FoundSegment segment in segments)
        {
            if (segment.Status == FoundStatus.Ok && segment.SealStatus == SegmentSealStatus.Ok && !IsTouched(segment))
                CheckIndexes(segment);
        }

        return _steps;
    }

    private RepairStep StepFor(LogDefect defect) => defect.Kind switch
    {
        LogDefectKind.SegmentForeign => Step(
            RepairKind.MoveAside, defect, $"move it to '{LogRepair.SideFolder}/' in the data directory, with its indexes"),
        LogDefectKind.SegmentMissing => HoleStep(defect),
        LogDefectKind.SegmentHeaderDamaged when defect.Position == FilePosition.Zero => Step(
            RepairKind.RewriteHeader, defect, "save the sector, write the identity that its directory and name tell") with
        {
            Length = SegmentLayout.SectorSize,
            FirstOffset = LogOffset.None,
            LastOffset = LogOffset.None,
        },
        LogDefectKind.SegmentHeaderDamaged => Step(RepairKind.ClearReserved, defect, "save the byte, set it to zero"),
        LogDefectKind.SealDamaged => SealStep(defect),
        LogDefectKind.EpochNotContinuous or LogDefectKind.ChainMismatch => EpochStep(defect),
        LogDefectKind.BatchDamaged or LogDefectKind.BatchCrcMismatch or LogDefectKind.OffsetNotContinuous
            or LogDefectKind.SegmentTooShort or LogDefectKind.Unreadable => ExciseStep(defect),
        LogDefectKind.EpochFileDamaged => Step(RepairKind.Leave, defect, "nothing: the next start writes it anew, from the last batch's epoch on"),
        LogDefectKind.StartFileDamaged => Step(
            RepairKind.Leave, defect, "nothing: the log begins with its first segment until records are deleted again"),
        _ => Step(RepairKind.Leave, defect, "nothing: it is told, and everything is readable"),
    };

    private static RepairStep HoleStep(LogDefect defect) => Step(
        RepairKind.FillHole,
        defect,
        $"make a segment of one batch without records: offsets {defect.FirstOffset} to {defect.LastOffset} stay a hole that readers pass") with
    {
        Position = FilePosition.Zero,
        Length = 0,
    };

    private static RepairStep ExciseStep(LogDefect defect) => defect.LastOffset.IsNone
        ? Step(RepairKind.Leave, defect, "nothing: where good data goes on is not known")
        : Step(
            RepairKind.Excise,
            defect,
            $"save {defect.Length} bytes, put a batch without records in their place: offsets {defect.FirstOffset} to "
                + $"{defect.LastOffset} stay a hole that readers pass");

    private RepairStep SealStep(LogDefect defect)
    {
        bool isLast = segments.Count > 0 && segments[^1].Path == defect.File;
        if (!isLast && !LeadsToNext(defect.File))
            return Step(RepairKind.Leave, defect, "nothing: batches are damaged too, so the end cannot be told from them; a start serves what leads on");
        return isLast
            ? Step(RepairKind.ClearSeal, defect, "save the sector, clear it: the segment is still appended to")
            : Step(RepairKind.RewriteSeal, defect, "save the sector, write the seal that the batches give");
    }

    private bool LeadsToNext(string path)
    {
        int index = segments.FindIndex(found => found.Path == path);
        using var file = new LeasedFile(context.Disk.Open(path, Disk.DiskOpenMode.Read));
        using var walk = new HeaderWalk(
            file,
            SegmentLayout.DataStart,
            segments[index].BaseOffset,
            new FilePosition(segments[index].Length),
            StorageLimits.WalkWindow);
        while (walk.NextOffset < segments[index + 1].BaseOffset && walk.TryNext(out _, out _) == WalkStatus.Ok)
        {
        }

        return walk.NextOffset == segments[index + 1].BaseOffset;
    }

    private RepairStep EpochStep(LogDefect defect)
    {
        FoundSegment? segment = segments.Find(found => found.Path == defect.File);
        bool isProven = segment is not null && EpochMend.Find(context, segment).Count > 0;
        return isProven
            ? Step(RepairKind.RestoreEpochs, defect, "save the batches, set their leader epochs to the epoch file's: the chain CRC proves them") with
            {
                FirstOffset = LogOffset.None,
                LastOffset = LogOffset.None,
            }
            : Step(RepairKind.Leave, defect, "nothing: the records are whole and stay readable; which header is wrong cannot be proved here");
    }

    private bool IsTouched(FoundSegment segment) => _steps.Exists(step => step.File == segment.Path);

    private void CheckIndexes(FoundSegment segment)
    {
        var end = new SegmentEnd(segment.Seal.EndPosition, segment.Seal.NextOffset);
        IndexImage image = context.Rebuilder.Load(segment.BaseOffset, end, out bool asInFiles);
        bool isWhole = asInFiles && image.Count >= segment.Seal.IndexEntries;
        if (isWhole && NamesBatches(segment, image))
            return;
        _steps.Add(new RepairStep(
            RepairKind.RebuildIndexes,
            segment.Path,
            FilePosition.Zero,
            0,
            LogOffset.None,
            LogOffset.None,
            "IndexDamaged: an index file is missing, does not check, or names no batch",
            "make both index files anew from the batches; nothing is lost"));
    }

    private bool NamesBatches(FoundSegment segment, IndexImage image)
    {
        using var file = new LeasedFile(context.Disk.Open(segment.Path, Disk.DiskOpenMode.Read));
        var view = new OffsetIndex(image.Offsets, segment.BaseOffset);
        Span<byte> bytes = stackalloc byte[Records.BatchHeaderLayout.HeaderSize];
        for (int i = 0; i < image.Count; i++)
        {
            if (!view.TryGet(i, out OffsetIndexEntry entry))
                return false;
            int count = file.Read(entry.Position, bytes);
            if (Records.BatchHeader.TryRead(bytes[..count], out Records.BatchHeader header) != Records.BatchStatus.Ok)
                return false;
            if (header.BaseOffset != entry.Offset)
                return false;
        }

        return true;
    }

    private static RepairStep Step(RepairKind kind, LogDefect defect, string action) => new(
        kind,
        defect.File,
        defect.Position,
        defect.Length,
        defect.FirstOffset,
        defect.LastOffset,
        $"{defect.Kind}: {defect.Detail}",
        action);
}
