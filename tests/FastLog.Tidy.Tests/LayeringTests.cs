using System.Xml.Linq;

namespace FastLog.Tidy.Tests;

/// <summary>Holds the direction of dependencies: which project may name which.</summary>
public sealed class LayeringTests
{
    // Direct references of each project under src. A project that is not listed is refused until it gets a line here.
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Primitives"] = [],
        ["Records"] = ["Primitives"],
        ["Protocol"] = ["Primitives"],
        ["Storage"] = ["Primitives", "Records"],
        ["Transport"] = ["Primitives", "Protocol"],
        ["Client"] = ["Primitives", "Records", "Protocol", "Transport"],
        ["Broker"] = ["Primitives", "Records", "Protocol", "Storage", "Transport"],
        ["Embedded"] = ["Broker", "Client", "Transport"],
        ["Hosting"] = ["Broker"],
        ["Simulator"] = ["Primitives", "Records", "Protocol", "Storage", "Transport", "Broker", "Client"],
    };

    // What a project must not see even through what its references bring along.
    private static readonly Dictionary<string, string[]> Forbidden = new(StringComparer.Ordinal)
    {
        ["Records"] = ["System.IO.File", "System.Net.Sockets", "FastLog.Protocol", "FastLog.Storage"],
        ["Protocol"] = ["System.IO.File", "System.Net.Sockets", "FastLog.Storage", "FastLog.Records"],
        ["Storage"] = ["FastLog.Protocol", "System.Net.Sockets", "FastLog.Broker"],
        ["Transport"] = ["FastLog.Storage", "FastLog.Broker", "FastLog.Records"],
        ["Client"] = ["FastLog.Storage", "FastLog.Broker"],
        ["Broker"] = ["FastLog.Hosting", "FastLog.Client", "System.Net.Sockets"],
    };

    public static TheoryData<string> Projects()
    {
        var data = new TheoryData<string>();
        foreach (string file in Repository.Files("src", "*.csproj"))
            data.Add(file);
        return data;
    }

    [Fact]
    public void There_are_projects_to_check() => Assert.True(Projects().Count >= 8);

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_its_layer_may(string projectFile)
    {
        string name = ShortName(projectFile);
        Assert.True(Allowed.ContainsKey(name), $"'{name}' has no line in the table of allowed references");
        XDocument project = XDocument.Load(projectFile);
        string[] references = [.. project.Descendants("ProjectReference")
            .Select(reference => ShortName(reference.Attribute("Include")!.Value))];
        Assert.Empty(references.Except(Allowed[name]));
        Assert.Empty(project.Descendants("PackageReference"));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_uses_no_namespace_that_its_layer_must_never_see(string projectFile)
    {
        string name = ShortName(projectFile);
        string[] banned = Forbidden.GetValueOrDefault(name) ?? [];
        var found = new List<string>();
        foreach (string file in Repository.Files($"src/FastLog.{name}", "*.cs"))
        {
            string[] lines = SourceText.CodeLines(file);
            bool adapter = Path.GetFileName(file).StartsWith("Socket", StringComparison.Ordinal);
            for (int i = 0; i < lines.Length; i++)
            {
                foreach (string word in banned.Where(word => lines[i].Contains(word, StringComparison.Ordinal)))
                {
                    if (!adapter)
                        found.Add($"{Repository.Relative(file)}:{i + 1}: {word}");
                }
            }
        }

        Assert.Empty(found);
    }

    [Fact]
    public void Source_never_references_tests_bench_or_tools()
    {
        foreach (string file in Repository.Files("src", "*.csproj"))
        {
            string text = File.ReadAllText(file);
            foreach (string folder in (string[])["/tests/", "/bench/", "/tools/"])
                Assert.DoesNotContain(folder, text, StringComparison.Ordinal);
        }
    }

    private static string ShortName(string path) =>
        Path.GetFileNameWithoutExtension(path.Replace('\\', '/')).Replace("FastLog.", "", StringComparison.Ordinal);
}
