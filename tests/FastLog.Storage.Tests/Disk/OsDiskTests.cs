using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Tests.Disk;

public sealed class OsDiskTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("fastlog-disk-").FullName;
    private readonly OsDisk _disk;

    public OsDiskTests() => _disk = new OsDisk(_root);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Nothing_that_was_written_lies_above_the_end_of_the_data()
    {
        const int Length = 8 << 20;
        const int Written = (3 << 20) + 5;
        using IDiskFile file = _disk.Open(Path.Combine(_root, "holes"), DiskOpenMode.CreateNew);
        file.Allocate(FilePosition.Zero, Length);
        Assert.InRange(file.DataEnd(FilePosition.Zero).Value, 0, Length);
        file.Write(new FilePosition(Written), [1]);
        file.Write(new FilePosition(4096), [1]);
        Assert.InRange(file.DataEnd(FilePosition.Zero).Value, Written + 1, Length);
        file.FlushData();
        Assert.InRange(file.DataEnd(FilePosition.Zero).Value, Written + 1, Length);
        Assert.InRange(file.DataEnd(new FilePosition(Written)).Value, Written + 1, Length);
        Assert.InRange(file.DataEnd(new FilePosition(Written + 8192)).Value, Written + 8192, Length);
        Assert.Equal(Length, file.DataEnd(new FilePosition(Length)).Value);
    }

    [Fact]
    public void What_is_written_is_read_and_a_read_past_the_end_is_short()
    {
        using IDiskFile file = _disk.Open("a", DiskOpenMode.CreateNew);
        file.Write(new FilePosition(3), [1, 2, 3]);
        file.WriteGathered(new FilePosition(6), [new byte[] { 4 }, ReadOnlyMemory<byte>.Empty, new byte[] { 5, 6 }]);
        byte[] bytes = new byte[20];
        Assert.Equal(9, file.Read(FilePosition.Zero, bytes));
        Assert.Equal([0, 0, 0, 1, 2, 3, 4, 5, 6], bytes[..9]);
        Assert.Equal(0, file.Read(new FilePosition(100), bytes));
        Assert.Equal(9, file.Length);
        file.FlushData();
        Assert.NotNull(file.SendStream);
    }

    [Fact]
    public void A_gathered_write_of_more_buffers_than_one_call_takes_is_whole()
    {
        using IDiskFile file = _disk.Open("a", DiskOpenMode.CreateNew);
        ReadOnlyMemory<byte>[] parts = [.. Enumerable.Range(0, 3000).Select(i => (ReadOnlyMemory<byte>)new[] { (byte)i, (byte)(i >> 8) })];
        file.WriteGathered(FilePosition.Zero, parts);
        byte[] bytes = new byte[7000];
        Assert.Equal(6000, file.Read(FilePosition.Zero, bytes));
        Assert.Equal(parts.SelectMany(part => part.ToArray()), bytes[..6000]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Allocated_bytes_read_as_zeros_and_written_ones_stay(bool byWriting)
    {
        using IDiskFile file = _disk.Open("a", DiskOpenMode.CreateNew);
        file.Write(new FilePosition(5000), [7]);
        if (byWriting)
            ((OsDiskFile)file).AllocateByWriting(new FilePosition(4096), 200_000);
        else
            file.Allocate(new FilePosition(4096), 200_000);
        Assert.Equal(204_096, file.Length);
        byte[] bytes = new byte[204_096];
        Assert.Equal(bytes.Length, file.Read(FilePosition.Zero, bytes));
        Assert.Equal(7, bytes[5000]);
        Assert.Equal(1, bytes.Count(b => b != 0));
    }

    [Fact]
    public void A_mapping_shows_and_takes_the_files_bytes_and_never_reaches_past_its_end()
    {
        using IDiskFile file = _disk.Open("a", DiskOpenMode.CreateNew);
        file.Allocate(FilePosition.Zero, 8192);
        using (IMappedRegion region = file.Map(8192))
        {
            region.Span[5000] = 9;
            region.Flush();
        }

        byte[] one = new byte[1];
        file.Read(new FilePosition(5000), one);
        Assert.Equal(9, one[0]);
        Assert.Throws<DiskException>(() => file.Map(8193));
    }

    [Fact]
    public void Entries_are_listed_in_order_renamed_replaced_and_deleted()
    {
        _disk.CreateDirectory("d/e");
        foreach (string name in new[] { "d/b", "d/a", "d/Z" })
            _disk.Open(name, DiskOpenMode.CreateNew).Dispose();
        Assert.Equal(["Z", "a", "b"], _disk.ListFiles("d"));
        Assert.Equal(["e"], _disk.ListDirectories("d"));
        _disk.Rename("d/b", "d/a");
        _disk.DeleteFile("d/Z");
        _disk.DeleteFile("d/Z");
        _disk.DeleteDirectory("d/e");
        _disk.FlushDirectory("d");
        Assert.Equal(["a"], _disk.ListFiles("d"));
        Assert.False(_disk.DirectoryExists("d/e"));
        Assert.True(_disk.FreeBytes("d") > 0);
    }

    [Fact]
    public void Failures_tell_the_operation_the_path_and_the_error_number()
    {
        DiskException absent = Assert.Throws<DiskException>(() => _disk.Open("none", DiskOpenMode.Read));
        Assert.Equal(2, absent.ErrorNumber);
        Assert.EndsWith("/none", absent.Path, StringComparison.Ordinal);
        Assert.Equal(2, Assert.Throws<DiskException>(() => _disk.FlushDirectory("none")).ErrorNumber);
        Assert.Equal(2, Assert.Throws<DiskException>(() => _disk.Rename("none", "a")).ErrorNumber);
        Assert.Equal(2, Assert.Throws<DiskException>(() => _disk.ListFiles("none")).ErrorNumber);
        _disk.Open("a", DiskOpenMode.CreateNew).Dispose();
        Assert.Equal(17, Assert.Throws<DiskException>(() => _disk.Open("a", DiskOpenMode.CreateNew)).ErrorNumber);
        Assert.Equal(20, Assert.Throws<DiskException>(() => _disk.FlushDirectory("a")).ErrorNumber);
        _disk.CreateDirectory("full");
        _disk.Open("full/x", DiskOpenMode.CreateNew).Dispose();
        Assert.Equal(39, Assert.Throws<DiskException>(() => _disk.DeleteDirectory("full")).ErrorNumber);
    }

    [Fact]
    public void A_full_device_is_told_as_such()
    {
        using var stream = new FileStream("/dev/full", new FileStreamOptions { Access = FileAccess.ReadWrite, BufferSize = 0 });
        using var file = new OsDiskFile("/dev/full", stream);
        DiskException full = Assert.Throws<DiskException>(() => file.Write(FilePosition.Zero, [1]));
        Assert.True(full.IsDiskFull);
        Assert.True(Assert.Throws<DiskException>(
            () => file.WriteGathered(FilePosition.Zero, [new byte[1], new byte[1]])).IsDiskFull);
    }

    [Fact]
    public void The_lock_on_a_data_directory_is_held_by_one()
    {
        using (LogDirectoryLock.Take(_disk, "."))
        {
            DataDirectoryInUseException refused =
                Assert.Throws<DataDirectoryInUseException>(() => LogDirectoryLock.Take(_disk, "."));
            Assert.Contains("in use by another process", refused.Message, StringComparison.Ordinal);
        }

        LogDirectoryLock.Take(_disk, ".").Dispose();
    }
}
