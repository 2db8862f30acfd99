using System.Text.RegularExpressions;

namespace FastLog.Tidy.Tests;

/// <summary>Sizes of files and methods, leftovers, file names.</summary>
public sealed partial class ShapeTests
{
    private const int FileLinesMax = 500;
    private const int MethodLinesMax = 70;
    private static readonly string[] Folders = ["src", "tools", "tests", "bench"];

    [Fact]
    public void Files_are_short()
    {
        var found = new List<string>();
        foreach (string file in AllSource())
        {
            int lines = File.ReadLines(file).Count();
            if (lines > FileLinesMax)
                found.Add($"{Repository.Relative(file)}: {lines} lines, at most {FileLinesMax}: one concept a file");
        }

        Assert.Empty(found);
    }

    [Fact]
    public void Methods_are_short()
    {
        var found = new List<string>();
        foreach (string file in AllSource())
            found.AddRange(LongMethods(Repository.Relative(file), File.ReadAllLines(file)));
        Assert.Empty(found);
    }

    [Fact]
    public void A_method_over_the_limit_is_found()
    {
        string body = string.Concat(Enumerable.Repeat("        a();\n", MethodLinesMax + 1));
        string text = "public class A\n{\n    public void Long()\n    {\n" + body + "    }\n}\n";
        Assert.Single(LongMethods("a.cs", text.Split('\n')));
    }

    [Fact]
    public void Nothing_is_left_for_later_in_the_source()
    {
        var found = new List<string>();
        foreach (string file in AllSource().Where(file => !file.Contains("Tidy.Tests", StringComparison.Ordinal)))
        {
            string[] lines = File.ReadAllLines(file);
            for (int i = 0; i < lines.Length; i++)
            {
                if (Leftover().IsMatch(lines[i]))
                    found.Add($"{Repository.Relative(file)}:{i + 1}: {lines[i].Trim()}");
            }
        }

        Assert.Empty(found);
    }

    [Fact]
    public void Tests_wait_on_conditions_and_never_sleep()
    {
        var found = new List<string>();
        foreach (string file in Repository.Files("tests", "*.cs").Where(IsSource))
        {
            if (Path.GetFileName(file) is "Eventually.cs" || file.Contains("Tidy.Tests", StringComparison.Ordinal))
                continue;
            string[] lines = SourceText.CodeLines(file);
            for (int i = 0; i < lines.Length; i++)
            {
                if (Sleep().IsMatch(lines[i]))
                    found.Add($"{Repository.Relative(file)}:{i + 1}: wait for a condition (Eventually) or a tick");
            }
        }

        Assert.Empty(found);
    }

    [GeneratedRegex(@"\b(TODO|FIXME|XXX|HACK)\b")]
    private static partial Regex Leftover();

    [GeneratedRegex(@"Thread\.Sleep|Task\.Delay\(")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"^\s*(if|else|for|foreach|while|do|switch|using|lock|catch|try|finally|fixed|namespace|get|set|init)\b")]
    private static partial Regex Statement();

    [GeneratedRegex(@"^\s*[^=]*\b(class|struct|interface|enum|record)\b")]
    private static partial Regex TypeHeader();

    private static IEnumerable<string> AllSource() =>
        Folders.SelectMany(folder => Repository.Files(folder, "*.cs")).Where(IsSource);

    private static bool IsSource(string file) =>
        !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal);

    // A method is a brace alone on its line, at the depth of a member, below a line that closes a parameter list.
    private static IEnumerable<string> LongMethods(string name, string[] lines)
    {
        for (int i = 1; i < lines.Length; i++)
        {
            if (lines[i].Trim() != "{")
                continue;
            int indent = lines[i].Length - lines[i].TrimStart().Length;
            string above = lines[i - 1];
            bool header = above.TrimEnd().EndsWith(')') || above.Contains(" where ", StringComparison.Ordinal);
            if (indent is not (4 or 8) || !header || Statement().IsMatch(above) || TypeHeader().IsMatch(above))
                continue;
            string close = new string(' ', indent) + "}";
            int end = Array.FindIndex(lines, i, line => line.StartsWith(close, StringComparison.Ordinal));
            int length = end - i - 1;
            if (length > MethodLinesMax)
                yield return $"{name}:{i}: {above.Trim()}: {length} lines, at most {MethodLinesMax}";
        }
    }
}
