namespace FastLog.Storage.Disk;

/// <summary>The exclusive lock on a data directory, held until Dispose or the end of the process.</summary>
public sealed class LogDirectoryLock : IDisposable
{
    public const string FileName = "lock";

    private readonly IDisposable _held;

    private LogDirectoryLock(IDisposable held) => _held = held;

    /// <param name="disk">The disk port.</param>
    /// <param name="directory">The data directory, which exists.</param>
    /// <exception cref="DataDirectoryInUseException">Another process or caller holds it.</exception>
    /// <exception cref="DiskException">The lock file cannot be opened.</exception>
    public static LogDirectoryLock Take(IDisk disk, string directory)
    {
        ArgumentNullException.ThrowIfNull(disk);
        IDisposable? held = disk.TryLock($"{directory}/{FileName}");
        return held is null ? throw new DataDirectoryInUseException(directory) : new LogDirectoryLock(held);
    }

    public void Dispose() => _held.Dispose();
}

/// <summary>Two processes must not write one data directory: the second one is refused.</summary>
public sealed class DataDirectoryInUseException(string directory)
    : IOException($"data directory '{directory}' is in use by another process: stop it, or choose another directory")
{
    public string Directory { get; } = directory;
}
