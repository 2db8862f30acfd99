using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Segments;

/// <summary>
/// Takes the end of a segment's data out of its file, so that no batch behind a log's end can one day continue the log that
/// grew up to it.
/// </summary>
internal static class SegmentTail
{
    /// <param name="file">The data file, open for writing.</param>
    /// <param name="from">Where the log ends.</param>
    /// <param name="writtenEnd">Where what this life of the file wrote ends.</param>
    /// <param name="staleEnd">Where what an earlier life left ends; 0 in a file that was not used before.</param>
    /// <exception cref="DiskException">The device failed.</exception>
    public static void Cut(IDiskFile file, FilePosition from, FilePosition writtenEnd, FilePosition staleEnd)
    {
        // In a recycled file the blocks that follow are what it was recycled for.
        if (staleEnd > writtenEnd)
            WriteZeros(file, from, writtenEnd.Since(from));
        else
            file.SetLength(from.Value);
        file.FlushData();
    }

    private static void WriteZeros(IDiskFile file, FilePosition from, long length)
    {
        byte[] zeros = new byte[Math.Min(StorageLimits.WalkWindow, length)];
        for (long done = 0; done < length; done += zeros.Length)
            file.Write(from.Plus(done), zeros.AsSpan(0, (int)Math.Min(zeros.Length, length - done)));
    }
}
