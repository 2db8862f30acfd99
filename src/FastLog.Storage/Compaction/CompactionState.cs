using FastLog.Primitives;

namespace FastLog.Storage.Compaction;

/// <summary>What one log's compaction remembers between its rounds. Of whoever is inside of the log's maintenance gate.</summary>
internal sealed class CompactionState
{
    private readonly HashSet<(string File, FilePosition At)> _reported = [];

    /// <summary>How far the log is compacted; null before the first look.</summary>
    public CleanPoint? Point { get; set; }

    /// <summary>What is on the disk is not known any more: nothing is compacted until the log is opened again.</summary>
    public bool IsStopped { get; set; }

    /// <summary>True for damage that was not told yet: each round meets it again.</summary>
    public bool IsNew(LogDefect defect) => _reported.Add((defect.File, defect.Position));
}
