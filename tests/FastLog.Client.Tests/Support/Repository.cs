namespace FastLog.Client.Tests;

/// <summary>Finds files of the repository from where the tests run.</summary>
internal static class Repository
{
    public static string PathOf(string relative)
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "FastLog.sln")))
                return Path.Combine(at.FullName, relative);
        }

        throw new InvalidOperationException($"no FastLog.sln above {AppContext.BaseDirectory}");
    }
}
