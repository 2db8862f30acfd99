using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Storage.Segments;

/// <summary>
/// The running CRC-32C over the first 21 bytes of each batch since its segment's start: what a batch's own CRC leaves
/// out (base offset, length, epoch, magic), and that CRC itself.
/// </summary>
internal static class ChainCrc
{
    /// <summary>How much of each batch goes in: all up to where its own CRC begins to cover.</summary>
    public const int BytesOfBatch = BatchHeaderLayout.ChainPrefixSize;

    /// <summary>Before the first batch.</summary>
    public const uint Start = 0;

    public static uint Append(uint chain, ReadOnlySpan<byte> batch) => Crc32C.Append(chain, batch[..BytesOfBatch]);
}
