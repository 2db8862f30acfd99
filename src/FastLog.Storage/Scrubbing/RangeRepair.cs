using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Appending;
using FastLog.Storage.Disk;
using FastLog.Storage.Indexes;
using FastLog.Storage.Reading;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Scrubbing;

/// <summary>
/// Puts good bytes, from a replica or a backup, in the place of a damaged run: they must be the batches of exactly these
/// offsets, whole, of the epochs of that time and of the same size, and the chain CRC must come out as it was recorded. Nothing
/// reads the range meanwhile, and a crash in the middle leaves it damaged, as before. On a thread that may block, while no
/// pass changes the log's segments.
/// </summary>
internal sealed class RangeRepair(PartitionState state, LogDefect defect, ReadOnlyMemory<byte> batches)
{
    public RangeRepairResult Run()
    {
        if (!state.Quarantine.Defects.Contains(defect))
            return new RangeRepairResult(RangeRepairStatus.NotDamaged, "the range is not in the quarantine");
        if (CheckBatches() is { } wrong)
            return new RangeRepairResult(RangeRepairStatus.InvalidBytes, wrong);
        SegmentSet segments = state.Segments;
        int index = segments.IndexOf(defect.FirstOffset);
        if (index < 0 || segments[index].File.Path != defect.File)
            return new RangeRepairResult(RangeRepairStatus.NotDamaged, "the segment is not there any more");
        if (defect.Length != batches.Length || defect.Position < SegmentLayout.DataStart)
            return new RangeRepairResult(
                RangeRepairStatus.DoesNotFit, $"{batches.Length} bytes for a damaged run of {defect.Length} at {defect.Position}");
        try
        {
            return WriteInPlace(segments[index]);
        }
        catch (DiskException failure)
        {
            return new RangeRepairResult(RangeRepairStatus.Failed, failure.Message);
        }
    }

    private string? CheckBatches()
    {
        ReadOnlySpan<byte> rest = batches.Span;
        LogOffset next = defect.FirstOffset;
        while (!rest.IsEmpty)
        {
            BatchStatus status = BatchHeader.TryRead(rest, out BatchHeader header);
            if (status == BatchStatus.Ok && header.BatchSize > rest.Length)
                status = BatchStatus.NeedMoreData;
            if (status == BatchStatus.Ok)
                status = BatchValidator.ValidateStored(rest[..header.BatchSize], StorageLimits.BatchSizeMax, out _);
            if (status != BatchStatus.Ok)
                return $"no whole batch for offset {next}: {status}";
            if (header.BaseOffset != next)
                return $"a batch at offset {header.BaseOffset} where {next} must follow";
            LeaderEpoch expected = state.Epochs.EpochAt(header.BaseOffset);
            if (expected != LeaderEpoch.None && expected != header.LeaderEpoch)
                return $"leader epoch {header.LeaderEpoch} at offset {next}, which was appended in {expected}";
            next = header.NextOffset;
            rest = rest[header.BatchSize..];
        }

        return next == defect.LastOffset.Next() ? null : $"the batches end before offset {next}, the range at {defect.LastOffset}";
    }

    private RangeRepairResult WriteInPlace(Segment segment)
    {
        using (IDiskFile file = state.Context.Disk.Open(defect.File, DiskOpenMode.ReadWrite))
        {
            var view = new PatchedFile(new TolerantFile(file), defect.Position, batches);
            if (!ChainHolds(segment, view))
                return new RangeRepairResult(
                    RangeRepairStatus.InvalidBytes, "with these batches the chain CRC differs from the recorded one");
            file.Write(defect.Position, batches.Span);

            // Before it is served: what was read must not be lost by a power cut.
            file.FlushData();
        }

        state.Quarantine.Lift(defect, "repaired with good bytes");
        return RangeRepairResult.Repaired;
    }

    /// <summary>From the last index entry before the run to the first one behind it, or the end: headers lead to the chain CRC there.</summary>
    private bool ChainHolds(Segment segment, PatchedFile view)
    {
        SegmentEnd end = segment.End;
        FilePosition behind = defect.Position.Plus(defect.Length);
        FilePosition position = SegmentLayout.DataStart;
        LogOffset offset = segment.BaseOffset;
        uint chain = ChainCrc.Start;
        if (segment.Floor(defect.FirstOffset, defect.Position, out OffsetIndexEntry before) == IndexSearchStatus.Found)
            (position, offset, chain) = (before.Position, before.Offset, before.ChainCrc);
        FilePosition to = end.Position;
        uint? expected = segment is SealedSegment @sealed ? @sealed.Seal.ChainCrc : null;
        if (segment.TryEntryAbove(behind.Plus(-1), out OffsetIndexEntry after))
            (to, expected) = (after.Position, after.ChainCrc);
        using var walk = new HeaderWalk(view, position, offset, to, StorageLimits.WalkWindow);
        WalkStatus status;
        while ((status = walk.TryNext(out _, out _)) == WalkStatus.Ok)
            chain = ChainCrc.Append(chain, walk.ChainBytes);

        // More damage between the entries: the chain cannot tell; the batches were checked by themselves.
        return status == WalkStatus.Bad || expected is null || chain == expected;
    }

    /// <summary>The file as it will be.</summary>
    private sealed class PatchedFile(TolerantFile file, FilePosition position, ReadOnlyMemory<byte> bytes) : ILeasedFile
    {
        public FileStream? SendStream => null;

        public int Read(FilePosition from, Span<byte> destination)
        {
            int count = file.Read(from, destination);
            long first = Math.Max(from.Value, position.Value);
            long end = Math.Min(from.Value + count, position.Value + bytes.Length);
            if (first < end)
                bytes.Span[(int)(first - position.Value)..(int)(end - position.Value)].CopyTo(destination[(int)(first - from.Value)..]);
            return count;
        }

        public void Release()
        {
        }
    }
}
