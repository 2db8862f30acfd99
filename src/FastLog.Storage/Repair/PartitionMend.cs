using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Storage.Epochs;
using FastLog.Storage.Indexes;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Repair;

/// <summary>Does the steps of one partition's plan. Each leaves a state that the same plan, made again, goes on from. One thread.</summary>
internal sealed class PartitionMend(IDisk disk, string root, IEntropy entropy, SegmentContext context, SideStore side)
{
    public void Run(List<RepairStep> steps)
    {
        foreach (RepairStep step in steps.Where(static step => step.Kind == RepairKind.MoveAside))
            side.Move(step.File);
        foreach (RepairStep step in steps.Where(static step => step.Kind == RepairKind.FillHole))
            FillHole(step);
        foreach (RepairStep step in steps.Where(static step => step.Kind == RepairKind.RewriteHeader))
            RewriteHeader(step);
        foreach (RepairStep step in steps.Where(static step => step.Kind is RepairKind.ClearReserved or RepairKind.ClearSeal))
            Clear(step);
        foreach (RepairStep step in steps.Where(static step => step.Kind == RepairKind.RestoreEpochs))
            RestoreEpochs(step);
        string[] excised = [.. steps.Where(static step => step.Kind == RepairKind.Excise).Select(static step => step.File).Distinct()];
        foreach (string file in excised)
            Excise(file, [.. steps.Where(step => step.Kind == RepairKind.Excise && step.File == file)]);
        foreach (RepairStep step in steps.Where(step => step.Kind == RepairKind.RewriteSeal && !excised.Contains(step.File)))
            RewriteSeal(step);
        foreach (RepairStep step in steps.Where(static step => step.Kind == RepairKind.RebuildIndexes))
            RebuildIndexes(Look(step.File));
    }

    private List<FoundSegment> Segments() => SegmentInventory.List(disk, context.Directory, context.Id);

    private FoundSegment Look(string path) => Segments().Single(found => found.Path == path);

    /// <summary>Where the segment behind begins; none for the last one.</summary>
    private LogOffset NextBase(FoundSegment segment)
    {
        FoundSegment? next = Segments().Find(found => found.BaseOffset > segment.BaseOffset);
        return next?.BaseOffset ?? LogOffset.None;
    }

    private void FillHole(RepairStep step)
    {
        LogOffset end = step.LastOffset.Next();
        FoundSegment? former = Segments().FindLast(found => found.BaseOffset < step.FirstOffset);
        LeaderEpoch epoch = former is { SealStatus: SegmentSealStatus.Ok } ? former.Seal.LastEpoch : EpochAt(step.FirstOffset);
        Timestamp created = former is { SealStatus: SegmentSealStatus.Ok } ? former.Seal.LastAppend : Timestamp.None;
        using (var rewrite = new SegmentCopy(context, step.FirstOffset, created))
        {
            rewrite.Gap(step.FirstOffset, end, epoch);
            bool isLast = !Segments().Exists(found => found.BaseOffset > step.FirstOffset);
            Replace(rewrite, isLast, created);
        }
    }

    private void RewriteHeader(RepairStep step)
    {
        FoundSegment segment = Look(step.File);
        side.Save(step.File, segment.BaseOffset, FilePosition.Zero, SegmentLayout.SectorSize);
        Timestamp created = LastAppendOf(segment);
        byte[] header = new byte[SegmentLayout.HeaderSize];
        new SegmentHeader(context.Id, segment.BaseOffset, created).Write(header);
        using IDiskFile file = disk.Open(step.File, DiskOpenMode.ReadWrite);
        file.Write(FilePosition.Zero, header.AsSpan(0, SegmentLayout.SectorSize));
        file.FlushData();
    }

    /// <summary>Not before it was: retention must not take what was saved for older than it is.</summary>
    private Timestamp LastAppendOf(FoundSegment segment) =>
        segment.SealStatus == SegmentSealStatus.Ok ? segment.Seal.LastAppend : context.AppendedBy;

    private void Clear(RepairStep step)
    {
        side.Save(step.File, Look(step.File).BaseOffset, step.Position, step.Length);
        using IDiskFile file = disk.Open(step.File, DiskOpenMode.ReadWrite);
        file.Write(step.Position, new byte[step.Length]);
        file.FlushData();
    }

    private void RestoreEpochs(RepairStep step)
    {
        FoundSegment segment = Look(step.File);
        List<WrongEpoch> wrong = EpochMend.Find(context, segment);
        foreach (WrongEpoch batch in wrong)
            side.Save(step.File, segment.BaseOffset, batch.Position, batch.BatchSize);
        using IDiskFile file = disk.Open(step.File, DiskOpenMode.ReadWrite);
        byte[] epoch = new byte[sizeof(int)];
        foreach (WrongEpoch batch in wrong)
        {
            BinaryPrimitives.WriteInt32BigEndian(epoch, batch.Epoch.Value);
            file.Write(batch.Position.Plus(BatchHeaderLayout.LeaderEpochAt), epoch);
        }

        file.FlushData();
    }

    /// <summary>Copies the segment without the runs, which are saved first, and puts the copy in its place.</summary>
    private void Excise(string path, List<RepairStep> runs)
    {
        FoundSegment segment = Look(path);
        LogOffset nextBase = NextBase(segment);
        foreach (RepairStep run in runs)
            side.Save(path, segment.BaseOffset, run.Position, run.Length);
        Timestamp lastAppend = LastAppendOf(segment);
        using IDiskFile file = disk.Open(path, DiskOpenMode.Read);
        using var copy = new SegmentCopy(context, segment.BaseOffset, segment.Header.Created);
        FilePosition at = SegmentLayout.DataStart;
        foreach (RepairStep run in runs.OrderBy(static run => run.Position))
        {
            if (!copy.Batches(file, at, run.Position))
                throw Unrepairable(path, $"the batches before position {run.Position} do not lead there");
            copy.Gap(run.FirstOffset, run.LastOffset.Next(), EpochAt(run.FirstOffset));
            at = run.Position.Plus(run.Length);
        }

        FilePosition end = nextBase.IsNone ? new FilePosition(file.Length) : EndOf(segment, file);
        if (at < end)
            copy.Batches(file, at, end);
        if (nextBase.IsNone)
            copy.Rest(file);
        else if (copy.Point.NextOffset != (segment.SealStatus == SegmentSealStatus.Ok ? segment.Seal.NextOffset : nextBase))
            throw Unrepairable(path, $"its batches lead to offset {copy.Point.NextOffset}");
        Replace(copy, nextBase.IsNone, lastAppend);
    }

    private static FilePosition EndOf(FoundSegment segment, IDiskFile file) => segment.SealStatus == SegmentSealStatus.Ok
        ? new FilePosition(Math.Min(file.Length, segment.Seal.EndPosition.Value))
        : new FilePosition(file.Length);

    private void RewriteSeal(RepairStep step)
    {
        FoundSegment segment = Look(step.File);
        side.Save(step.File, segment.BaseOffset, step.Position, step.Length);
        using IDiskFile file = disk.Open(step.File, DiskOpenMode.ReadWrite);
        SealWriter.Write(file, SealOf(segment, file, NextBase(segment)));
    }

    private SegmentSeal SealOf(FoundSegment segment, IDiskFile file, LogOffset nextBase)
    {
        using var leased = new LeasedFile(file, owned: false);
        using var walk = new HeaderWalk(
            leased, SegmentLayout.DataStart, segment.BaseOffset, new FilePosition(file.Length), StorageLimits.WalkWindow);
        uint chain = ChainCrc.Start;
        while (walk.NextOffset < nextBase && walk.TryNext(out _, out _) == WalkStatus.Ok)
            chain = ChainCrc.Append(chain, walk.ChainBytes);
        var end = new SegmentEnd(walk.Position, walk.NextOffset);
        IndexCheck check = context.Rebuilder.Rebuild(segment.BaseOffset, leased, context.AppendedBy, end, chain);
        return new SegmentSeal(
            segment.BaseOffset,
            end.Position,
            end.NextOffset,
            check.MaxTimestamp,
            check.LastAppend,
            chain,
            check.LastEpoch,
            check.Written ? check.Image.Count : SegmentSeal.IndexEntriesUnknown);
    }

    private void RebuildIndexes(FoundSegment segment)
    {
        using var file = new LeasedFile(disk.Open(segment.Path, DiskOpenMode.Read));
        var end = new SegmentEnd(segment.Seal.EndPosition, segment.Seal.NextOffset);
        IndexCheck check = context.Rebuilder.Rebuild(segment.BaseOffset, file, segment.Seal.LastAppend, end, segment.Seal.ChainCrc);
        if (!check.Written)
            throw new DiskException("pwrite", segment.Path, 0, "its index files could not be written");
    }

    /// <summary>
    /// Gives a copy its name. The last segment's end is recorded elsewhere: the clean marker goes first, the recovery log is set
    /// to the new end behind it.
    /// </summary>
    private void Replace(SegmentCopy copy, bool isLast, Timestamp lastAppend)
    {
        if (isLast)
            CleanShutdownMarker.Remove(disk, root);
        copy.Finish(isSealed: !isLast, lastAppend);
        if (!isLast)
            return;
        string recovery = $"{root}/{DataDirectoryLayout.Recovery}";
        using RecoveryLog log = RecoveryLog.Open(disk, recovery, entropy);
        log.NoteReset(context.Id, copy.Point);
        if (!log.TryCommit(new CarriedRound()))
            throw new DiskException("pwrite", recovery, OsNative.NoSpace, "the recovery log has no room for the new end");
    }

    private static StorageException Unrepairable(string path, string why) =>
        new(StorageErrorKind.Damaged, path, $"'{path}' is left as it is: {why}");

    private LeaderEpoch EpochAt(LogOffset offset)
    {
        LeaderEpochHistory.TryRead(disk, context.Directory, out LeaderEpochHistory epochs);
        return epochs.EpochAt(offset);
    }
}
