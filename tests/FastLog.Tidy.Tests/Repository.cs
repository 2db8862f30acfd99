using System.Reflection;

namespace FastLog.Tidy.Tests;

/// <summary>The checkout that the tests look at.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static IEnumerable<string> Files(string under, string pattern) =>
        Directory.Exists(Path.Combine(Root, under))
            ? Directory.EnumerateFiles(Path.Combine(Root, under), pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            : [];

    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static string FindRoot()
    {
        string? at = Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location);
        while (at is not null && !File.Exists(Path.Combine(at, "FastLog.sln")))
            at = Path.GetDirectoryName(at);
        return at ?? throw new InvalidOperationException("FastLog.sln was not found above the test's folder");
    }
}
