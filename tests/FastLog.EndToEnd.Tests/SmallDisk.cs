using System.Diagnostics;

namespace FastLog.EndToEnd.Tests;

/// <summary>A file system in memory of a given size; gone when disposed.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string path) => Path = path;

    /// <summary>True if this process may mount (root in a container often may not).</summary>
    public static bool CanMount { get; } = TryMountOnce();

    public string Path { get; }

    public static SmallDisk Mount(int mebibytes)
    {
        var disk = new SmallDisk(Directory.CreateTempSubdirectory("fastlog-disk-").FullName);
        Assert.Equal(0, Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "fastlog-test", disk.Path));
        return disk;
    }

    public void MakeReadOnly() => Assert.Equal(0, Run("mount", "-o", "remount,ro", Path));

    public void Dispose()
    {
        _ = Run("umount", Path);
        Directory.Delete(Path);
    }

    private static bool TryMountOnce()
    {
        try
        {
            SmallDisk disk = Mount(1);
            disk.Dispose();
            return true;
        }
        catch (Exception refused) when (refused is Xunit.Sdk.XunitException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static int Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
