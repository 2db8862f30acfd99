using System.Globalization;
using FastLog.Storage;

namespace FastLog.Hosting;

/// <summary>How many files this process may have open, and what of them the logs may take.</summary>
public static class OpenFileLimit
{
    // A data file and two index files.
    private const int FilesOfWarmLog = 3;

    // Sockets, segments with readers, the program's own.
    private const int FilesOfOthers = 1_024;
    private const int WarmLogsMin = 64;

    /// <summary>Logs that may stay open for appends while they rest, within the limit that the system gave this process.</summary>
    public static int WarmLogsMax()
    {
        try
        {
            return WarmLogsWithin(Parse(File.ReadAllText("/proc/self/limits")));
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException)
        {
            return StorageLimits.WarmLogsMax;
        }
    }

    /// <summary>The soft limit, which the runtime raises to the hard one as it starts; the largest number when there is none.</summary>
    /// <param name="limits">The text of <c>/proc/self/limits</c>.</param>
    public static long Parse(string limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        const string name = "Max open files";
        foreach (string line in limits.Split('\n'))
        {
            if (!line.StartsWith(name, StringComparison.Ordinal))
                continue;
            string[] values = line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (values.Length > 0 && long.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out long soft))
                return soft;
        }

        return long.MaxValue;
    }

    /// <summary>Not more than is open when none of them rests.</summary>
    public static int WarmLogsWithin(long files) => (int)Math.Clamp(
        (files - FilesOfOthers) / (FilesOfWarmLog * StorageLimits.WarmExcess), WarmLogsMin, StorageLimits.WarmLogsMax);
}
