using System.Globalization;

namespace FastLog.Storage.Space;

/// <summary>How much room the file system of a data directory has, as it was last looked at.</summary>
/// <param name="FreeBytes">What may still be allocated; -1 when it is not known.</param>
/// <param name="ReserveBytes">What is kept free; 0: nothing is.</param>
/// <param name="IsReached">Appends are refused until more than the reserve is free.</param>
public readonly record struct SpaceStatus(long FreeBytes, long ReserveBytes, bool IsReached)
{
    /// <summary>For people: how much is free, and below what.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{FreeBytes / 1048576.0:0.0} MiB are free where the data directory lies, and {ReserveBytes / 1048576.0:0.0} MiB are kept free");
}
