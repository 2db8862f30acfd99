using System.Collections.Concurrent;
using System.Globalization;

namespace FastLog.Torture;

/// <summary>
/// A file system of its own in an image file, mounted over a loop device. Its power can be cut: what was not flushed is then
/// gone for good. Unmounted when disposed. One thread.
/// </summary>
internal sealed class LoopDisk : IDisposable
{
    public const string Ext4 = "ext4";
    public const string Xfs = "xfs";

    // The smallest that mkfs.xfs makes; the image is sparse.
    private const long ImageBytes = 320L << 20;

    private static readonly ConcurrentDictionary<string, string?> Probed = new(StringComparer.Ordinal);
    private readonly string _image;
    private bool _mounted;

    private LoopDisk(string image, string path)
    {
        _image = image;
        Path = path;
    }

    /// <summary>Where it is mounted.</summary>
    public string Path { get; }

    /// <summary>Makes and mounts an empty one in a directory.</summary>
    /// <param name="bytes">The size of the image; XFS takes no smaller one than the default.</param>
    public static LoopDisk Create(string directory, string fileSystem, long bytes = ImageBytes)
    {
        string image = System.IO.Path.Combine(directory, fileSystem + ".img");
        using (FileStream file = File.Create(image))
            file.SetLength(bytes);
        string[] options = fileSystem == Xfs ? ["-q", "-f"] : ["-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1"];
        Tool.Run("mkfs." + fileSystem, [.. options, image]);
        var disk = new LoopDisk(image, Directory.CreateDirectory(System.IO.Path.Combine(directory, "mnt")).FullName);
        disk.Mount();
        return disk;
    }

    /// <summary>Why such a file system cannot be mounted and cut here; null when it can. Tried once, for real.</summary>
    public static string? Missing(string fileSystem) => Probed.GetOrAdd(fileSystem, Probe);

    /// <summary>Unmounts all that lies below a directory: what is left of a run that was killed.</summary>
    public static void UnmountBelow(string directory)
    {
        string prefix = directory + "/";
        foreach (string line in File.ReadAllLines("/proc/self/mounts").Reverse())
        {
            string mount = line.Split(' ')[1].Replace("\\040", " ", StringComparison.Ordinal);
            if (mount.StartsWith(prefix, StringComparison.Ordinal))
                Tool.TryRun("umount", "-l", mount);
        }
    }

    /// <summary>Every write that was not flushed is lost, every later one fails.</summary>
    /// <param name="withJournal">True: the journal is written out first, so that more of the names survive than of the bytes.</param>
    public void CutPower(bool withJournal) =>
        Tool.Run("xfs_io", "-x", "-c", withJournal ? "shutdown -f" : "shutdown", Path);

    /// <summary>The machine starts again: the journal is replayed. No process may have a file open here.</summary>
    public void Restart()
    {
        Unmount();
        Mount();
    }

    public void Dispose()
    {
        if (!_mounted)
            return;
        if (Tool.TryRun("umount", Path) is not null)
            Tool.TryRun("umount", "-l", Path);
        _mounted = false;
    }

    private static string? Probe(string fileSystem)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            return "only root may mount a file system";
        foreach ((string tool, string package) in (ReadOnlySpan<(string, string)>)
            [("xfs_io", "xfsprogs"), ("mkfs." + fileSystem, fileSystem == Xfs ? "xfsprogs" : "e2fsprogs"), ("mount", "mount")])
        {
            if (Tool.Find(tool) is null)
                return $"{tool} (package {package}) is not installed";
        }

        string directory = Directory.CreateTempSubdirectory("fastlog-probe-").FullName;
        try
        {
            using (LoopDisk disk = Create(directory, fileSystem))
            {
                disk.CutPower(withJournal: false);
                disk.Restart();
            }

            return null;
        }
        catch (InvalidOperationException refused)
        {
            return "this machine does not let root mount and cut a loop device: " + refused.Message;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private void Mount()
    {
        Tool.Run("mount", "-o", "loop", _image, Path);
        _mounted = true;
    }

    private void Unmount()
    {
        // A process that was killed a moment ago may still be closing its files.
        string? error = null;
        for (int i = 0; i < 200 && _mounted; i++)
        {
            error = Tool.TryRun("umount", Path);
            _mounted = error is not null;
            if (_mounted)
                Thread.Sleep(10);
        }

        if (_mounted)
            throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"umount {Path}: {error}"));
    }
}
