using System.Globalization;

namespace FastLog.Torture;

/// <summary>A fault that strace injects into one system call of a broker.</summary>
/// <param name="Call">The call's name.</param>
/// <param name="Effect">strace's words: <c>error=EIO</c>, <c>signal=KILL</c>, <c>delay_enter=500000</c>.</param>
/// <param name="From">The first call that is hit, counted for each thread by itself.</param>
/// <param name="Once">True: that call alone; else each one from there on.</param>
/// <param name="Last">The last call that is hit, counted like the first; null: as <paramref name="Once"/> says.</param>
internal sealed record StraceFault(string Call, string Effect, int From, bool Once, int? Last = null)
{
    private static readonly Lazy<string?> Probed = new(Probe);

    /// <summary>Why faults cannot be injected here; null when they can.</summary>
    public static string? Missing() => Probed.Value;

    /// <summary>The program and arguments that run a broker with this fault; the trace has a line for each such call.</summary>
    public string[] Wrapper(string trace) =>
    [
        "strace", "-D", "-f", "--seccomp-bpf", "-qq", "-y", "-ttt", "-o", trace,
        "-e", $"trace={Call}", "-e", string.Create(CultureInfo.InvariantCulture, $"inject={Call}:{Effect}:when={When}"),
    ];

    /// <summary>The trace's lines of calls that were hit.</summary>
    public static IReadOnlyList<string> Hits(string trace) => File.Exists(trace)
        ? [.. File.ReadLines(trace).Where(line => line.EndsWith("(INJECTED)", StringComparison.Ordinal) || line.EndsWith("(DELAYED)", StringComparison.Ordinal))]
        : [];

    /// <summary>True when a broker under this fault met it in its data directory.</summary>
    public static bool WasHit(string trace, string data) => Hits(trace).Any(line => line.Contains(data, StringComparison.Ordinal));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Call} {Effect} when={When}");

    private string When => string.Create(
        CultureInfo.InvariantCulture, $"{From}{(Last is { } last ? $"..{last}" : Once ? "" : "+")}");

    private static string? Probe()
    {
        if (Tool.Find("strace") is null)
            return "strace is not installed";
        return Tool.TryRun("strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "true") is null
            ? null
            : "strace may not trace here";
    }
}
