namespace FastLog.Storage.Recovery;

/// <summary>The recovery log was written by a later version of the program.</summary>
public sealed class RecoveryLogVersionException(string path)
    : IOException($"recovery log '{path}' was written by a later version of the program: start that version")
{
    public string Path { get; } = path;
}
