using FastLog.Primitives;

namespace FastLog.Storage.Reading;

/// <summary>
/// Ranges of offsets that are known to be damaged: not served, all else is. Filled when the log is opened, by reads that
/// meet damage, and by the scrubber; each finding is told once. Thread-safe.
/// </summary>
internal sealed class Quarantine
{
    private readonly StorageDiagnostics _diagnostics;
    private readonly Lock _gate = new();
    private LogDefect[] _defects;

    /// <param name="found">What the opening found, and told.</param>
    /// <param name="diagnostics">Hears of what is found later.</param>
    public Quarantine(IEnumerable<LogDefect> found, StorageDiagnostics diagnostics)
    {
        _diagnostics = diagnostics;
        _defects = [.. found.OrderBy(static defect => defect.FirstOffset)];
    }

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

    /// <summary>Takes damage in and tells it, unless it is known. From here on no read is given its range.</summary>
    /// <returns>True when it was not known.</returns>
    public bool Add(LogDefect defect)
    {
        lock (_gate)
        {
            if (Array.Exists(_defects, known => Covers(known, defect)))
                return false;

            // Beyond the limit it is told all the same, and the next read or scrub finds it again.
            if (_defects.Length < StorageLimits.DefectsMax)
            {
                LogDefect[] defects = [.. _defects, defect];
                Array.Sort(defects, static (left, right) => left.FirstOffset.CompareTo(right.FirstOffset));
                Volatile.Write(ref _defects, defects);
            }
        }

        _diagnostics.DefectFound(defect);
        return true;
    }

    /// <summary>Takes damage out again: its bytes are good now. Tells it.</summary>
    /// <returns>False when it was not in.</returns>
    public bool Lift(LogDefect defect, string why)
    {
        lock (_gate)
        {
            LogDefect[] left = Array.FindAll(_defects, known => known != defect);
            if (left.Length == _defects.Length)
                return false;
            Volatile.Write(ref _defects, left);
        }

        _diagnostics.DefectLifted(defect, why);
        return true;
    }

    /// <summary>The log's suffix was cut: damage in it is gone with it.</summary>
    public void CutTo(LogOffset logEnd)
    {
        lock (_gate)
            Volatile.Write(ref _defects, Array.FindAll(_defects, known => known.FirstOffset < logEnd));
    }

    /// <summary>A chain that does not match says that some header is wrong, not which: its range stays readable.</summary>
    public static bool IsBarrier(LogDefect defect) => !defect.LastOffset.IsNone
        && defect.Kind is not (LogDefectKind.ChainMismatch or LogDefectKind.SealDamaged or LogDefectKind.EpochFileDamaged
            or LogDefectKind.StartFileDamaged);

    /// <summary>The same place and kind, or a range of offsets that is closed already.</summary>
    private static bool Covers(LogDefect known, LogDefect defect)
    {
        if (known.Kind == defect.Kind && known.File == defect.File && known.Position == defect.Position
            && known.FirstOffset == defect.FirstOffset && known.LastOffset == defect.LastOffset)
            return true;
        return IsBarrier(known)
            && IsBarrier(defect)
            && known.FirstOffset <= defect.FirstOffset
            && defect.LastOffset <= known.LastOffset;
    }
}
