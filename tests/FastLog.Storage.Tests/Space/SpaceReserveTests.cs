using FastLog.Primitives;
using FastLog.Storage.Flushing;
using FastLog.Storage.Segments;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Space;

/// <summary>The part of a disk that is kept free: appends stop before it, all else goes on, and appends begin again by themselves.</summary>
public class SpaceReserveTests
{
    private const long Reserve = 1 << 20;

    // Blocks are reserved ahead by so much at most.
    private const long SegmentSize = 64 << 10;

    private static readonly PartitionLogOptions SmallSegments = new() { SegmentSizeMax = SegmentSize };

    [Fact]
    public void Appends_end_before_the_reserve_and_go_on_when_a_deletion_has_made_room()
    {
        StorageRig rig = Start(71, SmallSegments);
        Leave(rig, Reserve + (1 << 20));
        rig.Scheduler.RunFor(StorageLimits.SpaceLookInterval * 1.5);
        int accepted = FillUp(rig);
        Assert.InRange(accepted, 80, 110);
        // Indexes and the files that are reserved ahead come out of it.
        Assert.InRange(rig.Disk.FreeBytes(StorageRig.Root), Reserve / 2, Reserve + SegmentSize);
        Assert.Null(rig.Log.Fault);
        Assert.True(rig.Directory.Space.IsReached);
        Assert.Equal(accepted, rig.ReadAll().Count);
        Assert.Single(rig.Events, static told => told.Id == StorageEventId.ReserveReached);

        // Time alone makes no room.
        rig.Scheduler.RunFor(TimeSpan.FromSeconds(5));
        Assert.Equal(AppendStatus.ReserveReached, Append(rig).Status);

        // A deletion is served, and its space is taken for room within the interval.
        rig.Run(() => rig.Log.TrimPrefixAsync(new LogOffset(accepted / 2)));
        rig.Scheduler.RunFor(StorageLimits.SpaceLookInterval * 1.5);
        Assert.Equal(accepted, Append(rig).BaseOffset.Value);
        Assert.Single(rig.Events, static told => told.Id == StorageEventId.ReserveLeft);
        rig.Kill();
        rig.Start();
        Assert.Equal(accepted + 1, rig.Log.LogEnd.Value);
        Assert.Empty(rig.Log.Defects);
    }

    [Fact]
    public void A_disk_that_others_fill_is_noticed_within_the_interval_and_so_is_their_leaving()
    {
        StorageRig rig = Start(72, SmallSegments);
        long capacity = rig.Disk.CapacityBytes;
        Assert.Equal(AppendStatus.Ok, Append(rig).Status);
        Leave(rig, Reserve / 2);
        rig.Scheduler.RunFor(StorageLimits.SpaceLookInterval * 1.5);
        Assert.Equal(AppendStatus.ReserveReached, Append(rig).Status);
        rig.Disk.CapacityBytes = capacity;
        rig.Scheduler.RunFor(StorageLimits.SpaceLookInterval * 1.5);
        Assert.Equal(AppendStatus.Ok, Append(rig).Status);
        Assert.Equal(2, rig.ReadAll().Count);
    }

    [Fact]
    public void A_start_on_a_full_disk_refuses_from_the_first_append_on_and_serves_what_is_there()
    {
        StorageRig rig = Start(73, SmallSegments);
        Append(rig);
        rig.Stop();
        Leave(rig, Reserve / 2);
        rig.Start();
        Assert.Equal(AppendStatus.ReserveReached, Append(rig).Status);
        Assert.Single(rig.ReadAll());
        rig.Stop();
    }

    [Fact]
    public void Logs_of_the_broker_itself_may_use_the_reserve()
    {
        StorageRig rig = Start(74, SmallSegments with { MayUseReserve = true });
        Leave(rig, Reserve / 2);
        rig.Scheduler.RunFor(StorageLimits.SpaceLookInterval * 1.5);
        Assert.True(rig.Directory.Space.IsReached);
        Assert.Equal(AppendStatus.Ok, Append(rig).Status);
    }

    [Fact]
    public void A_file_that_waits_for_its_use_gives_its_space_back()
    {
        StorageRig rig = Start(75, SmallSegments with { Flush = FlushPolicy.Os });
        for (int i = 0; i < 30; i++)
            Append(rig);
        rig.Scheduler.RunFor(TimeSpan.FromSeconds(2));
        string spare = $"{StorageRig.PartitionPath}/{SpareSegment.FileName}";
        Assert.True(rig.Disk.FileExists(spare));
        Leave(rig, Reserve);
        rig.Scheduler.RunFor(TimeSpan.FromSeconds(2));
        Assert.False(rig.Disk.FileExists(spare));
        Assert.Equal(AppendStatus.Ok, Append(rig).Status);
    }

    private static StorageRig Start(ulong seed, PartitionLogOptions options)
    {
        var rig = new StorageRig(seed, options) { FreeReserve = Reserve };
        rig.Start();
        return rig;
    }

    private static void Leave(StorageRig rig, long bytes) =>
        rig.Disk.CapacityBytes += bytes - rig.Disk.FreeBytes(StorageRig.Root);

    private static AppendResult Append(StorageRig rig) => rig.Append(1, new string('x', 10_000));

    private static int FillUp(StorageRig rig)
    {
        int accepted = 0;
        AppendResult result;
        while ((result = Append(rig)).Status == AppendStatus.Ok)
            accepted++;
        Assert.Equal(AppendStatus.ReserveReached, result.Status);
        return accepted;
    }
}
