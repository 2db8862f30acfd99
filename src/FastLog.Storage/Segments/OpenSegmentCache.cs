namespace FastLog.Storage.Segments;

/// <summary>
/// Bounds how many files of segments that nobody appends to are open in a data directory: the one opened longest ago is
/// dropped first. Thread-safe.
/// </summary>
internal sealed class OpenSegmentCache(int openMax)
{
    private readonly Lock _gate = new();
    private readonly Queue<SegmentFile> _opened = new();

    public void Opened(SegmentFile file)
    {
        SegmentFile? oldest = null;
        lock (_gate)
        {
            _opened.Enqueue(file);
            if (_opened.Count > openMax)
                oldest = _opened.Dequeue();
        }

        oldest?.Drop();
    }
}
