namespace FastLog.EndToEnd.Tests;

/// <summary>A test that needs a program on the path; skipped with the reason where it is missing.</summary>
internal sealed class NeedsToolFactAttribute : FactAttribute
{
    public NeedsToolFactAttribute(string tool)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        if (!Array.Exists(folders, folder => File.Exists(Path.Combine(folder, tool))))
            Skip = $"{tool} is not installed";
    }
}
