using FastLog.Primitives;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Recovery;

/// <summary>Carried bytes that are not known to be in the partition's own file.</summary>
/// <param name="Generation">The recovery log file that holds them.</param>
/// <param name="At">Where they begin in it.</param>
/// <param name="Crc">Their CRC-32C.</param>
/// <param name="Item">Where they belong.</param>
internal readonly record struct CarriedPiece(ulong Generation, FilePosition At, uint Crc, RecoveryItem Item);

/// <summary>What the entries of all files, oldest first, say of each partition. One thread.</summary>
internal sealed class RecoveredState : IRecoveryEntryTarget
{
    private readonly Dictionary<TopicPartition, FlushPoint> _flushed = [];
    private readonly Dictionary<TopicPartition, List<CarriedPiece>> _carried = [];

    /// <summary>The file whose entries come.</summary>
    public ulong Generation { get; set; }

    public Dictionary<TopicPartition, FlushPoint> Flushed => _flushed;

    public Dictionary<TopicPartition, List<CarriedPiece>> Carried => _carried;

    public void Apply(in RecoveryEntryHeader header, ReadOnlySpan<byte> entry, FilePosition at)
    {
        int bytesAt = header.ItemsEnd;
        for (int i = 0; i < header.Count; i++)
        {
            RecoveryItem item = RecoveryEntryHeader.Item(entry, i);
            if (header.Kind != RecoveryEntryKind.Carried)
            {
                Apply(header.Kind, item);
                continue;
            }

            int length = (int)item.Length;
            Carry(item, at.Plus(bytesAt), entry.Slice(bytesAt, length));
            bytesAt += length;
        }
    }

    private void Apply(RecoveryEntryKind kind, in RecoveryItem item)
    {
        switch (kind)
        {
            case RecoveryEntryKind.Flushed:
                if (!_flushed.TryGetValue(item.Id, out FlushPoint known) || item.Point.Covers(known))
                    _flushed[item.Id] = item.Point;
                DropCarried(item.Id, item.Point);
                break;
            case RecoveryEntryKind.Snapshot:
                _flushed[item.Id] = item.Point;
                DropCarried(item.Id, item.Point);
                break;
            case RecoveryEntryKind.Reset:
                _flushed[item.Id] = item.Point;
                _carried.Remove(item.Id);
                break;
            case RecoveryEntryKind.Removed:
                _flushed.Remove(item.Id);
                _carried.Remove(item.Id);
                break;
            default:
                Invariant.Check(false);
                break;
        }
    }

    private void Carry(in RecoveryItem item, FilePosition at, ReadOnlySpan<byte> bytes)
    {
        // A direct flush that overtook the entry has covered it.
        if (_flushed.TryGetValue(item.Id, out FlushPoint known) && known.Covers(item.Point))
            return;
        if (!_carried.TryGetValue(item.Id, out List<CarriedPiece>? pieces))
            _carried[item.Id] = pieces = [];
        pieces.Add(new CarriedPiece(Generation, at, Crc32C.Compute(bytes), item));
    }

    private void DropCarried(TopicPartition id, FlushPoint flushed)
    {
        if (!_carried.TryGetValue(id, out List<CarriedPiece>? pieces))
            return;
        pieces.RemoveAll(piece => flushed.Covers(piece.Item.Point));
        if (pieces.Count == 0)
            _carried.Remove(id);
    }
}
