using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Simulator.Tests;

public class SimulatedDiskTests
{
    private readonly SimulatedDisk _disk = new(seed: 1);

    [Fact]
    public void What_was_written_reads_back_and_a_hole_reads_as_zeros()
    {
        using IDiskFile file = _disk.Open("/f", DiskOpenMode.CreateNew);
        file.Write(new FilePosition(5000), Bytes(3000, 7));
        file.WriteGathered(new FilePosition(10), [Bytes(4, 1), Bytes(5, 2)]);
        Assert.Equal(8000, file.Length);
        byte[] all = new byte[9000];
        Assert.Equal(8000, file.Read(FilePosition.Zero, all));
        byte[] expected = new byte[8000];
        Bytes(4, 1).CopyTo(expected, 10);
        Bytes(5, 2).CopyTo(expected, 14);
        Bytes(3000, 7).CopyTo(expected, 5000);
        Assert.Equal(expected, all[..8000]);
    }

    [Fact]
    public void Flushed_bytes_survive_every_power_cut_and_unflushed_ones_may_not()
    {
        using IDiskFile file = MakeDurable("/d/f");
        file.Write(FilePosition.Zero, Bytes(2048, 1));
        file.FlushData();
        file.Write(new FilePosition(2048), Bytes(4096, 2));
        var lengths = new HashSet<long>();
        bool torn = false;
        for (ulong seed = 0; seed < 200; seed++)
        {
            SimulatedDisk cut = _disk.Clone(seed);
            cut.PowerCut(new Prng(seed));
            byte[] bytes = cut.Peek("/d/f");
            Assert.Equal(Bytes(2048, 1), bytes[..2048]);
            lengths.Add(bytes.Length);
            for (int sector = 2048; sector + 512 <= bytes.Length; sector += 512)
                torn |= bytes.AsSpan(sector, 512).ContainsAnyExcept((byte)0) && bytes.AsSpan(sector, 512).Contains((byte)0);
        }

        Assert.Contains(2048, lengths);
        Assert.Contains(6144, lengths);
        Assert.True(torn, "no sector was torn in 200 cuts");
    }

    [Fact]
    public void All_lost_and_all_kept_are_the_two_ends()
    {
        using IDiskFile file = MakeDurable("/d/f");
        file.Write(FilePosition.Zero, Bytes(1000, 3));
        SimulatedDisk lost = _disk.Clone(1);
        lost.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.Empty(lost.Peek("/d/f"));
        SimulatedDisk kept = _disk.Clone(1);
        kept.PowerCut(new Prng(1), PowerCutOutcome.AllKept);
        Assert.Equal(Bytes(1000, 3), kept.Peek("/d/f"));
    }

    [Fact]
    public void A_killed_process_leaves_what_it_wrote_and_its_handles_and_locks_are_gone()
    {
        IDiskFile file = _disk.Open("/f", DiskOpenMode.CreateNew);
        file.Write(FilePosition.Zero, Bytes(100, 4));
        IDisk view = _disk.Attach();
        Assert.NotNull(view.TryLock("/lock"));
        Assert.Null(view.TryLock("/lock"));
        _disk.ProcessKill();
        Assert.Equal(Bytes(100, 4), _disk.Peek("/f"));
        Assert.Throws<DiskException>(() => file.Write(FilePosition.Zero, Bytes(1, 1)));
        Assert.Throws<DiskException>(() => view.ListFiles("/"));
        Assert.NotNull(_disk.TryLock("/lock"));
    }

    [Fact]
    public void A_lock_that_is_let_go_can_be_taken_again()
    {
        IDisposable held = Assert.IsAssignableFrom<IDisposable>(_disk.TryLock("/lock"));
        Assert.Null(_disk.TryLock("lock"));
        held.Dispose();
        Assert.NotNull(_disk.TryLock("/lock"));
    }

    [Theory]
    [InlineData(DirectoryLossMode.Ordered)]
    [InlineData(DirectoryLossMode.AnySubset)]
    public void A_created_file_is_lost_until_its_directory_is_flushed(DirectoryLossMode mode)
    {
        var disk = new SimulatedDisk(1, mode);
        disk.CreateDirectory("/d");
        disk.FlushDirectory("/");
        using (IDiskFile file = disk.Open("/d/f", DiskOpenMode.CreateNew))
        {
            file.Write(FilePosition.Zero, Bytes(10, 1));
            file.FlushData();
        }

        SimulatedDisk cut = disk.Clone(1);
        cut.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.False(cut.FileExists("/d/f"));
        disk.FlushDirectory("/d");
        Assert.Equal(0, disk.PendingDirectoryChanges);
        disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.Equal(Bytes(10, 1), disk.Peek("/d/f"));
    }

    [Fact]
    public void A_deleted_file_comes_back_and_a_rename_is_undone()
    {
        MakeDurable("/d/a").Dispose();
        MakeDurable("/d/b").Dispose();
        _disk.DeleteFile("/d/a");
        _disk.Rename("/d/b", "/d/c");
        Assert.Equal(["c"], _disk.ListFiles("/d"));
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.Equal(["a", "b"], _disk.ListFiles("/d"));
    }

    [Fact]
    public void In_the_harsh_mode_a_later_operation_survives_without_an_earlier_one_and_in_the_ordered_mode_never()
    {
        foreach (DirectoryLossMode mode in Enum.GetValues<DirectoryLossMode>())
        {
            var disk = new SimulatedDisk(1, mode);
            disk.Open("/first", DiskOpenMode.CreateNew).Dispose();
            disk.Open("/second", DiskOpenMode.CreateNew).Dispose();
            bool secondAlone = false;
            for (ulong seed = 0; seed < 50; seed++)
            {
                SimulatedDisk cut = disk.Clone(seed);
                cut.PowerCut(new Prng(seed));
                secondAlone |= cut.FileExists("/second") && !cut.FileExists("/first");
            }

            Assert.Equal(mode == DirectoryLossMode.AnySubset, secondAlone);
        }
    }

    [Fact]
    public void A_rename_replaces_its_target_and_open_handles_keep_their_file()
    {
        using IDiskFile old = _disk.Open("/t", DiskOpenMode.CreateNew);
        old.Write(FilePosition.Zero, Bytes(3, 1));
        using (IDiskFile next = _disk.Open("/t.tmp", DiskOpenMode.CreateNew))
            next.Write(FilePosition.Zero, Bytes(4, 2));
        _disk.Rename("/t.tmp", "/t");
        Assert.Equal(Bytes(4, 2), _disk.Peek("/t"));
        byte[] seen = new byte[3];
        Assert.Equal(3, old.Read(FilePosition.Zero, seen));
        Assert.Equal(Bytes(3, 1), seen);
    }

    [Fact]
    public void After_a_failed_flush_a_later_one_ends_well_and_the_bytes_are_gone_at_the_power_cut()
    {
        using IDiskFile file = MakeDurable("/d/f");
        file.Write(FilePosition.Zero, Bytes(512, 1));
        file.FlushData();
        file.Write(new FilePosition(512), Bytes(512, 2));
        _disk.Faults.Fail(DiskOperation.Flush, DiskErrors.Io);
        DiskException failure = Assert.Throws<DiskException>(file.FlushData);
        Assert.Equal(DiskErrors.Io, failure.ErrorNumber);
        file.FlushData();
        byte[] seen = new byte[512];
        file.Read(new FilePosition(512), seen);
        Assert.Equal(Bytes(512, 2), seen);
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllKept);
        Assert.Equal([.. Bytes(512, 1), .. new byte[512]], _disk.Peek("/d/f"));
    }

    [Fact]
    public void After_a_failed_flush_the_same_bytes_written_again_are_flushed()
    {
        using IDiskFile file = MakeDurable("/d/f");
        file.Write(FilePosition.Zero, Bytes(700, 1));
        _disk.Faults.Fail(DiskOperation.Flush, DiskErrors.Io);
        Assert.Throws<DiskException>(file.FlushData);
        file.Write(FilePosition.Zero, Bytes(700, 1));
        file.FlushData();
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.Equal(Bytes(700, 1), _disk.Peek("/d/f"));
    }

    [Fact]
    public void After_a_failed_directory_flush_its_operations_are_pending_until_one_ends_well()
    {
        _disk.Open("/f", DiskOpenMode.CreateNew).Dispose();
        _disk.Faults.Fail(DiskOperation.FlushDirectory, DiskErrors.Io);
        Assert.Throws<DiskException>(() => _disk.FlushDirectory("/"));
        SimulatedDisk cut = _disk.Clone(1);
        cut.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.False(cut.FileExists("/f"));
        _disk.FlushDirectory("/");
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.True(_disk.FileExists("/f"));
    }

    [Fact]
    public void A_full_disk_takes_what_fits_and_then_fails_and_goes_on_after_a_deletion()
    {
        var disk = new SimulatedDisk(1, capacityBytes: 4 * 4096);
        using IDiskFile file = disk.Open("/f", DiskOpenMode.CreateNew);
        disk.Open("/g", DiskOpenMode.CreateNew).Dispose();
        using (IDiskFile other = disk.Open("/g", DiskOpenMode.ReadWrite))
            other.Allocate(FilePosition.Zero, 4096);
        Assert.Equal(3 * 4096, disk.FreeBytes("/"));
        DiskException full = Assert.Throws<DiskException>(
            () => file.WriteGathered(FilePosition.Zero, [Bytes(8192, 1), Bytes(8192, 2)]));
        Assert.True(full.IsDiskFull);
        Assert.Equal(12288, file.Length);
        Assert.True(Assert.Throws<DiskException>(() => file.Allocate(new FilePosition(12288), 1)).IsDiskFull);
        disk.DeleteFile("/g");
        file.Write(FilePosition.Zero, Bytes(16384, 3));
        file.SetLength(0);
        Assert.Equal(4 * 4096, disk.FreeBytes("/"));
    }

    [Fact]
    public void Faults_hit_the_operation_they_name_and_are_counted()
    {
        using IDiskFile file = _disk.Open("/f", DiskOpenMode.CreateNew);
        _disk.Faults.Fail(DiskOperation.Write, DiskErrors.NoSpace, skip: 1, pathEnd: "f");
        _disk.Faults.Fail(DiskOperation.Read, DiskErrors.Io);
        _disk.Faults.Fail(DiskOperation.Rename, DiskErrors.Io);
        _disk.Faults.Fail(DiskOperation.Create, DiskErrors.NoSpace, pathEnd: "g");
        file.Write(FilePosition.Zero, Bytes(10, 1));
        Assert.True(Assert.Throws<DiskException>(() => file.Write(new FilePosition(10), Bytes(1000, 2))).IsDiskFull);
        Assert.InRange(file.Length, 10, 1010);
        Assert.Throws<DiskException>(() => file.Read(FilePosition.Zero, new byte[1]));
        Assert.Equal(1, file.Read(FilePosition.Zero, new byte[1]));
        Assert.Throws<DiskException>(() => _disk.Rename("/f", "/h"));
        Assert.Throws<DiskException>(() => _disk.Open("/g", DiskOpenMode.CreateNew));
        Assert.Equal(4, _disk.Faults.Hits.Values.Sum());
        _disk.Faults.FailByChance(DiskOperation.Write, DiskErrors.Io, 1);
        Assert.Throws<DiskException>(() => file.Write(FilePosition.Zero, Bytes(1, 1)));
        _disk.Faults.Clear();
        file.Write(FilePosition.Zero, Bytes(1, 1));
    }

    [Fact]
    public void A_hook_may_cut_the_power_at_each_operation()
    {
        long total = Workload(new SimulatedDisk(1));
        for (long at = 1; at <= total; at++)
        {
            var disk = new SimulatedDisk(1);
            long cutAt = at;
            disk.BeforeOperation = operation =>
            {
                if (operation.Number == cutAt)
                    disk.PowerCut(new Prng((ulong)cutAt), PowerCutOutcome.AllLost);
            };
            Assert.Throws<DiskException>(() => Workload(disk));
            Assert.Equal(1, disk.PowerCuts);
            Assert.Equal(at, disk.OperationCount);
        }
    }

    [Fact]
    public void A_flush_covers_what_was_written_before_it_and_not_what_came_beside_it()
    {
        using IDiskFile file = MakeDurable("/d/f");
        file.Write(FilePosition.Zero, Bytes(512, 1));
        _disk.DuringFlush = () => file.Write(new FilePosition(512), Bytes(512, 2));
        file.FlushData();
        _disk.DuringFlush = null;
        Assert.Equal(Bytes(512, 1), _disk.PeekDurable("/d/f"));
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.Equal(Bytes(512, 1), _disk.Peek("/d/f"));
    }

    [Fact]
    public void A_power_cut_in_the_middle_of_a_flush_fails_it()
    {
        using IDiskFile file = MakeDurable("/d/f");
        file.Write(FilePosition.Zero, Bytes(512, 1));
        _disk.DuringFlush = () => _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.Throws<DiskException>(file.FlushData);
        Assert.Empty(_disk.Peek("/d/f"));
    }

    [Fact]
    public void A_mapping_shares_its_bytes_with_the_file_and_is_pending_until_flushed()
    {
        using IDiskFile file = MakeDurable("/d/i");
        file.Allocate(FilePosition.Zero, 8192);
        file.FlushData();
        using IMappedRegion region = file.Map(8192);
        region.Span[5000] = 9;
        byte[] one = new byte[1];
        file.Read(new FilePosition(5000), one);
        Assert.Equal(9, one[0]);
        SimulatedDisk lost = _disk.Clone(1);
        lost.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.Equal(0, lost.Peek("/d/i")[5000]);
        region.Flush();
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.Equal(9, _disk.Peek("/d/i")[5000]);
    }

    [Fact]
    public void A_mapping_beyond_allocated_bytes_and_a_cut_below_a_mapping_are_violations()
    {
        using IDiskFile file = _disk.Open("/i", DiskOpenMode.CreateNew);
        file.SetLength(8192);
        Assert.Throws<InvariantViolationException>(() => file.Map(8192));
        file.Allocate(FilePosition.Zero, 8192);
        using (IMappedRegion region = file.Map(8192))
            Assert.Throws<InvariantViolationException>(() => file.SetLength(100));
        file.SetLength(100);
        Assert.Equal(2, _disk.Violations.Count);
    }

    [Fact]
    public void A_file_that_was_cut_may_come_back_longer_and_its_old_bytes_with_it()
    {
        using IDiskFile file = MakeDurable("/d/f");
        file.Write(FilePosition.Zero, Bytes(2000, 1));
        file.FlushData();
        file.SetLength(700);
        SimulatedDisk cut = _disk.Clone(1);
        cut.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.Equal(Bytes(2000, 1), cut.Peek("/d/f"));
        file.SetLength(1000);
        file.FlushData();
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.Equal([.. Bytes(700, 1), .. new byte[300]], _disk.Peek("/d/f"));
    }

    [Fact]
    public void A_flipped_bit_is_read_and_survives()
    {
        using IDiskFile file = MakeDurable("/d/f");
        file.Write(FilePosition.Zero, Bytes(10, 1));
        file.FlushData();
        _disk.FlipBits("/d/f", 3, 0x80);
        Assert.Equal(0x81, _disk.Peek("/d/f")[3]);
        _disk.PowerCut(new Prng(1), PowerCutOutcome.AllLost);
        Assert.Equal(0x81, _disk.Peek("/d/f")[3]);
    }

    [Fact]
    public void Wrong_calls_answer_with_the_error_number_of_the_system()
    {
        _disk.CreateDirectory("/a/b");
        _disk.Open("/a/f", DiskOpenMode.CreateNew).Dispose();
        Assert.Equal(DiskErrors.Exists, ErrorOf(() => _disk.Open("/a/f", DiskOpenMode.CreateNew)));
        Assert.Equal(DiskErrors.NoEntry, ErrorOf(() => _disk.Open("/a/none", DiskOpenMode.Read)));
        Assert.Equal(DiskErrors.NoEntry, ErrorOf(() => _disk.Open("/none/f", DiskOpenMode.CreateNew)));
        Assert.Equal(DiskErrors.IsDirectory, ErrorOf(() => _disk.Open("/a/b", DiskOpenMode.Read)));
        Assert.Equal(DiskErrors.NotEmpty, ErrorOf(() => _disk.DeleteDirectory("/a")));
        Assert.Equal(DiskErrors.NotDirectory, ErrorOf(() => _disk.CreateDirectory("/a/f/x")));
        Assert.Equal(DiskErrors.NoEntry, ErrorOf(() => _disk.FlushDirectory("/none")));
        using IDiskFile readOnly = _disk.Open("/a/f", DiskOpenMode.Read);
        Assert.Equal(DiskErrors.BadHandle, ErrorOf(() => readOnly.Write(FilePosition.Zero, Bytes(1, 1))));
        _disk.DeleteFile("/a/none");
        Assert.Equal(["b"], _disk.ListDirectories("/a"));
    }

    [Fact]
    public void The_same_draws_give_the_same_outcome()
    {
        using IDiskFile file = MakeDurable("/d/f");
        file.Write(FilePosition.Zero, Bytes(20_000, 5));
        SimulatedDisk first = _disk.Clone(1);
        SimulatedDisk second = _disk.Clone(1);
        first.PowerCut(new Prng(77));
        second.PowerCut(new Prng(77));
        Assert.Equal(first.Peek("/d/f"), second.Peek("/d/f"));
    }

    private static int ErrorOf(Action action) => Assert.Throws<DiskException>(action).ErrorNumber;

    private static int ErrorOf(Func<IDisposable> action) => Assert.Throws<DiskException>(() => action().Dispose()).ErrorNumber;

    private static byte[] Bytes(int count, byte value)
    {
        byte[] bytes = new byte[count];
        bytes.AsSpan().Fill(value);
        return bytes;
    }

    private static long Workload(SimulatedDisk disk)
    {
        disk.CreateDirectory("/d");
        disk.FlushDirectory("/");
        using IDiskFile file = disk.Open("/d/f.tmp", DiskOpenMode.CreateNew);
        file.Allocate(FilePosition.Zero, 4096);
        file.Write(FilePosition.Zero, Bytes(10, 1));
        file.FlushData();
        disk.Rename("/d/f.tmp", "/d/f");
        disk.FlushDirectory("/d");
        disk.DeleteFile("/d/f");
        return disk.OperationCount;
    }

    private IDiskFile MakeDurable(string path)
    {
        string directory = path[..path.LastIndexOf('/')];
        _disk.CreateDirectory(directory);
        IDiskFile file = _disk.Open(path, DiskOpenMode.CreateNew);
        _disk.FlushDirectory("/");
        _disk.FlushDirectory(directory);
        return file;
    }
}
