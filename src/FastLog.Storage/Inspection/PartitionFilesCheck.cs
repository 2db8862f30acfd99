using FastLog.Primitives;
using FastLog.Storage.Compaction;
using FastLog.Storage.Disk;
using FastLog.Storage.Epochs;
using FastLog.Storage.Producers;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Inspection;

/// <summary>Checks the files of a partition that are neither segments nor indexes. Changes nothing. One thread, once.</summary>
internal sealed class PartitionFilesCheck(
    IDisk disk, string directory, TopicPartition id, List<LogDefect> defects, List<LogDefect> cacheDefects)
{
    /// <param name="hasSegments">Then the leader epochs must be there: they are durable before the first segment is made.</param>
    /// <exception cref="StorageException">A file is of a later version of the program.</exception>
    /// <exception cref="DiskException">The device failed.</exception>
    public void Run(bool hasSegments)
    {
        AtomicFileStatus epochs = LeaderEpochHistory.TryRead(disk, directory, out _);
        if (epochs != AtomicFileStatus.Absent || hasSegments)
            Judge(epochs, LeaderEpochHistory.FileName, LogDefectKind.EpochFileDamaged, defects);
        AtomicFileStatus start = LogStartFile.TryRead(disk, directory, out _);
        if (start != AtomicFileStatus.Absent)
            Judge(start, LogStartFile.FileName, LogDefectKind.StartFileDamaged, defects);
        AtomicFileStatus cleanPoint = CleanPoint.TryRead(disk, directory, out _);
        if (cleanPoint != AtomicFileStatus.Absent)
            Judge(cleanPoint, CleanPoint.FileName, LogDefectKind.CleanPointDamaged, cacheDefects);
        foreach (string name in disk.ListFiles(directory))
        {
            if (SegmentName.TryParse(name, ProducerSnapshots.Suffix, out LogOffset at))
                CheckSnapshot(name, at);
        }
    }

    private void Judge(AtomicFileStatus status, string name, LogDefectKind kind, List<LogDefect> found)
    {
        string path = $"{directory}/{name}";
        if (status == AtomicFileStatus.Ok)
            return;
        if (status == AtomicFileStatus.VersionUnknown)
            throw new StorageException(
                StorageErrorKind.ForeignFormat, path, $"'{path}' was written by a later version of this program");
        found.Add(Defect(kind, path, status == AtomicFileStatus.Absent ? "it is missing" : $"it does not check ({status})"));
    }

    private void CheckSnapshot(string name, LogOffset at)
    {
        string path = $"{directory}/{name}";
        byte[] bytes = [];
        try
        {
            using IDiskFile file = disk.Open(path, DiskOpenMode.Read);
            bytes = new byte[Math.Min(file.Length, AtomicFile.HeaderSize + AtomicFile.ContentSizeMax + 1L)];
            bytes = bytes[..file.Read(FilePosition.Zero, bytes)];
        }
        catch (DiskException failure) when (failure.IsAbsent)
        {
            // A running broker keeps the newest few only.
            return;
        }

        string? wrong = null;
        if (!ProducerSnapshot.TryDecode(bytes, default, out ProducerSnapshot snapshot, out _))
            wrong = "it does not check";
        else if (snapshot.Id != id)
            wrong = $"it belongs to {snapshot.Id}";
        else if (snapshot.LogEnd != at)
            wrong = $"it covers offsets up to {snapshot.LogEnd}";
        if (wrong is not null)
            cacheDefects.Add(Defect(LogDefectKind.ProducerSnapshotDamaged, path, wrong));
    }

    private static LogDefect Defect(LogDefectKind kind, string path, string detail) =>
        new(kind, path, FilePosition.Zero, 0, LogOffset.None, LogOffset.None, detail);
}
