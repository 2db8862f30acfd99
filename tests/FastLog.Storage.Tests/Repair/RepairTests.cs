using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;
using FastLog.Storage.Inspection;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Repair;
using FastLog.Storage.Segments;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Repair;

/// <summary>A repair names what it does first, does that and nothing else, and saves every byte that goes.</summary>
public class RepairTests
{
    private const int Count = 160;

    private static readonly PartitionLogOptions SmallSegments = new() { SegmentSizeMax = 2 * StorageLimits.SegmentSizeMin };

    private static string Side => $"{StorageRig.Root}/{LogRepair.SideFolder}/{StorageRig.TopicName}-{StorageRig.Id.Topic}-{StorageRig.Id.Partition}";

    [Fact]
    public void A_directory_without_damage_has_nothing_to_repair_and_a_dry_run_changes_nothing()
    {
        StorageRig rig = Stopped(1);
        Assert.Empty(Plan(rig.Disk));
        rig.Disk.FlipBits(StorageRig.DataFile(0), 5_000, 1);
        (string Path, string Bytes)[] before = Snapshot(rig.Disk);
        Assert.Single(Plan(rig.Disk));
        Assert.Equal(before, Snapshot(rig.Disk));
    }

    [Fact]
    public void A_dry_run_leaves_a_damaged_recovery_log_and_leftovers_where_they_are()
    {
        StorageRig rig = Stopped(20);
        string directory = $"{StorageRig.Root}/{DataDirectoryLayout.Recovery}";
        string log = rig.Disk.Files().Last(file => file.Path.EndsWith(".recovery", StringComparison.Ordinal)).Path;
        rig.Disk.FlipBits(log, 0, 1);
        using (IDiskFile leftover = rig.Disk.Open($"{directory}/leftover.tmp", DiskOpenMode.CreateNew))
            leftover.Write(FilePosition.Zero, new byte[8]);
        (string Path, string Bytes)[] before = Snapshot(rig.Disk);
        Plan(rig.Disk);
        Assert.Equal(before, Snapshot(rig.Disk));

        // A start moves it out of the way.
        rig.Start();
        Assert.True(rig.Disk.FileExists(log + ".damaged"));
        Assert.False(rig.Disk.FileExists($"{directory}/leftover.tmp"));
    }

    [Fact]
    public void A_directory_that_is_in_use_is_refused()
    {
        var rig = new StorageRig(2, SmallSegments);
        rig.Start();
        StorageException refused = Assert.Throws<StorageException>(() => Plan(rig.Disk));
        Assert.Equal(StorageErrorKind.InUse, refused.Kind);
    }

    [Fact]
    public void Damaged_batches_are_saved_and_become_a_hole_that_readers_pass_whatever_segment_they_are_in()
    {
        StorageRig source = Stopped(3);
        foreach (long segmentBase in Bases(source.Disk))
        {
            List<(long Offset, long Position, long Size)> batches = Batches(source.Disk, segmentBase);
            foreach (int at in (int[])[0, batches.Count / 2, batches.Count - 1])
            {
                SimulatedDisk disk = source.Disk.Clone((ulong)at);
                (long offset, long position, long size) = batches[at];
                disk.FlipBits(StorageRig.DataFile(segmentBase), position + 70, 0x20);
                byte[] damaged = disk.Peek(StorageRig.DataFile(segmentBase))[(int)position..(int)(position + size)];
                IReadOnlyList<RepairStep> plan = Repair(disk);
                RepairStep step = Assert.Single(plan);
                Assert.Equal(RepairKind.Excise, step.Kind);
                Assert.Equal((offset, offset), (step.FirstOffset.Value, step.LastOffset.Value));
                Assert.Equal((position, size), (step.Position.Value, step.Length));
                Assert.Equal(damaged, disk.Peek($"{Side}/0000000001.cut")[56..]);
                IsWholeButFor(source, disk, plan);
            }
        }
    }

    [Fact]
    public void Headers_seals_and_indexes_are_made_anew_without_the_loss_of_a_record()
    {
        StorageRig source = Stopped(4);
        long[] bases = Bases(source.Disk);
        SimulatedDisk disk = source.Disk.Clone(4);
        disk.FlipBits(StorageRig.DataFile(bases[0]), 33, 1);
        disk.FlipBits(StorageRig.DataFile(bases[1]), SegmentLayout.SealAt + 20, 1);
        disk.DeleteFile(StorageRig.DataFile(bases[2]).Replace(".log", ".index", StringComparison.Ordinal));
        disk.FlipBits(StorageRig.DataFile(bases[3]), 2_000, 1);
        disk.FlipBits(StorageRig.DataFile(bases[^1]), SegmentLayout.SealAt + 20, 1);
        IReadOnlyList<RepairStep> plan = Repair(disk);
        Assert.Equal(
            [RepairKind.RewriteHeader, RepairKind.ClearReserved, RepairKind.RewriteSeal, RepairKind.ClearSeal, RepairKind.RebuildIndexes],
            plan.Select(step => step.Kind).Order());
        IsWholeButFor(source, disk, plan);
    }

    [Fact]
    public void What_was_repaired_is_not_taken_by_retention_for_older_than_it_is()
    {
        SimulatedDisk disk = Stopped(8).Disk;
        string first = StorageRig.DataFile(Bases(disk)[0]);
        disk.FlipBits(first, 33, 1);
        disk.FlipBits(first, SegmentLayout.SealAt + 20, 1);
        Repair(disk);
        var rig = new StorageRig(8, SmallSegments with { RetentionAgeMax = TimeSpan.FromHours(10) }, disk);
        rig.Start();
        rig.Scheduler.RunFor(TimeSpan.FromHours(1));
        Assert.Equal(0, rig.Log.LogStart.Value);
    }

    [Fact]
    public void A_wrong_leader_epoch_is_set_right_when_the_chain_CRC_proves_it()
    {
        StorageRig source = Stopped(5);
        long segmentBase = Bases(source.Disk)[1];
        foreach ((long _, long position, long _) in Batches(source.Disk, segmentBase))
        {
            SimulatedDisk disk = source.Disk.Clone(5);
            byte[] before = disk.Peek(StorageRig.DataFile(segmentBase));
            disk.FlipBits(StorageRig.DataFile(segmentBase), position + 15, 0x04);
            IReadOnlyList<RepairStep> plan = Repair(disk);
            Assert.All(plan, step => Assert.Equal(RepairKind.RestoreEpochs, step.Kind));
            Assert.Equal(before, disk.Peek(StorageRig.DataFile(segmentBase)));
        }
    }

    [Fact]
    public void A_segment_of_another_partition_is_moved_aside_and_a_missing_one_becomes_a_hole()
    {
        StorageRig source = Stopped(6);
        long[] bases = Bases(source.Disk);
        SimulatedDisk disk = source.Disk.Clone(6);
        byte[] header = new byte[SegmentLayout.SectorSize * 8];
        new SegmentHeader(new TopicPartition(StorageRig.Id.Topic, new PartitionId(9)), new LogOffset(bases[1]), new Timestamp(5)).Write(header);
        Overwrite(disk, StorageRig.DataFile(bases[1]), 0, header[..SegmentLayout.SectorSize]);
        byte[] foreign = disk.Peek(StorageRig.DataFile(bases[1]));
        disk.DeleteFile(StorageRig.DataFile(bases[3]));
        IReadOnlyList<RepairStep> plan = Repair(disk);
        Assert.Equal([RepairKind.FillHole, RepairKind.FillHole, RepairKind.MoveAside], plan.Select(step => step.Kind).Order());
        Assert.Equal(foreign, disk.Peek($"{Side}/{bases[1]:D20}.log"));
        IsWholeButFor(source, disk, [.. plan.Where(step => step.Kind == RepairKind.FillHole)]);
    }

    [Fact]
    public void A_last_segment_that_lost_its_end_keeps_its_offsets_and_the_log_goes_on_behind_them()
    {
        StorageRig source = Stopped(7);
        long last = Bases(source.Disk)[^1];
        List<(long Offset, long Position, long Size)> batches = Batches(source.Disk, last);
        SimulatedDisk disk = source.Disk.Clone(7);
        using (IDiskFile file = disk.Open(StorageRig.DataFile(last), DiskOpenMode.ReadWrite))
            file.SetLength(batches[3].Position + 10);
        IReadOnlyList<RepairStep> plan = Repair(disk);
        RepairStep step = Assert.Single(plan);
        Assert.Equal((batches[3].Offset, Count - 1L), (step.FirstOffset.Value, step.LastOffset.Value));
        IsWholeButFor(source, disk, plan);
    }

    [Fact]
    public void Whatever_is_damaged_only_named_offsets_are_gone_and_what_was_repaired_stays_so()
    {
        StorageRig source = Stopped(8);
        for (ulong seed = 1; seed <= 150; seed++)
        {
            var random = new Prng(seed);
            SimulatedDisk disk = source.Disk.Clone(seed);
            int harms = (int)random.Next(1, 5);
            for (int i = 0; i < harms; i++)
                Harm(disk, random);
            IReadOnlyList<RepairStep> plan = Plan(disk);
            byte[][] before = [.. plan.Select(step => Bytes(disk, step))];
            Repair(disk);
            for (int i = 0; i < plan.Count; i++)
            {
                if (plan[i].Kind == RepairKind.Excise && before[i].Length > 0)
                    Assert.True(IsSaved(disk, before[i]), $"seed {seed}: {plan[i]} was not saved");
            }

            IsWholeButFor(source, disk, plan, $"seed {seed}");
        }
    }

    private static byte[] Bytes(SimulatedDisk disk, RepairStep step)
    {
        byte[] file = disk.FileExists(step.File) ? disk.Peek(step.File) : [];
        int from = (int)Math.Min(step.Position.Value, file.Length);
        return file[from..(int)Math.Min(file.Length, from + step.Length)];
    }

    private static bool IsSaved(SimulatedDisk disk, byte[] bytes) => disk.Files()
        .Where(file => file.Path.StartsWith(Side, StringComparison.Ordinal) && file.Path.EndsWith(".cut", StringComparison.Ordinal))
        .Any(file => disk.Peek(file.Path)[56..].AsSpan().SequenceEqual(bytes));

    /// <summary>In data and index files, but for the headers of data files: those are told apart by another test.</summary>
    private static void Harm(SimulatedDisk disk, Prng random)
    {
        (string Path, long Length)[] files = [.. disk.Files().Where(file => file.Path.StartsWith(StorageRig.PartitionPath, StringComparison.Ordinal)
            && (file.Path.EndsWith(".log", StringComparison.Ordinal) || file.Path.EndsWith("index", StringComparison.Ordinal)))];
        (string path, long length) = files[(int)random.Next(0, files.Length)];
        long from = path.EndsWith(".log", StringComparison.Ordinal) ? 4096 : 0;
        long at = random.Next(from, Math.Max(from + 1, length));
        byte[] noise = new byte[random.Chance(0.5) ? 1 : random.Next(1, 900)];
        for (int i = 0; i < noise.Length; i++)
            noise[i] = (byte)random.Next(0, 256);
        long end = Math.Min(length, at + noise.Length);
        if (end > at)
            Overwrite(disk, path, at, noise[..(int)(end - at)]);
    }

    /// <summary>Opened, the log holds all of the source but what was named, without a defect, also after a crash, and goes on.</summary>
    private static void IsWholeButFor(
        StorageRig source, SimulatedDisk disk, IReadOnlyList<RepairStep> plan, string because = "")
    {
        Assert.All(Plan(disk), step => Assert.Fail($"{because}: left after the repair: {step}"));
        HashSet<long> lost = [.. plan.Where(step => !step.LastOffset.IsNone)
            .SelectMany(step => Enumerable.Range((int)step.FirstOffset.Value, (int)step.LastOffset.Next().Since(step.FirstOffset)))
            .Select(offset => (long)offset)];
        long[] expected = [.. Enumerable.Range(0, Count).Select(offset => (long)offset).Where(offset => !lost.Contains(offset))];
        var rig = new StorageRig(source.Seed, source.Options, disk);
        for (int life = 0; life < 2; life++)
        {
            rig.Start();
            Assert.Empty(rig.Log.Defects);
            Assert.Equal(Count + life, rig.Log.LogEnd.Value);
            Assert.Equal(expected, rig.ReadAll().Select(record => record.Offset).Where(offset => offset < Count));
            Assert.All(rig.ReadAll().Where(record => record.Offset < Count), record => Assert.EndsWith($"v{record.Offset}", record.Value));
            Assert.Equal(Count + life, rig.Append(1000, "on").BaseOffset.Value);
            rig.Run(async () => await rig.Directory.RunMaintenanceAsync(StorageRig.Id, MaintenanceKind.Scrub));
            Assert.Empty(rig.Log.Defects);
            rig.Kill();
        }
    }

    private static IReadOnlyList<RepairStep> Plan(SimulatedDisk disk)
    {
        using LogRepair repair = LogRepair.Open(disk, StorageRig.Root, SystemClock.Instance, SystemEntropy.Instance);
        return repair.Plan(Partition(disk), CancellationToken.None);
    }

    private static IReadOnlyList<RepairStep> Repair(SimulatedDisk disk)
    {
        using LogRepair repair = LogRepair.Open(disk, StorageRig.Root, SystemClock.Instance, SystemEntropy.Instance);
        InspectedPartition partition = Partition(disk);
        IReadOnlyList<RepairStep> plan = repair.Plan(partition, CancellationToken.None);
        repair.Apply(partition, plan, CancellationToken.None);
        return plan;
    }

    private static InspectedPartition Partition(SimulatedDisk disk) =>
        Assert.Single(new LogInspection(disk).Find(StorageRig.Root));

    private static StorageRig Stopped(ulong seed)
    {
        var rig = new StorageRig(seed, SmallSegments);
        for (int life = 0; life < 2; life++)
        {
            rig.Start();
            for (int i = 0; i < Count / 2; i++)
                Assert.Equal(AppendStatus.Ok, rig.Append(i, $"{new string('x', 190)}v{(life * Count / 2) + i}").Status);
            rig.Scheduler.RunFor(TimeSpan.FromMilliseconds(20));
            if (life == 0)
                rig.Kill();
            else
                rig.Stop();
        }

        return rig;
    }

    private static (string Path, string Bytes)[] Snapshot(SimulatedDisk disk) =>
        [.. disk.Files().Where(file => !file.Path.EndsWith("/lock", StringComparison.Ordinal)).Select(file => (file.Path, Convert.ToHexString(disk.Peek(file.Path))))];

    private static long[] Bases(SimulatedDisk disk) => [.. disk.ListFiles(StorageRig.PartitionPath)
        .Where(name => name.EndsWith(".log", StringComparison.Ordinal))
        .Select(name => long.Parse(name[..20]))];

    private static List<(long Offset, long Position, long Size)> Batches(SimulatedDisk disk, long segmentBase)
    {
        byte[] bytes = disk.Peek(StorageRig.DataFile(segmentBase));
        var found = new List<(long, long, long)>();
        for (int at = (int)SegmentLayout.DataStart.Value; at + 61 < bytes.Length;)
        {
            int size = 12 + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 8));
            if (size == 12)
                break;
            found.Add((BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(at)), at, size));
            at += size;
        }

        return found;
    }

    private static void Overwrite(SimulatedDisk disk, string path, long position, byte[] bytes)
    {
        using IDiskFile file = disk.Open(path, DiskOpenMode.ReadWrite);
        file.Write(new FilePosition(position), bytes);
        file.FlushData();
    }
}
