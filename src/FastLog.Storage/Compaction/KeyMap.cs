using FastLog.Primitives;

namespace FastLog.Storage.Compaction;

/// <summary>
/// The latest offset of each key of a stretch of a log, in a fixed number of bytes whatever the keys: a key is its hash, and
/// what does not fit is left to another pass. Not thread-safe.
/// </summary>
internal sealed class KeyMap
{
    /// <summary>Bytes of one slot: a hash and an offset.</summary>
    public const int SlotSize = (2 * sizeof(ulong)) + sizeof(long);

    // Linear probing: at three quarters a look-up that finds nothing takes about 8 slots, which lie side by side.
    private const int LoadNumerator = 3;
    private const int LoadDenominator = 4;

    private readonly Slot[] _slots;
    private readonly int _entriesMax;
    private long _touched;

    /// <param name="bytesMax">No more memory than this.</param>
    /// <param name="keysExpected">No more memory than these many keys need, either.</param>
    public KeyMap(long bytesMax, long keysExpected)
    {
        long wanted = Math.Max(1, keysExpected) * LoadDenominator / LoadNumerator;
        long slots = Math.Clamp(Math.Min(wanted + 2, bytesMax / SlotSize), 2, Array.MaxLength);
        _slots = new Slot[slots];
        _entriesMax = (int)Math.Max(1, slots * LoadNumerator / LoadDenominator);
    }

    public int Count { get; private set; }

    public long SizeBytes => (long)_slots.Length * SlotSize;

    /// <summary>Notes an offset that is not below one noted for the key; false, with nothing changed, when the map is full.</summary>
    public bool TrySet(in KeyHash key, LogOffset offset)
    {
        ref Slot slot = ref Probe(key);
        if (slot.OffsetPlusOne == 0)
        {
            if (Count >= _entriesMax)
                return false;
            Count++;
            slot.Key = key;
        }

        Invariant.Check(offset.Value + 1 >= slot.OffsetPlusOne);
        slot.OffsetPlusOne = offset.Value + 1;
        return true;
    }

    /// <summary>The latest offset noted for the key; none when it was not noted.</summary>
    public LogOffset Find(in KeyHash key) => new(Probe(key).OffsetPlusOne - 1);

    /// <summary>
    /// Before these keys are set or found: their slots lie anywhere in much memory, and loads that do not wait for each other
    /// bring them near in a fraction of the time.
    /// </summary>
    public void Touch(ReadOnlySpan<KeyHash> keys)
    {
        Slot[] slots = _slots;
        ulong sum = 0;
        foreach (ref readonly KeyHash key in keys)
        {
            ref readonly Slot slot = ref slots[Home(key)];
            sum += slot.Key.High + (ulong)slot.OffsetPlusOne;
        }

        // Kept, or the loads could be left out.
        _touched = (long)sum;
    }

    private int Home(in KeyHash key) => (int)(((UInt128)key.High * (ulong)_slots.Length) >> 64);

    private ref Slot Probe(in KeyHash key)
    {
        Slot[] slots = _slots;
        int at = Home(key);
        while (true)
        {
            ref Slot slot = ref slots[at];
            if (slot.OffsetPlusOne == 0 || slot.Key == key)
                return ref slot;
            if (++at == slots.Length)
                at = 0;
        }
    }

    private struct Slot
    {
        public KeyHash Key;
        public long OffsetPlusOne;
    }
}
