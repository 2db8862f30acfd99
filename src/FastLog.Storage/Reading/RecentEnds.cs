using FastLog.Primitives;
using FastLog.Storage.Segments;

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

    public RecentEnds() => Array.Fill(_slots, new Slot(null, LogOffset.None, FilePosition.Zero));

    public bool TryFind(Segment segment, LogOffset offset, out FilePosition position)
    {
        lock (_gate)
        {
            foreach (Slot slot in _slots)
            {
                if (slot.Offset != offset || !ReferenceEquals(slot.Segment, segment))
                    continue;
                position = slot.Position;
                return true;
            }
        }

        position = FilePosition.Zero;
        return false;
    }

    public void Remember(Segment segment, LogOffset offset, FilePosition position)
    {
        lock (_gate)
        {
            _slots[_next] = new Slot(segment, offset, position);
            _next = (_next + 1) % Slots;
        }
    }

    // By the segment and not its base offset: another one may take its place in the log.
    private readonly record struct Slot(Segment? Segment, LogOffset Offset, FilePosition Position);
}
