using System.Runtime.InteropServices;

namespace FastLog.Records.Native;

/// <summary>The simple interface of libzstd (zstd.h, zstd_errors.h), stable since 1.4.</summary>
internal static unsafe partial class ZstdNative
{
    /// <summary>ZSTD_error_dstSize_tooSmall.</summary>
    public const int DestinationTooSmall = 70;

    /// <summary>ZSTD_CONTENTSIZE_UNKNOWN; the value below it, ZSTD_CONTENTSIZE_ERROR, is the largest that is no size.</summary>
    public const ulong ContentSizeUnknown = ulong.MaxValue;

    public const ulong ContentSizeError = ulong.MaxValue - 1;

    private const string Name = "libzstd.so.1";

    public static readonly SystemLibrary Library = new(Name, "libzstd1", "ZSTD_findFrameCompressedSize");

    [LibraryImport(Name, EntryPoint = "ZSTD_isError")]
    public static partial uint IsError(nuint code);

    [LibraryImport(Name, EntryPoint = "ZSTD_getErrorCode")]
    public static partial int ErrorCode(nuint code);

    [LibraryImport(Name, EntryPoint = "ZSTD_compressBound")]
    public static partial nuint CompressBound(nuint sourceSize);

    [LibraryImport(Name, EntryPoint = "ZSTD_createCCtx")]
    public static partial nint CreateCompression();

    [LibraryImport(Name, EntryPoint = "ZSTD_freeCCtx")]
    public static partial nuint FreeCompression(nint context);

    [LibraryImport(Name, EntryPoint = "ZSTD_compressCCtx")]
    public static partial nuint Compress(
        nint context, byte* destination, nuint capacity, byte* source, nuint sourceSize, int level);

    [LibraryImport(Name, EntryPoint = "ZSTD_createDCtx")]
    public static partial nint CreateDecompression();

    [LibraryImport(Name, EntryPoint = "ZSTD_freeDCtx")]
    public static partial nuint FreeDecompression(nint context);

    /// <summary>Straight into the destination, which is the window too: nothing is allocated for the frame.</summary>
    [LibraryImport(Name, EntryPoint = "ZSTD_decompressDCtx")]
    public static partial nuint Decompress(nint context, byte* destination, nuint capacity, byte* source, nuint sourceSize);

    [LibraryImport(Name, EntryPoint = "ZSTD_getFrameContentSize")]
    public static partial ulong ContentSize(byte* source, nuint sourceSize);

    /// <summary>Where the first frame ends, by its block headers alone.</summary>
    [LibraryImport(Name, EntryPoint = "ZSTD_findFrameCompressedSize")]
    public static partial nuint FrameSize(byte* source, nuint sourceSize);
}
