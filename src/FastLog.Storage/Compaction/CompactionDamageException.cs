namespace FastLog.Storage.Compaction;

/// <summary>A segment cannot be compacted: what is in it is not what was written, or cannot be read here.</summary>
internal sealed class CompactionDamageException(LogDefect defect)
    : Exception($"{defect.Kind} at {defect.Position} of {defect.File}: {defect.Detail}")
{
    public LogDefect Defect => defect;
}
