namespace FastLog.Cli.CommandLine;

/// <summary>A directory that is removed when disposed, or one that the user named and that stays.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    private readonly bool _remove;

    private TemporaryDirectory(string path, bool remove)
    {
        Path = path;
        _remove = remove;
    }

    public string Path { get; }

    public static TemporaryDirectory CreateUnless(string? named) => named is not null
        ? new TemporaryDirectory(named, remove: false)
        : new TemporaryDirectory(Directory.CreateTempSubdirectory("fastlog-").FullName, remove: true);

    public void Dispose()
    {
        if (_remove)
            Directory.Delete(Path, recursive: true);
    }
}
