using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Epochs;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Repair;

/// <summary>A batch whose leader epoch is wrong, and the one that it must have.</summary>
internal readonly record struct WrongEpoch(FilePosition Position, int BatchSize, LeaderEpoch Epoch);

/// <summary>
/// A batch's leader epoch is not under its CRC. The epoch file tells what it was, and the chain CRC of the seal proves it: then it
/// is set right without a loss.
/// </summary>
internal static class EpochMend
{
    /// <summary>The batches to change in a sealed segment; none unless the chain CRC then comes out as sealed.</summary>
    /// <exception cref="Disk.DiskException">The device could not read.</exception>
    public static List<WrongEpoch> Find(SegmentContext context, FoundSegment segment)
    {
        if (segment.SealStatus != SegmentSealStatus.Ok)
            return [];
        if (LeaderEpochHistory.TryRead(context.Disk, context.Directory, out LeaderEpochHistory epochs) != Disk.AtomicFileStatus.Ok)
            return [];
        var wrong = new List<WrongEpoch>();
        using var file = new LeasedFile(context.Disk.Open(segment.Path, Disk.DiskOpenMode.Read));
        using var walk = new HeaderWalk(
            file, SegmentLayout.DataStart, segment.BaseOffset, segment.Seal.EndPosition, StorageLimits.WalkWindow);
        uint chain = ChainCrc.Start;
        Span<byte> bytes = stackalloc byte[ChainCrc.BytesOfBatch];
        WalkStatus status;
        while ((status = walk.TryNext(out BatchHeader header, out FilePosition at)) == WalkStatus.Ok)
        {
            walk.ChainBytes.CopyTo(bytes);
            LeaderEpoch expected = epochs.EpochAt(header.BaseOffset);
            if (expected != LeaderEpoch.None && expected != header.LeaderEpoch)
            {
                wrong.Add(new WrongEpoch(at, header.BatchSize, expected));
                BinaryPrimitives.WriteInt32BigEndian(bytes[BatchHeaderLayout.LeaderEpochAt..], expected.Value);
            }

            chain = ChainCrc.Append(chain, bytes);
        }

        return status == WalkStatus.End && chain == segment.Seal.ChainCrc ? wrong : [];
    }
}
