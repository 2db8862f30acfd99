using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Tests.Flushing;

/// <summary>A log of plain bytes in one file, with a model of what was written and what was reported durable.</summary>
internal sealed class FakeLog : IFlushParticipant
{
    private readonly List<byte> _content = [];
    private long _begun;

    public FakeLog(IDisk disk, int number, FlushPolicy policy)
    {
        Id = IdOf(number);
        FlushPolicy = policy;
        Path = PathOf(number);
        File = disk.Open(Path, DiskOpenMode.CreateNew);
    }

    public TopicPartition Id { get; }

    public FlushPolicy FlushPolicy { get; }

    public string Path { get; }

    public IDiskFile File { get; }

    public FlushMember? Member { get; set; }

    public byte[] Content => [.. _content];

    public long Written => _content.Count;

    public long Durable { get; private set; }

    public int FlushesEnded { get; private set; }

    public DiskException? Failure { get; private set; }

    public static TopicPartition IdOf(int number) => new(new TopicId(new Uid128(7, 9)), new PartitionId(number));

    public static string PathOf(int number) => $"/data/p{number:d4}";

    public FlushPoint PointAt(long position) => new(
        LogOffset.Zero, new FilePosition(position), new LogOffset(position),
        Crc32C.Compute(Content.AsSpan(0, (int)position)));

    public void Append(ReadOnlySpan<byte> bytes, int callers = 1)
    {
        File.Write(new FilePosition(Written), bytes);
        _content.AddRange(bytes);
        Member!.MarkDirty(bytes.Length, callers);
    }

    public bool BeginFlush(List<FlushRange> ranges)
    {
        if (_begun == Written)
            return false;
        ranges.Add(new FlushRange(File, new FilePosition(_begun), PointAt(Written)));
        _begun = Written;
        return true;
    }

    public void FlushEnded(FlushPoint point, DiskException? failure)
    {
        FlushesEnded++;
        Failure ??= failure;
        if (failure is not null)
            return;
        Assert.True(point.Position.Value >= Durable);
        Assert.True(point.Position.Value <= _begun);
        Durable = point.Position.Value;
    }
}
