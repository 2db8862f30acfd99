using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FastLog.Spec.Tests;

/// <summary>Finds and reads the pages and vectors of <c>protocol-spec</c>.</summary>
internal static partial class SpecFiles
{
    public static readonly string Root = FindRoot();

    public static string Page(string name) => File.ReadAllText(Path.Combine(Root, name));

    public static JsonObject[] Vectors(string name) =>
        [.. JsonNode.Parse(Page(Path.Combine("vectors", name)))!.AsArray().Select(node => node!.AsObject())];

    /// <summary>The hex blocks of a page by name: each line's part before <c>;</c>, joined.</summary>
    public static IEnumerable<(string Name, byte[] Bytes)> Examples(string page)
    {
        foreach (Match block in HexBlock().Matches(page))
        {
            IEnumerable<string> lines = block.Groups[2].Value.Split('\n').Select(line => line.Split(';')[0].Trim());
            yield return (block.Groups[1].Value, Convert.FromHexString(string.Concat(lines)));
        }
    }

    /// <summary>The rows of all tables of a page whose first cell is in backticks or a number, cells trimmed.</summary>
    public static IEnumerable<string[]> Rows(string page)
    {
        foreach (string line in page.Split('\n'))
        {
            if (!line.StartsWith('|') || line.Contains("| ---", StringComparison.Ordinal))
                continue;
            yield return [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];
        }
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string candidate = Path.Combine(at.FullName, "protocol-spec");
            if (Directory.Exists(candidate))
                return candidate;
        }

        throw new DirectoryNotFoundException("protocol-spec is not above the test's directory");
    }

    [GeneratedRegex("```hex ([a-z-]+)\n(.*?)\n?```", RegexOptions.Singleline)]
    private static partial Regex HexBlock();
}
