namespace FastLog.Tidy.Tests;

/// <summary>
/// A sabotage that no longer applies proves nothing any more. Running them all takes long (<c>tests/sabotage/run</c>); that each
/// still finds what it breaks is seen at once.
/// </summary>
public sealed class SabotageTests
{
    [Fact]
    public void Each_sabotage_says_what_it_breaks_and_still_finds_it()
    {
        var defects = new List<string>();
        int hunks = 0;
        foreach (string file in Repository.Files("tests/sabotage", "*.patch"))
        {
            string[] lines = File.ReadAllLines(file);
            string name = Path.GetFileNameWithoutExtension(file);
            if (Field(lines, "Breaks") is null || Field(lines, "Filter") is null)
                defects.Add($"{name}: the lines 'Breaks:' and 'Filter:' come first");
            if (Field(lines, "Project") is not { } project || !Directory.Exists(Path.Combine(Repository.Root, project)))
                defects.Add($"{name}: 'Project:' names no folder of tests");
            foreach ((string target, string before) in Hunks(lines))
            {
                hunks++;
                string path = Path.Combine(Repository.Root, target);
                if (!File.Exists(path) || !("\n" + File.ReadAllText(path)).Contains("\n" + before, StringComparison.Ordinal))
                    defects.Add($"{name}: does not apply to {target}");
            }
        }

        Assert.True(hunks > 0);
        Assert.Empty(defects);
    }

    private static string? Field(string[] lines, string name) =>
        Array.Find(lines, line => line.StartsWith(name + ": ", StringComparison.Ordinal))?[(name.Length + 2)..];

    /// <summary>The file that each hunk changes, and the lines that it expects there.</summary>
    private static IEnumerable<(string Target, string Before)> Hunks(string[] lines)
    {
        string target = "";
        string? before = null;
        foreach (string line in lines)
        {
            bool isHeader = line.StartsWith("--- ", StringComparison.Ordinal) || line.StartsWith("+++ ", StringComparison.Ordinal);
            if (before is not null && !isHeader && line is [' ' or '-' or '+' or '\\', ..])
            {
                if (line[0] is ' ' or '-')
                    before += line[1..] + "\n";
                continue;
            }

            if (before is not null)
                yield return (target, before);
            before = line.StartsWith("@@", StringComparison.Ordinal) ? "" : null;
            if (line.StartsWith("+++ b/", StringComparison.Ordinal))
                target = line["+++ b/".Length..];
        }

        if (before is not null)
            yield return (target, before);
    }
}
