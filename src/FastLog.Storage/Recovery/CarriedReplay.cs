using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Recovery;

/// <summary>Writes carried bytes into the partition files they belong to. Doing it twice gives the same bytes.</summary>
internal static class CarriedReplay
{
    public static void Run(
        IDisk disk, string directory, List<CarriedPiece> pieces, Func<LogOffset, IDiskFile> openSegment)
    {
        var written = new List<IDiskFile>();
        IDiskFile? source = null;
        ulong generation = 0;
        try
        {
            foreach (CarriedPiece piece in pieces)
            {
                if (source is null || piece.Generation != generation)
                {
                    source?.Dispose();
                    generation = piece.Generation;
                    source = disk.Open($"{directory}/{RecoveryLogFile.Name(generation)}", DiskOpenMode.Read);
                }

                byte[] bytes = ReadPiece(source, piece);
                IDiskFile target = openSegment(piece.Item.Point.SegmentBase);
                target.Write(piece.Item.From, bytes);
                if (!written.Contains(target))
                    written.Add(target);
            }
        }
        finally
        {
            source?.Dispose();
        }

        foreach (IDiskFile target in written)
            target.FlushData();
    }

    private static byte[] ReadPiece(IDiskFile source, in CarriedPiece piece)
    {
        byte[] bytes = new byte[piece.Item.Length];
        int count = source.Read(piece.At, bytes);
        // Checked when the file was read; what comes now must be the same bytes.
        if (count != bytes.Length || Crc32C.Compute(bytes) != piece.Crc)
            throw new DiskException("pread", source.Path, 0, $"carried bytes at {piece.At} have changed since the start");
        return bytes;
    }
}
