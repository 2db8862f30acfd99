using System.Text.RegularExpressions;

namespace FastLog.Tidy.Tests;

/// <summary>Clock, randomness, threads and the swallowing flush are ports: above the seams nobody takes the machine's own.</summary>
public sealed class BannedApiTests
{
    private static readonly string[] Projects = ["Storage", "Transport", "Broker", "Client", "Records", "Protocol"];

    private static readonly (Regex Pattern, string Instead)[] Banned =
    [
        (new Regex(@"\bDateTime(Offset)?\.(Utc)?Now\b"), "ports.Clock.WallNow"),
        (new Regex(@"\bStopwatch\b"), "ports.Clock.Now"),
        (new Regex(@"\bEnvironment\.TickCount"), "ports.Clock.Now"),
        (new Regex(@"\bRandom\.Shared\b|\bnew Random\("), "ports.Entropy or a seeded Prng"),
        (new Regex(@"\bGuid\.NewGuid\b"), "Uid128.NewRandom(ports.Entropy)"),
        (new Regex(@"\bTask\.Run\b|\bTask\.Factory\b"), "ports.Executor.Post"),
        (new Regex(@"\bTask\.Delay\b|\.CancelAfter\(|\bPeriodicTimer\b|\bnew Timer\("), "ports.Timers"),
        (new Regex(@"\bThreadPool\.|\bnew Thread\("), "ports.Executor or ports.BlockingExecutor"),
        (new Regex(@"\bConfigureAwait\(false\)"), "a plain await: the simulator's context must be kept"),
        (new Regex(@"\basync void\b"), "async Task, owned and observed by somebody"),
        (new Regex(@"\.GetAwaiter\(\)\.GetResult\(\)|\.Wait\(\)"), "await"),
        (new Regex(@"\bnew Exception\("), "a typed exception"),
    ];

    private static readonly (Regex Pattern, string Instead)[] BannedEverywhere =
    [
        (new Regex(@"\bFlushToDisk\(|\.Flush\((true|flushToDisk)"), "IDiskFile.FlushData: the framework's flush hides errors"),
        (new Regex(@"\bNotImplementedException\b"), "the implementation"),
    ];

    [Fact]
    public void Code_above_the_seams_takes_time_randomness_and_threads_from_its_ports()
    {
        var found = new List<string>();
        foreach (string project in Projects)
        {
            foreach (string file in Repository.Files($"src/FastLog.{project}", "*.cs"))
            {
                string name = Path.GetFileName(file);
                bool adapter = name.StartsWith("Os", StringComparison.Ordinal) || name.StartsWith("Socket", StringComparison.Ordinal);
                if (!adapter)
                    Collect(file, Banned, found);
            }
        }

        Assert.Empty(found);
    }

    [Fact]
    public void Nobody_uses_the_flush_that_hides_errors_or_leaves_a_member_unwritten()
    {
        var found = new List<string>();
        foreach (string folder in (string[])["src", "tools"])
        {
            foreach (string file in Repository.Files(folder, "*.cs"))
                Collect(file, BannedEverywhere, found);
        }

        Assert.Empty(found);
    }

    [Fact]
    public void The_search_finds_a_banned_name_and_passes_over_comments_and_strings()
    {
        string file = Path.Combine(Path.GetTempPath(), $"tidy-{Environment.ProcessId}.cs");
        try
        {
            File.WriteAllText(file, "// Task.Run\nvar a = \"Task.Run\";\nTask.Run(x);\n");
            var found = new List<string>();
            Collect(file, Banned, found);
            Assert.Single(found);
            Assert.Contains(":3:", found[0], StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Collect(string file, (Regex Pattern, string Instead)[] banned, List<string> found)
    {
        string[] lines = SourceText.CodeLines(file);
        for (int i = 0; i < lines.Length; i++)
        {
            foreach ((Regex pattern, string instead) in banned)
            {
                if (pattern.IsMatch(lines[i]))
                    found.Add($"{Repository.Relative(file)}:{i + 1}: '{pattern.Match(lines[i]).Value}': use {instead}");
            }
        }
    }
}
