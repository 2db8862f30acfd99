namespace FastLog.Torture;

/// <summary>The machine's page cache.</summary>
internal static class PageCache
{
    private const string Switch = "/proc/sys/vm/drop_caches";

    /// <summary>Drops what is clean, so that the next reads go to the device; false when this user may not.</summary>
    public static bool TryDrop()
    {
        try
        {
            File.WriteAllText(Switch, "3");
            return true;
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException)
        {
            return false;
        }
    }
}
