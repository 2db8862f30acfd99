using FastLog.Storage.Disk;

namespace FastLog.Simulator;

/// <summary>The error numbers that the simulated disk answers with.</summary>
public static class DiskErrors
{
    public const int NoEntry = 2;
    public const int Io = 5;
    public const int BadHandle = 9;
    public const int Exists = 17;
    public const int NotDirectory = 20;
    public const int IsDirectory = 21;
    public const int InvalidArgument = 22;
    public const int NoSpace = 28;
    public const int NotEmpty = 39;

    internal static DiskException Of(DiskOperation operation, string path, int errorNumber, string reason) =>
        new(operation.ToString(), path, errorNumber, reason);
}
