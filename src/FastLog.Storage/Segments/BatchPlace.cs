using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Storage.Segments;

/// <summary>A batch and where it begins in its file.</summary>
internal readonly record struct BatchPlace(FilePosition Position, BatchHeader Header)
{
    /// <summary>
    /// Reads the batch and checks its CRC: tells whether this batch or the one behind it is the damaged one when the step
    /// between them fails.
    /// </summary>
    /// <exception cref="Disk.DiskException">The device could not read.</exception>
    public bool CrcHolds(ILeasedFile file)
    {
        if (Header.BatchSize > StorageLimits.BatchSizeMax)
            return false;
        using BufferLease bytes = BufferPool.Shared.Rent(Header.BatchSize, clearOnReturn: true);
        return file.Read(Position, bytes.Span) == Header.BatchSize
            && BatchValidator.CheckCrc(bytes.Span, Header) == BatchStatus.Ok;
    }
}
