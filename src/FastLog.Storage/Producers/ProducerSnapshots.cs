using System.Globalization;
using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Epochs;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Producers;

/// <summary>When a snapshot is flushed.</summary>
internal enum SnapshotFlush
{
    /// <summary>At a stop, which many partitions would make long.</summary>
    Never,

    /// <summary>When others were not.</summary>
    WhenDue,

    /// <summary>What it tells is about to be deleted elsewhere.</summary>
    Always,
}

/// <summary>
/// A partition's snapshot files, named by the log end they cover. They are caches with a checksum: most are written without a
/// flush, and one that a crash tore or took away only makes the next start walk further. How far is bounded: every few snapshots one
/// is flushed, and the flushed one before it is kept until then. One call at a time.
/// </summary>
internal sealed class ProducerSnapshots(SegmentContext context, StorageDiagnostics diagnostics)
{
    public const string Suffix = ".producers";

    /// <summary>The first one stays until a later one is flushed.</summary>
    private List<LogOffset> _kept = [];
    private int _unflushed;

    public static string PathOf(string directory, LogOffset logEnd) =>
        string.Create(CultureInfo.InvariantCulture, $"{directory}/{logEnd.Value:D20}{Suffix}");

    /// <summary>
    /// The newest snapshot that is whole, covers nothing but what is in the log and leaves no gap before it; those that are not
    /// go. Null without one.
    /// </summary>
    /// <param name="firstBase">Where the log's first segment begins: batches between a snapshot and it are not known any more.</param>
    /// <param name="logEnd">Where the log ends.</param>
    /// <param name="epochs">The log's history: a snapshot taken in an epoch that ended below it covers what was cut.</param>
    /// <param name="now">The clock.</param>
    public LoadedProducers? Load(LogOffset firstBase, LogOffset logEnd, LeaderEpochHistory epochs, MonotonicTime now)
    {
        _kept = List();

        // Which of two reached the device is not known: the next one will.
        _unflushed = _kept.Count > 1 ? StorageLimits.ProducerSnapshotsUnflushedMax : 0;
        for (int i = _kept.Count - 1; i >= 0; i--)
        {
            LogOffset at = _kept[i];
            string? wrong = TryRead(at, now, out ProducerSnapshot snapshot, out ProducerTable table)
                ? CheckPlace(snapshot, at, firstBase, logEnd, epochs)
                : "it is damaged or cannot be read";
            if (wrong is null)
                return new LoadedProducers(this, table, at);
            diagnostics.ProducerSnapshotRefused(PathOf(context.Directory, at), wrong);
            _kept.RemoveAt(i);
            TryDelete(at);
        }

        return null;
    }

    /// <summary>Writes a snapshot and deletes those that it makes superfluous. What fails is told, and no harm.</summary>
    /// <param name="logEnd">It covers all below.</param>
    /// <param name="bytes">The file.</param>
    /// <param name="flush">Whether it is to survive a power cut.</param>
    public void Write(LogOffset logEnd, byte[] bytes, SnapshotFlush flush)
    {
        if (_kept.Contains(logEnd))
            return;
        bool isDue = flush == SnapshotFlush.WhenDue && _unflushed >= StorageLimits.ProducerSnapshotsUnflushedMax;
        bool flushes = isDue || flush == SnapshotFlush.Always;
        string path = PathOf(context.Directory, logEnd);
        try
        {
            context.Disk.DeleteFile(path);
            using (IDiskFile file = context.Disk.Open(path, DiskOpenMode.CreateNew))
            {
                file.Write(FilePosition.Zero, bytes);
                if (flushes)
                    file.FlushData();
            }

            if (flushes)
                context.Disk.FlushDirectory(context.Directory);
            _unflushed = flushes ? 0 : _unflushed + 1;
            DeleteFrom(flushes ? 0 : 1);
            _kept.Add(logEnd);
        }
        catch (DiskException failure)
        {
            diagnostics.ProducerSnapshotFailed(path, failure);
        }
    }

    /// <summary>Before a log's suffix is cut: snapshots of it must not come back beside another one.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public void DeleteAbove(LogOffset end)
    {
        bool any = false;
        foreach (LogOffset at in List())
        {
            if (at <= end)
                continue;
            context.Disk.DeleteFile(PathOf(context.Directory, at));
            any = true;
        }

        _kept.RemoveAll(at => at > end);
        if (any)
            context.Disk.FlushDirectory(context.Directory);
    }

    private void DeleteFrom(int first)
    {
        while (_kept.Count > first)
        {
            context.Disk.DeleteFile(PathOf(context.Directory, _kept[first]));
            _kept.RemoveAt(first);
        }
    }

    private string? CheckPlace(
        in ProducerSnapshot snapshot, LogOffset at, LogOffset firstBase, LogOffset logEnd, LeaderEpochHistory epochs)
    {
        if (snapshot.Id != context.Id)
            return "it is another partition's";
        if (snapshot.LogEnd != at)
            return "its name is another offset's";
        if (at > logEnd)
            return $"it covers offsets up to {at}, the log ends at {logEnd}";
        if (at < firstBase)
            return $"it covers offsets up to {at}, and what followed is gone up to {firstBase}";
        LogOffset epochEnd = epochs.EndOf(snapshot.Epoch, logEnd).End;
        return epochEnd >= at ? null : $"leader epoch {snapshot.Epoch}, in which it was taken, ended at {epochEnd}";
    }

    private bool TryRead(
        LogOffset at, MonotonicTime now, out ProducerSnapshot snapshot, out ProducerTable table)
    {
        byte[] bytes = [];
        try
        {
            using IDiskFile file = context.Disk.Open(PathOf(context.Directory, at), DiskOpenMode.Read);
            long length = file.Length;
            if (length is > 0 and <= AtomicFile.HeaderSize + AtomicFile.ContentSizeMax)
            {
                bytes = new byte[length];
                bytes = bytes[..file.Read(FilePosition.Zero, bytes)];
            }
        }
        catch (DiskException)
        {
            bytes = [];
        }

        return ProducerSnapshot.TryDecode(bytes, now, out snapshot, out table);
    }

    private void TryDelete(LogOffset at)
    {
        try
        {
            context.Disk.DeleteFile(PathOf(context.Directory, at));
        }
        catch (DiskException failure)
        {
            diagnostics.ProducerSnapshotFailed(PathOf(context.Directory, at), failure);
        }
    }

    private List<LogOffset> List()
    {
        var found = new List<LogOffset>();
        foreach (string name in context.Disk.ListFiles(context.Directory))
        {
            if (SegmentName.TryParse(name, Suffix, out LogOffset at))
                found.Add(at);
        }

        found.Sort();
        return found;
    }
}

/// <summary>What a partition knows of its producers.</summary>
/// <param name="Snapshots">The partition's files.</param>
/// <param name="Table">The producers.</param>
/// <param name="Covered">Where the snapshot ends that it began with.</param>
internal sealed record LoadedProducers(ProducerSnapshots Snapshots, ProducerTable Table, LogOffset Covered)
{
    /// <summary>Bytes of batches behind the snapshot, whose headers were walked.</summary>
    public long WalkedBytes { get; init; }
}
