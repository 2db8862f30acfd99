using System.Globalization;

namespace FastLog.Torture;

/// <summary>What the kernel tells about a running process (<c>/proc/PID</c>), at one moment.</summary>
/// <param name="CharactersRead">Bytes that its read calls gave, from the page cache too; no mapped pages.</param>
/// <param name="DeviceBytesRead">Bytes that were fetched from a device for it, mapped pages and read-ahead too.</param>
/// <param name="Files">Open descriptors.</param>
/// <param name="Maps">Memory mappings, of which the kernel allows 65,530.</param>
/// <param name="ResidentBytes">Memory resident.</param>
internal sealed record ProcessFigures(long CharactersRead, long DeviceBytesRead, int Files, int Maps, long ResidentBytes)
{
    public static ProcessFigures Of(int process)
    {
        string proc = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}");
        string io = File.ReadAllText(proc + "/io");
        return new ProcessFigures(
            Number(io, "rchar:"),
            Number(io, "read_bytes:"),
            Directory.GetFiles(proc + "/fd").Length,
            File.ReadLines(proc + "/maps").Count(),
            Number(File.ReadAllText(proc + "/status"), "VmRSS:") << 10);
    }

    private static long Number(string text, string name)
    {
        foreach (string line in text.Split('\n'))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
                return long.Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.Integer, CultureInfo.InvariantCulture);
        }

        throw new InvalidDataException($"the kernel told no {name}");
    }
}
