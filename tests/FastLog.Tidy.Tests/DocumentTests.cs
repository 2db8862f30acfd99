using System.Text.RegularExpressions;

namespace FastLog.Tidy.Tests;

/// <summary>Links lead somewhere, and what is promised to be documented is.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Relative_links_in_documents_lead_to_files()
    {
        var dead = new List<string>();
        int seen = 0;
        foreach (string file in Documents())
        {
            foreach (Match match in Link().Matches(File.ReadAllText(file)))
            {
                string target = match.Groups[1].Value.Split('#')[0];
                if (target.Length == 0 || target.Contains("://", StringComparison.Ordinal))
                    continue;
                seen++;
                string path = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, target));
                if (!File.Exists(path) && !Directory.Exists(path))
                    dead.Add($"{Repository.Relative(file)}: {target}");
            }
        }

        Assert.True(seen > 0);
        Assert.Empty(dead);
    }

    [Fact]
    public void Every_protocol_message_page_has_a_codec()
    {
        string[] pages = [.. Repository.Files("protocol-spec/messages", "*.md")];
        Assert.NotEmpty(pages);
        string[] codecs = [.. Repository.Files("src/FastLog.Protocol/Messages", "*Codec*.cs").Select(Path.GetFileName)!];
        foreach (string page in pages)
        {
            string name = Path.GetFileNameWithoutExtension(page).Replace("-", "", StringComparison.Ordinal);
            Assert.Contains(codecs, codec => codec.StartsWith(name, StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public void The_top_level_holds_what_it_should()
    {
        foreach (string name in (string[])["src", "tests", "protocol-spec", "tools", "FastLog.sln", "README.md", "global.json"])
            Assert.True(Path.Exists(Path.Combine(Repository.Root, name)), $"{name} is missing at the top level");
    }

    [Fact]
    public void Package_versions_are_pinned_in_one_place()
    {
        string versions = File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props"));
        Assert.DoesNotMatch(@"Version=""[^""]*[*\[(]", versions);
        foreach (string folder in (string[])["src", "tests", "tools", "bench"])
        {
            foreach (string project in Repository.Files(folder, "*.csproj"))
                Assert.DoesNotMatch(@"<PackageReference[^>]*Version=", File.ReadAllText(project));
        }
    }

    [Fact]
    public void The_proofs_table_names_each_sabotage_and_nothing_that_is_missing()
    {
        string proofs = File.ReadAllText(Path.Combine(Repository.Root, "tests/PROOFS.md"));
        string tests = string.Concat(Repository.Files("tests", "*.cs").Select(File.ReadAllText));
        MatchCollection names = TestName().Matches(proofs);
        Assert.True(names.Count > 0);
        foreach (Match match in names)
            Assert.Contains($"class {match.Groups[1].Value}", tests, StringComparison.Ordinal);
        foreach (Match match in PatchName().Matches(proofs))
            Assert.True(File.Exists(Path.Combine(Repository.Root, "tests/sabotage", match.Value)), match.Value);
        string[] patches = [.. Repository.Files("tests/sabotage", "*.patch").Select(Path.GetFileName)!];
        Assert.NotEmpty(patches);
        Assert.All(patches, patch => Assert.Contains($"`{patch}`", proofs, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([A-Z]\w+Tests)(?:\.\w+)?`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"[\w-]+\.patch")]
    private static partial Regex PatchName();

    private static IEnumerable<string> Documents() =>
        Directory.EnumerateFiles(Repository.Root, "*.md")
            .Concat(Repository.Files("src", "*.md").Where(file => !file.Contains("/obj/", StringComparison.Ordinal)))
            .Concat(Repository.Files("protocol-spec", "*.md"))
            .Concat(Repository.Files("tests", "*.md"))
            .Concat(Repository.Files("tools", "*.md"));
}
