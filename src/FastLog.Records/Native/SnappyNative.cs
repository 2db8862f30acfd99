using System.Runtime.InteropServices;

namespace FastLog.Records.Native;

/// <summary>The C interface of libsnappy (snappy-c.h). Each call answers 0 when it worked.</summary>
internal static unsafe partial class SnappyNative
{
    private const string Name = "libsnappy.so.1";

    public static readonly SystemLibrary Library = new(Name, "libsnappy1v5", "snappy_uncompressed_length");

    [LibraryImport(Name, EntryPoint = "snappy_max_compressed_length")]
    public static partial nuint CompressBound(nuint sourceSize);

    /// <summary>The size is the room before the call and what was written after it.</summary>
    [LibraryImport(Name, EntryPoint = "snappy_compress")]
    public static partial int Compress(byte* source, nuint sourceSize, byte* destination, ref nuint destinationSize);

    [LibraryImport(Name, EntryPoint = "snappy_uncompress")]
    public static partial int Decompress(byte* source, nuint sourceSize, byte* destination, ref nuint destinationSize);

    /// <summary>What the block says that it inflates to; may be a lie.</summary>
    [LibraryImport(Name, EntryPoint = "snappy_uncompressed_length")]
    public static partial int ContentSize(byte* source, nuint sourceSize, out nuint size);
}
