using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Broker.Producers;

/// <summary>
/// The producer ids of a broker without a cluster: one small file with the first id that is not reserved
/// (protocol-spec/disk/producer-ids.md). The disk's calls run on the blocking executor.
/// </summary>
public sealed class LocalProducerIdStore(IDisk disk, string directory, RuntimePorts ports) : IProducerIdStore
{
    public const string FileName = "producer-ids";

    /// <summary>"FLPI".</summary>
    internal const uint Magic = 0x464C5049;

    internal const ushort Version = 1;

    internal const int NextIdAt = 0;
    internal const int ContentSize = NextIdAt + sizeof(long);

    /// <summary>Where a file begins that does not know of an earlier one: below 2^46, so that no block can overflow.</summary>
    private const ulong StartMask = (1UL << 46) - 1;

    public async ValueTask<long> ReserveBlockAsync() => await ports.BlockingExecutor.RunAsync(Reserve);

    private string Path => $"{directory}/{FileName}";

    private long Reserve()
    {
        try
        {
            long next = Read();
            byte[] content = new byte[ContentSize];
            BinaryPrimitives.WriteInt64BigEndian(content.AsSpan(NextIdAt), checked(next + BrokerLimits.ProducerIdBlock));
            AtomicFile.Write(disk, directory, FileName, Magic, Version, content);
            return next;
        }
        catch (DiskException cause)
        {
            throw new ProducerIdStoreException(Path, $"cannot be read or written: {cause.Message}", cause);
        }
    }

    private long Read()
    {
        AtomicFileContent content = AtomicFile.Read(disk, Path, Magic, Version);
        switch (content.Status)
        {
            case AtomicFileStatus.Ok when content.Bytes.Length == ContentSize:
                long next = BinaryPrimitives.ReadInt64BigEndian(content.Bytes);
                if (next is >= 0 and < long.MaxValue - BrokerLimits.ProducerIdBlock)
                    return next;
                goto default;
            case AtomicFileStatus.VersionUnknown:
                throw new ProducerIdStoreException(Path, $"has version {content.Version}: start the newer program");
            default:
                // Absent, or damaged. Logs may know producers of an earlier file: a place drawn from 2^46 is not theirs.
                return (long)(ports.Entropy.NextUInt64() & StartMask);
        }
    }
}
