using FastLog.Primitives;

namespace FastLog.Storage.Reading;

/// <summary>Ranges of offsets that are known to be damaged: not served, all else is. Thread-safe.</summary>
internal sealed class Quarantine
{
    private LogDefect[] _defects;

    public Quarantine(IEnumerable<LogDefect> defects) =>
        _defects = [.. defects.OrderBy(static defect => defect.FirstOffset)];

    public IReadOnlyList<LogDefect> Defects => Volatile.Read(ref _defects);

    /// <summary>The damage that holds the offset; null when none does.</summary>
    public LogDefect? Find(LogOffset offset)
    {
        foreach (LogDefect defect in Volatile.Read(ref _defects))
        {
            if (IsBarrier(defect) && defect.FirstOffset <= offset && offset <= defect.LastOffset)
                return defect;
        }

        return null;
    }

    /// <summary>Where the next damage above the offset begins, if that is before the end.</summary>
    public LogOffset FirstAbove(LogOffset offset, LogOffset end)
    {
        foreach (LogDefect defect in Volatile.Read(ref _defects))
        {
            if (IsBarrier(defect) && defect.FirstOffset > offset && defect.FirstOffset < end)
                return defect.FirstOffset;
        }

        return end;
    }

    /// <summary>A chain that does not match says that some header is wrong, not which: its range stays readable.</summary>
    private static bool IsBarrier(LogDefect defect) =>
        defect.Kind is not (LogDefectKind.ChainMismatch or LogDefectKind.SealDamaged or LogDefectKind.EpochFileDamaged);
}
