using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Storage.Compaction;

/// <summary>What a pass keeps: nothing that has a later record of its key below the pass's end, and all else. One thread.</summary>
/// <param name="map">The last offsets of what is new, complete before the first question.</param>
/// <param name="keys">Hashes record keys.</param>
/// <param name="producers">Hashes producer ids.</param>
/// <param name="scan">Its end, below which all is in the map, or was when an earlier pass had it.</param>
/// <param name="now">Tombstones whose horizon lies at or before this go.</param>
/// <param name="producerExpiration">How long a silent producer is remembered.</param>
internal sealed class CompactionFilter(
    KeyMap map, KeyHasher keys, KeyHasher producers, DirtyScan scan, Timestamp now, TimeSpan producerExpiration) : IRecordFilter
{
    private readonly KeyHash[] _expected = new KeyHash[BatchFilter.ExpectedMax];
    private int _at;

    /// <summary>
    /// A segment could not be compacted that begins here: an older record of a key may be left in it, so no tombstone from here
    /// on may go.
    /// </summary>
    public LogOffset HeldFrom { get; set; } = new(long.MaxValue);

    public long TombstonesDropped { get; private set; }

    public void Expect(in BatchHeader header, RecordReader ahead, int countMax)
    {
        _at = 0;
        int count = 0;
        while (count < countMax && ahead.Read())
            _expected[count++] = ahead.Key.IsNull ? default : keys.Hash(ahead.Key.Span);
        map.Touch(_expected.AsSpan(0, count));
    }

    public RecordFate Judge(in BatchHeader header, scoped in RecordReader record)
    {
        ref readonly KeyHash key = ref _expected[_at++];

        // A record without a key was there before the topic was compacted: nothing replaces it.
        if (record.Key.IsNull || record.Offset >= scan.End)
            return RecordFate.Keep;
        if (map.Find(key) > record.Offset)
            return RecordFate.Drop;
        if (!record.Value.IsNull)
            return RecordFate.Keep;

        // All older records of the key are gone, now or since an earlier pass. Who reads from the start has the time up to the
        // horizon to see the tombstone.
        if (!header.Attributes.HasDeleteHorizon)
            return RecordFate.KeepUntilHorizon;
        if (header.BaseTimestamp > now || record.Offset >= HeldFrom)
            return RecordFate.Keep;
        TombstonesDropped++;
        return RecordFate.Drop;
    }

    /// <summary>
    /// False when a later batch of the producer lies below the end: that one tells its sequence; or when the producer has been
    /// forgotten since.
    /// </summary>
    /// <param name="header">The batch's header.</param>
    /// <param name="lastAppend">When the last batch of its segment was appended.</param>
    public bool IsNeededForProducer(in BatchHeader header, Timestamp lastAppend) =>
        header.ProducerId >= 0
        && now.UnixMilliseconds - lastAppend.UnixMilliseconds <= producerExpiration.TotalMilliseconds
        && !(map.Find(ProducerKey.Hash(producers, header)) > header.BaseOffset);
}
