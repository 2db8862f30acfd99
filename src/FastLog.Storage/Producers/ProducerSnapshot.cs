using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Producers;

/// <summary>
/// The producers of a partition at a log end, as a file's bytes. What only a refused append left behind is not in it.
/// </summary>
/// <param name="Id">The partition.</param>
/// <param name="Epoch">The leader epoch in which it was taken.</param>
/// <param name="LogEnd">It covers all below.</param>
internal readonly record struct ProducerSnapshot(TopicPartition Id, LeaderEpoch Epoch, LogOffset LogEnd)
{
    /// <summary>The bytes of the file.</summary>
    public byte[] Encode(ProducerTable table, MonotonicTime now)
    {
        int count = 0;
        int size = ProducerSnapshotLayout.HeaderSize;
        for (ProducerEntry? entry = table.Oldest; entry is not null; entry = entry.Newer)
        {
            if (entry.Count == 0)
                continue;
            count++;
            size += ProducerSnapshotLayout.ProducerSize + (entry.Count * ProducerSnapshotLayout.BatchSize);
        }

        byte[] content = new byte[size];
        Id.Topic.Value.Write(content.AsSpan(ProducerSnapshotLayout.TopicIdAt));
        BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(ProducerSnapshotLayout.PartitionAt), Id.Partition.Value);
        BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(ProducerSnapshotLayout.LeaderEpochAt), Epoch.Value);
        BinaryPrimitives.WriteInt64BigEndian(content.AsSpan(ProducerSnapshotLayout.LogEndAt), LogEnd.Value);
        BinaryPrimitives.WriteInt32BigEndian(content.AsSpan(ProducerSnapshotLayout.ProducerCountAt), count);
        Span<byte> rest = content.AsSpan(ProducerSnapshotLayout.HeaderSize);
        for (ProducerEntry? entry = table.Oldest; entry is not null; entry = entry.Newer)
        {
            if (entry.Count > 0)
                rest = rest[WriteEntry(rest, entry, now)..];
        }

        return AtomicFile.Envelope(ProducerSnapshotLayout.Magic, ProducerSnapshotLayout.Version, content);
    }

    /// <summary>Reads a file's bytes.</summary>
    /// <returns>False when the checksum, the version or any field does not fit.</returns>
    public static bool TryDecode(
        ReadOnlySpan<byte> file, MonotonicTime now, out ProducerSnapshot snapshot, out ProducerTable table)
    {
        snapshot = default;
        table = new ProducerTable();
        AtomicFileContent content = AtomicFile.Parse(
            file, ProducerSnapshotLayout.Magic, ProducerSnapshotLayout.Version);
        if (content.Status != AtomicFileStatus.Ok)
            return false;
        ReadOnlySpan<byte> bytes = content.Bytes;
        if (bytes.Length < ProducerSnapshotLayout.HeaderSize)
            return false;
        snapshot = new ProducerSnapshot(
            new TopicPartition(
                new TopicId(Uid128.Read(bytes[ProducerSnapshotLayout.TopicIdAt..])),
                new PartitionId(BinaryPrimitives.ReadInt32BigEndian(bytes[ProducerSnapshotLayout.PartitionAt..]))),
            new LeaderEpoch(BinaryPrimitives.ReadInt32BigEndian(bytes[ProducerSnapshotLayout.LeaderEpochAt..])),
            new LogOffset(BinaryPrimitives.ReadInt64BigEndian(bytes[ProducerSnapshotLayout.LogEndAt..])));
        int count = BinaryPrimitives.ReadInt32BigEndian(bytes[ProducerSnapshotLayout.ProducerCountAt..]);
        if (snapshot.LogEnd.IsNone)
            return false;
        if (count is < 0 or > StorageLimits.ProducersMax)
            return false;
        bytes = bytes[ProducerSnapshotLayout.HeaderSize..];
        for (int i = 0; i < count; i++)
        {
            if (!TryReadEntry(ref bytes, table, snapshot.LogEnd, now))
                return false;
        }

        return bytes.IsEmpty;
    }

    private static int WriteEntry(Span<byte> bytes, ProducerEntry entry, MonotonicTime now)
    {
        long idle = Math.Max(0, (long)now.Since(entry.LastUsed).TotalMilliseconds);
        BinaryPrimitives.WriteInt64BigEndian(bytes[ProducerSnapshotLayout.ProducerIdAt..], entry.Id);
        BinaryPrimitives.WriteInt64BigEndian(bytes[ProducerSnapshotLayout.IdleMsAt..], idle);
        BinaryPrimitives.WriteInt16BigEndian(bytes[ProducerSnapshotLayout.ProducerEpochAt..], entry.Epoch);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ProducerSnapshotLayout.BatchCountAt..], (ushort)entry.Count);
        int at = ProducerSnapshotLayout.ProducerSize;
        for (int i = 0; i < entry.Count; i++)
        {
            BatchMark mark = entry[i];
            Span<byte> batch = bytes[at..];
            BinaryPrimitives.WriteInt32BigEndian(batch[ProducerSnapshotLayout.FirstSequenceAt..], mark.FirstSequence);
            BinaryPrimitives.WriteInt32BigEndian(batch[ProducerSnapshotLayout.LastSequenceAt..], mark.LastSequence);
            BinaryPrimitives.WriteInt64BigEndian(batch[ProducerSnapshotLayout.BaseOffsetAt..], mark.BaseOffset.Value);
            at += ProducerSnapshotLayout.BatchSize;
        }

        return at;
    }

    private static bool TryReadEntry(ref ReadOnlySpan<byte> bytes, ProducerTable table, LogOffset logEnd, MonotonicTime now)
    {
        if (bytes.Length < ProducerSnapshotLayout.ProducerSize)
            return false;
        long id = BinaryPrimitives.ReadInt64BigEndian(bytes[ProducerSnapshotLayout.ProducerIdAt..]);
        long idleMs = BinaryPrimitives.ReadInt64BigEndian(bytes[ProducerSnapshotLayout.IdleMsAt..]);
        short epoch = BinaryPrimitives.ReadInt16BigEndian(bytes[ProducerSnapshotLayout.ProducerEpochAt..]);
        int count = BinaryPrimitives.ReadUInt16BigEndian(bytes[ProducerSnapshotLayout.BatchCountAt..]);
        bytes = bytes[ProducerSnapshotLayout.ProducerSize..];
        if (id < 0 || epoch < 0 || idleMs < 0 || idleMs > StorageLimits.ProducerIdleMsMax)
            return false;
        if (count is 0 or > StorageLimits.ProducerWindow || bytes.Length < count * ProducerSnapshotLayout.BatchSize)
            return false;
        if (table.Find(id) is not null)
            return false;

        // How long it was idle, not when: a clock that jumped, or a broker that was down, makes nobody forgotten.
        ProducerEntry entry = table.Add(id, epoch, 0, now.Plus(-TimeSpan.FromMilliseconds(idleMs)));
        for (int i = 0; i < count; i++)
        {
            var mark = new BatchMark(
                BinaryPrimitives.ReadInt32BigEndian(bytes[ProducerSnapshotLayout.FirstSequenceAt..]),
                BinaryPrimitives.ReadInt32BigEndian(bytes[ProducerSnapshotLayout.LastSequenceAt..]),
                new LogOffset(BinaryPrimitives.ReadInt64BigEndian(bytes[ProducerSnapshotLayout.BaseOffsetAt..])));
            if (mark.FirstSequence < 0 || mark.LastSequence < 0 || mark.BaseOffset.IsNone || mark.BaseOffset >= logEnd)
                return false;
            entry.Remember(mark);
            bytes = bytes[ProducerSnapshotLayout.BatchSize..];
        }

        return true;
    }
}
