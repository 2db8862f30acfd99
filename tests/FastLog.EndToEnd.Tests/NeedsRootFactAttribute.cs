namespace FastLog.EndToEnd.Tests;

/// <summary>A test that mounts a file system; skipped with the reason where that is not allowed.</summary>
internal sealed class NeedsRootFactAttribute : FactAttribute
{
    public NeedsRootFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
            Skip = "only root may mount a file system";
        else if (!SmallDisk.CanMount)
            Skip = "this machine does not let root mount a file system";
    }
}
