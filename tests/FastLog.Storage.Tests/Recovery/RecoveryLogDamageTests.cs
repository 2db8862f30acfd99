using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Recovery;
using FastLog.Storage.Tests.Flushing;

namespace FastLog.Storage.Tests.Recovery;

/// <summary>
/// A recovery log of a short run, cut at each byte and with each byte flipped: reading never throws, and never claims
/// what was not written; damage below what was durable is reported.
/// </summary>
public class RecoveryLogDamageTests
{
    private const int Logs = 3;

    private static readonly string Name = $"{FlushRig.RecoveryDirectory}/{RecoveryLogFile.Name(1)}";

    private readonly SimulatedDisk _disk = new(1);
    private readonly FlushRig _rig;
    private readonly byte[] _bytes;
    private readonly int _end;

    public RecoveryLogDamageTests()
    {
        _rig = new FlushRig(_disk, 1, Logs, FlushPolicy.Ack, 8192);
        var random = new Prng(3);
        for (int round = 0; round < 4; round++)
        {
            foreach (FakeLog log in _rig.Logs)
            {
                byte[] content = new byte[random.Next(1, 60)];
                random.Fill(content);
                log.Append(content);
            }

            _rig.Ports.RunAll();
            _rig.Ports.Advance(TimeSpan.FromMilliseconds(11));
        }

        _bytes = _disk.Peek(Name);
        _end = Array.FindLastIndex(_bytes, b => b != 0) + 1;
        Assert.True(_end > RecoveryLogLayout.FileHeaderSize + 500);
    }

    [Fact]
    public void Cut_at_each_byte_it_claims_only_what_was_written()
    {
        for (int length = 0; length < _end; length++)
        {
            RecoveryLogLoader loaded = Load(_bytes.AsSpan(0, length).ToArray());
            CheckClaims(loaded, $"cut at {length}");
        }
    }

    [Fact]
    public void With_each_byte_flipped_it_claims_only_what_was_written_and_reports_damage_that_it_can_tell()
    {
        RecoveryLogLoader whole = Load(_bytes);
        Assert.Empty(whole.Defects);
        long provenEnd = LastEntryStart();
        for (int at = 0; at < _end; at++)
        {
            // The zeros behind the header's fields are covered by its checksum: a few of them stand for all.
            if (at > 200 && at < 4000 && at % 64 != 0)
                continue;
            byte[] flipped = [.. _bytes];
            flipped[at] ^= (byte)(1 << (at % 8));
            RecoveryLogLoader loaded = Load(flipped);
            CheckClaims(loaded, $"byte {at} flipped");
            if (at < provenEnd)
                Assert.True(loaded.Defects.Count > 0, $"byte {at} of {provenEnd} flipped: nothing was reported");
        }
    }

    [Fact]
    public void Zeroed_sectors_below_what_was_durable_are_reported_and_the_rest_is_used()
    {
        byte[] holed = [.. _bytes];
        holed.AsSpan(RecoveryLogLayout.FileHeaderSize + 100, 100).Clear();
        RecoveryLogLoader loaded = Load(holed);
        Assert.NotEmpty(loaded.Defects);
        CheckClaims(loaded, "hole");
        RecoveryLogLoader whole = Load(_bytes);
        foreach (FakeLog log in _rig.Logs)
            Assert.Equal(Claim(whole, log), Claim(loaded, log));
    }

    [Fact]
    public void A_record_that_looks_like_an_entry_of_another_file_is_not_taken_for_one()
    {
        // A client's bytes, carried in an entry whose head is damaged, hold a whole entry with another file's id.
        byte[] forged = [.. _bytes.AsSpan(LastEntryStart(), _end - LastEntryStart())];
        forged[RecoveryLogLayout.EntryFileIdAt] ^= 1;
        byte[] file = [.. _bytes];
        file.AsSpan(LastEntryStart()).Clear();
        forged.CopyTo(file.AsSpan(LastEntryStart() + 64));
        RecoveryLogLoader loaded = Load(file);
        Assert.Empty(loaded.Defects);
        CheckClaims(loaded, "forged");
    }

    [Fact]
    public void A_file_of_a_later_version_is_refused()
    {
        byte[] later = [.. _bytes];
        later[RecoveryLogLayout.FileVersionAt + 1] = 2;
        uint crc = Crc32C.Compute(later.AsSpan(0, RecoveryLogLayout.FileCrcAt));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(later.AsSpan(RecoveryLogLayout.FileCrcAt), crc);
        Assert.Throws<RecoveryLogVersionException>(() => Load(later));
    }

    private static RecoveryLogLoader Load(byte[] file)
    {
        var disk = new SimulatedDisk(1);
        disk.CreateDirectory(FlushRig.RecoveryDirectory);
        using (IDiskFile copy = disk.Open(Name, DiskOpenMode.CreateNew))
            copy.Write(FilePosition.Zero, file);
        var loader = new RecoveryLogLoader(disk, FlushRig.RecoveryDirectory);
        loader.Load();
        return loader;
    }

    private static long Claim(RecoveryLogLoader loaded, FakeLog log)
    {
        long claim = 0;
        if (loaded.State.Flushed.TryGetValue(log.Id, out FlushPoint flushed))
            claim = flushed.Position.Value;
        if (loaded.State.Carried.TryGetValue(log.Id, out List<CarriedPiece>? pieces))
            claim = Math.Max(claim, pieces.Max(piece => piece.Item.Point.Position.Value));
        return claim;
    }

    private int LastEntryStart()
    {
        for (int at = _end / 8 * 8; ; at -= 8)
        {
            if (System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(_bytes.AsSpan(at)) == RecoveryLogLayout.EntryMagic)
                return at;
        }
    }

    private void CheckClaims(RecoveryLogLoader loaded, string context)
    {
        foreach (TopicPartition id in loaded.State.Flushed.Keys.Union(loaded.State.Carried.Keys))
            Assert.True(_rig.Logs.Exists(log => log.Id == id), $"{context}: {id} was never written");
        foreach (FakeLog log in _rig.Logs)
        {
            long claim = Claim(loaded, log);
            Assert.True(claim <= log.Durable, $"{context}: {log.Path} claims {claim} of {log.Durable}");
            if (loaded.State.Flushed.TryGetValue(log.Id, out FlushPoint flushed))
                Assert.Equal(log.PointAt(flushed.Position.Value), flushed);
            foreach (CarriedPiece piece in loaded.State.Carried.GetValueOrDefault(log.Id) ?? [])
            {
                Assert.Equal(log.PointAt(piece.Item.Point.Position.Value), piece.Item.Point);
                ReadOnlySpan<byte> written = log.Content.AsSpan((int)piece.Item.From.Value, (int)piece.Item.Length);
                Assert.Equal(Crc32C.Compute(written), piece.Crc);
            }
        }
    }
}
