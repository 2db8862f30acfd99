using System.Diagnostics;

namespace FastLog.Torture;

/// <summary>Programs of the system that rows use.</summary>
internal static class Tool
{
    // Root's programs are often not on a user's path.
    private static readonly string[] MoreFolders = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

    /// <summary>Where a program is; null when it is not installed.</summary>
    public static string? Find(string name)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Concat(MoreFolders).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>Runs a program to its end and throws with its own words when it fails.</summary>
    public static void Run(string name, params string[] arguments)
    {
        string? error = TryRun(name, arguments);
        if (error is not null)
            throw new InvalidOperationException($"{name} {string.Join(' ', arguments)}: {error}");
    }

    /// <summary>Runs a program to its end; null, or its own words when it failed.</summary>
    public static string? TryRun(string name, params string[] arguments)
    {
        if (Find(name) is not { } program)
            return "it is not installed";
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        process.Start();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        output.Wait();
        return process.ExitCode == 0 ? null : $"exit code {process.ExitCode}: {errors.Trim()}";
    }
}
