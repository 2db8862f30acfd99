using FastLog.Primitives;

namespace FastLog.Storage.Reading;

/// <summary>
/// Where the last reads ended, so that one that goes on there needs no index: most readers are sequential. Thread-safe.
/// </summary>
internal sealed class RecentEnds
{
    private const int Slots = 16;

    private readonly Lock _gate = new();
    private readonly Slot[] _slots = new Slot[Slots];
    private int _next;

    public RecentEnds() => Array.Fill(_slots, new Slot(LogOffset.None, LogOffset.None, FilePosition.Zero));

    public bool TryFind(LogOffset segmentBase, LogOffset offset, out FilePosition position)
    {
        lock (_gate)
        {
            foreach (Slot slot in _slots)
            {
                if (slot.Offset != offset || slot.SegmentBase != segmentBase)
                    continue;
                position = slot.Position;
                return true;
            }
        }

        position = FilePosition.Zero;
        return false;
    }

    public void Remember(LogOffset segmentBase, LogOffset offset, FilePosition position)
    {
        lock (_gate)
        {
            _slots[_next] = new Slot(segmentBase, offset, position);
            _next = (_next + 1) % Slots;
        }
    }

    private readonly record struct Slot(LogOffset SegmentBase, LogOffset Offset, FilePosition Position);
}
