using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Tests.Logs;

/// <summary>The engine on the machine's own disk, thread pool and clock.</summary>
public sealed class OsDiskLogTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("fastlog-log").FullName;
    private readonly BlockingThreads _blocking = new("test", 4);

    public void Dispose()
    {
        _blocking.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Theory]
    [InlineData(FlushMode.Ack)]
    [InlineData(FlushMode.Os)]
    public async Task Many_writers_and_readers_at_once_see_one_dense_log(FlushMode mode)
    {
        const int writers = 8;
        const int appends = 60;
        RuntimePorts ports = SystemPorts.Create(_blocking);
        var options = new PartitionLogOptions
        {
            SegmentSizeMax = 256 << 10,
            Flush = mode == FlushMode.Ack ? FlushPolicy.Ack : FlushPolicy.Os,
        };
        string root = $"{_root}/data";
        var offsets = new List<long>();
        await using (LogDirectory directory = LogDirectory.Open(new OsDisk(), root, StorageRig.DirectoryOptions(), ports))
        {
            PartitionLog log = await directory.OpenPartitionAsync(
                StorageRig.Id, StorageRig.TopicName, options, CancellationToken.None);
            using var stop = new CancellationTokenSource();
            Task<long> reader = Task.Run(() => ReadAlong(log, stop.Token));
            List<long>[] written = await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
            {
                var mine = new List<long>();
                for (int i = 0; i < appends; i++)
                {
                    byte[] batch = StorageRig.Batch(1_000 + i, $"{writer}/{i}/" + new string('w', 700));
                    AppendResult result = await log.AppendAsync(batch, AppendMode.Confirmed);
                    Assert.Equal(AppendStatus.Ok, result.Status);
                    mine.Add(result.BaseOffset.Value);
                }

                return mine;
            })));
            offsets.AddRange(written.SelectMany(static mine => mine));
            await stop.CancelAsync();
            Assert.Equal(writers * appends, await reader);
            Assert.True(log.SegmentCount > 1);
        }

        Assert.Equal(Enumerable.Range(0, writers * appends).Select(static i => (long)i), offsets.Order());
        await using LogDirectory again = LogDirectory.Open(new OsDisk(), root, StorageRig.DirectoryOptions(), ports);
        Assert.True(again.WasClean);
        PartitionLog reopened = await again.OpenPartitionAsync(
            StorageRig.Id, StorageRig.TopicName, options, CancellationToken.None);
        Assert.Equal(writers * appends, reopened.LogEnd.Value);
        Assert.Equal(writers * appends, Count(reopened, LogOffset.Zero, out _));
        OffsetLookup found = await reopened.FindByTimestampAsync(new Timestamp(1_030));
        Assert.True(found.IsFound);
    }

    [Fact]
    public async Task Two_owners_of_one_directory_are_told_apart_by_the_lock()
    {
        RuntimePorts ports = SystemPorts.Create(_blocking);
        string root = $"{_root}/data";
        await using LogDirectory first = LogDirectory.Open(new OsDisk(), root, StorageRig.DirectoryOptions(), ports);
        StorageException refused = Assert.Throws<StorageException>(
            () => LogDirectory.Open(new OsDisk(), root, StorageRig.DirectoryOptions(), ports));
        Assert.Equal(StorageErrorKind.InUse, refused.Kind);
    }

    private static long ReadAlong(PartitionLog log, CancellationToken stop)
    {
        long count = 0;
        var next = LogOffset.Zero;
        while (!stop.IsCancellationRequested || next < log.ReadableEnd)
        {
            count += Count(log, next, out next);
            Thread.Yield();
        }

        return count;
    }

    private static long Count(PartitionLog log, LogOffset from, out LogOffset next)
    {
        var records = new List<TestRecord>();
        next = from;
        while (next < log.ReadableEnd)
        {
            ReadResult result = log.Read(next, 20_000, log.ReadableEnd);
            Assert.Equal(ReadStatus.Ok, result.Status);
            Assert.False(result.Region.IsEmpty);
            StorageRig.Decode(result, records);
            result.Region.Release();
            next = result.NextOffset;
        }

        for (int i = 0; i < records.Count; i++)
            Assert.Equal(from.Value + i, records[i].Offset);
        return records.Count;
    }
}
