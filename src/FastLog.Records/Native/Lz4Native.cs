using System.Runtime.InteropServices;

namespace FastLog.Records.Native;

/// <summary>The frame interface of liblz4 (lz4frame.h), stable since 1.8. Sizes and errors share one result: see IsError.</summary>
internal static unsafe partial class Lz4Native
{
    /// <summary>LZ4F_VERSION: the version of the interface, not of the library.</summary>
    public const uint Version = 100;

    private const string Name = "liblz4.so.1";

    public static readonly SystemLibrary Library = new(Name, "liblz4-1", "LZ4F_resetDecompressionContext");

    [LibraryImport(Name, EntryPoint = "LZ4F_isError")]
    public static partial uint IsError(nuint code);

    [LibraryImport(Name, EntryPoint = "LZ4F_compressFrameBound")]
    public static partial nuint CompressFrameBound(nuint sourceSize, in Lz4Preferences preferences);

    [LibraryImport(Name, EntryPoint = "LZ4F_compressFrame")]
    public static partial nuint CompressFrame(
        byte* destination, nuint capacity, byte* source, nuint sourceSize, in Lz4Preferences preferences);

    [LibraryImport(Name, EntryPoint = "LZ4F_createDecompressionContext")]
    public static partial nuint CreateDecompression(out nint context, uint version);

    [LibraryImport(Name, EntryPoint = "LZ4F_freeDecompressionContext")]
    public static partial nuint FreeDecompression(nint context);

    [LibraryImport(Name, EntryPoint = "LZ4F_resetDecompressionContext")]
    public static partial void Reset(nint context);

    /// <summary>Both sizes are the room before the call and what was written and read after it. 0 at the frame's end.</summary>
    [LibraryImport(Name, EntryPoint = "LZ4F_decompress")]
    public static partial nuint Decompress(
        nint context, byte* destination, ref nuint destinationSize, byte* source, ref nuint sourceSize, nint options);
}

/// <summary>LZ4F_preferences_t, with LZ4F_frameInfo_t in its place.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Lz4Preferences
{
    public const int Block64KiB = 4;
    public const int IndependentBlocks = 1;

    public int BlockSizeId;
    public int BlockMode;
    public int ContentChecksum;
    public int FrameType;
    public ulong ContentSize;
    public uint DictionaryId;
    public int BlockChecksum;
    public int CompressionLevel;
    public uint AutoFlush;
    public uint FavorDecompressionSpeed;
    public uint Reserved0;
    public uint Reserved1;
    public uint Reserved2;
}
