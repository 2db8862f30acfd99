namespace FastLog.Storage;

/// <summary>How a repair of a damaged range ended.</summary>
public enum RangeRepairStatus
{
    /// <summary>The bytes are durable in the log and the range is served again.</summary>
    Repaired,

    /// <summary>The range is not in the quarantine (any more).</summary>
    NotDamaged,

    /// <summary>What was handed in is not what was there: not whole good batches, other offsets or epochs, or another chain CRC.</summary>
    InvalidBytes,

    /// <summary>Whole good batches of these offsets, but of another size than the damaged run: they do not fit in its place.</summary>
    DoesNotFit,

    /// <summary>The device failed; the range stays closed.</summary>
    Failed,

    /// <summary>The log is closed.</summary>
    Closed,
}

/// <summary>How a repair ended, and why it was not made.</summary>
public readonly record struct RangeRepairResult(RangeRepairStatus Status, string Reason)
{
    public static readonly RangeRepairResult Repaired = new(RangeRepairStatus.Repaired, "");
}
