using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Epochs;

/// <summary>
/// The leader epochs of one partition and where each began, kept in the file `epochs`: an epoch is durable there before the
/// first batch that carries it. Immutable; a change gives a new history.
/// </summary>
internal sealed class LeaderEpochHistory
{
    public const string FileName = "epochs";

    /// <summary>"FLEP".</summary>
    public const uint Magic = 0x464C4550;

    public const ushort Version = 1;

    public const int CountAt = 0;
    public const int EntriesAt = CountAt + sizeof(uint);
    public const int EntryEpochAt = 0;
    public const int EntryStartAt = EntryEpochAt + sizeof(int);
    public const int EntrySize = EntryStartAt + sizeof(long);

    public static readonly LeaderEpochHistory Empty = new([]);

    private readonly LeaderEpochEntry[] _entries;

    private LeaderEpochHistory(LeaderEpochEntry[] entries) => _entries = entries;

    public IReadOnlyList<LeaderEpochEntry> Entries => _entries;

    /// <summary>The epoch of the next batch; none before the first one.</summary>
    public LeaderEpoch Latest => _entries.Length == 0 ? LeaderEpoch.None : _entries[^1].Epoch;

    /// <summary>
    /// Begins an epoch at the log end. Entries of epochs that would begin there or later have no records left and go; so do
    /// the oldest over the limit.
    /// </summary>
    public LeaderEpochHistory Begin(LeaderEpoch epoch, LogOffset logEnd)
    {
        Invariant.Check(epoch > Latest);
        IEnumerable<LeaderEpochEntry> kept = _entries.Where(entry => entry.Start < logEnd);
        LeaderEpochEntry[] entries = [.. kept.TakeLast(StorageLimits.EpochEntriesMax - 1), new(epoch, logEnd)];
        return new LeaderEpochHistory(entries);
    }

    /// <summary>
    /// The history of a log whose suffix was cut: epochs that began there or later have no records left and go; the present one
    /// stays.
    /// </summary>
    public LeaderEpochHistory CutTo(LogOffset logEnd) => _entries.Length == 0 || _entries[^1].Start < logEnd
        ? this
        : new LeaderEpochHistory([.. _entries.Where(entry => entry.Start < logEnd), new(Latest, logEnd)]);

    /// <summary>Where the largest known epoch at or below the one asked for ends.</summary>
    public EpochEnd EndOf(LeaderEpoch epoch, LogOffset logEnd)
    {
        for (int i = _entries.Length - 1; i >= 0; i--)
        {
            if (_entries[i].Epoch > epoch)
                continue;
            LogOffset end = i + 1 < _entries.Length ? _entries[i + 1].Start : logEnd;
            return new EpochEnd(_entries[i].Epoch, end);
        }

        return new EpochEnd(LeaderEpoch.None, LogOffset.None);
    }

    /// <summary>The epoch in which a record of this log was appended; none when the history does not reach back so far.</summary>
    public LeaderEpoch EpochAt(LogOffset offset)
    {
        for (int i = _entries.Length - 1; i >= 0; i--)
        {
            if (_entries[i].Start <= offset)
                return _entries[i].Epoch;
        }

        return LeaderEpoch.None;
    }

    /// <summary>Makes the history durable.</summary>
    /// <exception cref="DiskException">The device failed; the former history is still there.</exception>
    public void Write(IDisk disk, string directory)
    {
        byte[] bytes = new byte[EntriesAt + (_entries.Length * EntrySize)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, _entries.Length);
        for (int i = 0; i < _entries.Length; i++)
        {
            Span<byte> entry = bytes.AsSpan(EntriesAt + (i * EntrySize));
            BinaryPrimitives.WriteInt32BigEndian(entry[EntryEpochAt..], _entries[i].Epoch.Value);
            BinaryPrimitives.WriteInt64BigEndian(entry[EntryStartAt..], _entries[i].Start.Value);
        }

        AtomicFile.Write(disk, directory, FileName, Magic, Version, bytes);
    }

    /// <summary>Reads the history; Absent gives an empty one, any other status but Ok none.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static AtomicFileStatus TryRead(IDisk disk, string directory, out LeaderEpochHistory history)
    {
        history = Empty;
        AtomicFileContent content = AtomicFile.Read(disk, $"{directory}/{FileName}", Magic, Version);
        if (content.Status != AtomicFileStatus.Ok)
            return content.Status;
        ReadOnlySpan<byte> bytes = content.Bytes;
        if (bytes.Length < EntriesAt)
            return AtomicFileStatus.Damaged;
        int count = BinaryPrimitives.ReadInt32BigEndian(bytes);
        if (count is < 0 or > StorageLimits.EpochEntriesMax || bytes.Length != EntriesAt + (count * EntrySize))
            return AtomicFileStatus.Damaged;
        var entries = new LeaderEpochEntry[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = bytes[(EntriesAt + (i * EntrySize))..];
            entries[i] = new LeaderEpochEntry(
                new LeaderEpoch(BinaryPrimitives.ReadInt32BigEndian(entry[EntryEpochAt..])),
                new LogOffset(BinaryPrimitives.ReadInt64BigEndian(entry[EntryStartAt..])));
            if (i > 0 && !Rises(entries[i - 1], entries[i]))
                return AtomicFileStatus.Damaged;
        }

        history = new LeaderEpochHistory(entries);
        return AtomicFileStatus.Ok;
    }

    private static bool Rises(LeaderEpochEntry former, LeaderEpochEntry entry) =>
        entry.Epoch > former.Epoch && entry.Start > former.Start;
}
