using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Tests.Disk;

public class AtomicFileTests
{
    private const uint Magic = 0x54455354;

    [Fact]
    public void A_power_cut_at_any_operation_leaves_the_old_or_the_new_content()
    {
        for (int cutAt = 1; cutAt <= 12; cutAt++)
        {
            for (ulong seed = 0; seed < 20; seed++)
                CutOnce(cutAt, seed);
        }
    }

    [Fact]
    public void A_flipped_bit_anywhere_is_never_taken_for_content()
    {
        var disk = new SimulatedDisk(1);
        disk.CreateDirectory("/d");
        AtomicFile.Write(disk, "/d", "f", Magic, 1, [1, 2, 3, 4]);
        byte[] bytes = disk.Peek("/d/f");
        Assert.Equal([1, 2, 3, 4], AtomicFile.Parse(bytes, Magic, 1).Bytes);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] flipped = [.. bytes];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            AtomicFileStatus status = AtomicFile.Parse(flipped, Magic, 1).Status;
            Assert.Equal(bit < 32 ? AtomicFileStatus.Foreign : AtomicFileStatus.Damaged, status);
        }

        for (int length = 0; length < bytes.Length; length++)
            Assert.Equal(AtomicFileStatus.Damaged, AtomicFile.Parse(bytes.AsSpan(0, length), Magic, 1).Status);
    }

    [Fact]
    public void A_file_of_a_later_version_is_told_from_a_damaged_one()
    {
        var disk = new SimulatedDisk(1);
        disk.CreateDirectory("/d");
        Assert.Equal(AtomicFileStatus.Absent, AtomicFile.Read(disk, "/d/f", Magic, 1).Status);
        AtomicFile.Write(disk, "/d", "f", Magic, 2, []);
        Assert.Equal(AtomicFileStatus.VersionUnknown, AtomicFile.Read(disk, "/d/f", Magic, 1).Status);
        Assert.Equal(AtomicFileStatus.Ok, AtomicFile.Read(disk, "/d/f", Magic, 2).Status);
        Assert.Equal(AtomicFileStatus.Foreign, AtomicFile.Read(disk, "/d/f", Magic + 1, 2).Status);
    }

    private static void CutOnce(int cutAt, ulong seed)
    {
        var disk = new SimulatedDisk(seed);
        disk.CreateDirectory("/d");
        disk.FlushDirectory("/");
        AtomicFile.Write(disk, "/d", "f", Magic, 1, "old content"u8);
        long before = disk.OperationCount;
        disk.BeforeOperation = operation =>
        {
            if (operation.Number == before + cutAt)
                disk.PowerCut(new Prng(seed));
        };
        bool returned = false;
        try
        {
            AtomicFile.Write(disk.Attach(), "/d", "f", Magic, 1, "new"u8);
            returned = true;
        }
        catch (DiskException)
        {
        }

        disk.BeforeOperation = null;
        disk.PowerCut(new Prng(seed + 1));
        AtomicFileContent content = AtomicFile.Read(disk, "/d/f", Magic, 1);
        Assert.Equal(AtomicFileStatus.Ok, content.Status);
        if (returned || !content.Bytes.AsSpan().SequenceEqual("old content"u8))
            Assert.Equal("new"u8.ToArray(), content.Bytes);
    }
}
