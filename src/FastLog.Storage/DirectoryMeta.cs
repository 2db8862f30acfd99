using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage;

/// <summary>Whose a data directory is: the file `meta`, written once.</summary>
internal readonly record struct DirectoryMeta(Uid128 ClusterId, NodeId NodeId)
{
    /// <summary>"FLMT".</summary>
    public const uint Magic = 0x464C4D54;

    /// <summary>The version of the whole directory's format.</summary>
    public const ushort Version = 1;

    public const int ClusterIdAt = 0;
    public const int NodeIdAt = ClusterIdAt + Uid128.Size;
    public const int Size = NodeIdAt + sizeof(int);

    /// <exception cref="DiskException">The device failed or is full.</exception>
    public void Write(IDisk disk, string directory)
    {
        Span<byte> bytes = stackalloc byte[Size];
        ClusterId.Write(bytes[ClusterIdAt..]);
        BinaryPrimitives.WriteInt32BigEndian(bytes[NodeIdAt..], NodeId.Value);
        AtomicFile.Write(disk, directory, DataDirectoryLayout.Meta, Magic, Version, bytes);
    }

    /// <exception cref="DiskException">The device failed.</exception>
    public static AtomicFileStatus TryRead(IDisk disk, string directory, out DirectoryMeta meta)
    {
        meta = default;
        AtomicFileContent content = AtomicFile.Read(
            disk, $"{directory}/{DataDirectoryLayout.Meta}", Magic, Version);
        if (content.Status != AtomicFileStatus.Ok)
            return content.Status;
        if (content.Bytes.Length != Size)
            return AtomicFileStatus.Damaged;
        meta = new DirectoryMeta(
            Uid128.Read(content.Bytes.AsSpan(ClusterIdAt)),
            new NodeId(BinaryPrimitives.ReadInt32BigEndian(content.Bytes.AsSpan(NodeIdAt))));
        return AtomicFileStatus.Ok;
    }
}
