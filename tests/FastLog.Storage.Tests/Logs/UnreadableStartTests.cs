using FastLog.Primitives;
using FastLog.Storage.Segments;
using FastLog.Storage.Tests.Compaction;

namespace FastLog.Storage.Tests.Logs;

/// <summary>What a start does about bytes that the device cannot read, and about a recovery log that lost its end.</summary>
public class UnreadableStartTests
{
    private const int Count = 120;

    private static readonly PartitionLogOptions SmallSegments = new() { SegmentSizeMax = StorageLimits.SegmentSizeMin };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Pages_of_any_segment_below_the_recovery_point_cost_a_start_their_own_batches_only(bool clean)
    {
        StorageRig source = Ended(81, clean);
        string[] files = Files(source);
        Assert.True(files.Length > 3);
        for (int i = 0; i < files.Length; i++)
        {
            bool isLast = i == files.Length - 1;
            for (int page = 0; page < 2; page++)
            {
                // A start after a crash reads on from the last segment's recovery point: there it cannot know where the log ends.
                if (isLast && !clean)
                    continue;
                long first = Base(files[i]);
                long next = isLast ? Count : Base(files[i + 1]);
                StorageRig rig = Again(source, (ulong)((i * 2) + page));
                rig.Disk.MakeUnreadable($"{StorageRig.PartitionPath}/{files[i]}", page * 4096, 1);
                rig.Start();
                List<long> lost = [.. Enumerable.Range(0, Count).Select(offset => (long)offset).Except(Served(rig))];
                Assert.NotEmpty(lost);
                Assert.All(lost, offset => Assert.InRange(offset, first, next - 1));
                Assert.All(lost, offset => Assert.Contains(
                    rig.Log.Defects, defect => defect.Kind == LogDefectKind.Unreadable && defect.FirstOffset.Value <= offset && offset <= defect.LastOffset.Value));
                Assert.Equal(Count, rig.Append(1000, "on").BaseOffset.Value);

                // It was the device: nothing was lost, and the next start serves all.
                rig.Stop();
                rig.Disk.MakeReadable($"{StorageRig.PartitionPath}/{files[i]}");
                rig.Start();
                Assert.Equal(Count + 1, Served(rig).Count);

                // The last one was never sealed when the log went on in another.
                Assert.All(rig.Log.Defects, defect => Assert.True(isLast && defect.Kind == LogDefectKind.SealDamaged, defect.ToString()));
            }
        }
    }

    [Fact]
    public void Where_a_start_cannot_know_the_end_of_the_log_it_refuses_and_changes_nothing()
    {
        StorageRig source = Ended(82, clean: false);
        string last = $"{StorageRig.PartitionPath}/{Files(source)[^1]}";
        StorageRig rig = Again(source, 1);
        rig.Disk.MakeUnreadable(last, 0, 1);
        StorageException refused = Assert.Throws<StorageException>(rig.Start);
        Assert.Equal(StorageErrorKind.Device, refused.Kind);
        Assert.Equal(source.Disk.Peek(last), rig.Disk.Peek(last));
        rig.Kill();
        rig.Disk.MakeReadable(last);
        rig.Start();
        Assert.Equal(Count, Served(rig).Count);
        Assert.Empty(rig.Log.Defects);
    }

    [Fact]
    public void A_recovery_log_that_lost_its_end_cuts_nothing_that_was_compacted_since()
    {
        for (ulong seed = 1; seed <= 30; seed++)
        {
            var history = new CompactionHistory(seed);
            StorageRig rig = history.Rig;
            string recovery = $"{StorageRig.Root}/{DataDirectoryLayout.Recovery}";
            history.AppendSome(20 + (int)seed, keys: 12);
            history.PassTime(TimeSpan.FromMilliseconds(50));
            (string Path, byte[] Bytes)[] old = [.. rig.Disk.ListFiles(recovery).Select(name => ($"{recovery}/{name}", rig.Disk.Peek($"{recovery}/{name}")))];
            history.AppendSome(120, keys: 12);
            history.PassTime(TimeSpan.FromMilliseconds(50));
            history.Compact();
            rig.Kill();
            long end = history.Records.Count;
            Dictionary<string, string> before = Data(rig);
            foreach (string name in rig.Disk.ListFiles(recovery))
                rig.Disk.DeleteFile($"{recovery}/{name}");
            foreach ((string path, byte[] bytes) in old)
            {
                using Storage.Disk.IDiskFile file = rig.Disk.Open(path, Storage.Disk.DiskOpenMode.CreateNew);
                file.Write(FilePosition.Zero, bytes);
            }

            rig.Start();
            Assert.True(rig.Log.LogEnd.Value == end, $"seed {seed}: the log ends at {rig.Log.LogEnd}, {end} were there");
            Assert.Empty(rig.Log.Defects);
            Assert.Equal(before, Data(rig));
            history.Check();
        }
    }

    private static StorageRig Ended(ulong seed, bool clean)
    {
        var rig = new StorageRig(seed, SmallSegments);
        rig.Start();
        for (int i = 0; i < Count; i++)
            rig.Append(1000, new string('v', 150) + i);
        rig.Scheduler.RunFor(TimeSpan.FromMilliseconds(20));
        if (clean)
            rig.Stop();
        else
            rig.Kill();
        return rig;
    }

    private static StorageRig Again(StorageRig source, ulong seed) => new(source.Seed, source.Options, source.Disk.Clone(seed));

    private static string[] Files(StorageRig rig) =>
        [.. rig.Disk.ListFiles(StorageRig.PartitionPath).Where(name => name.EndsWith(SegmentName.DataSuffix, StringComparison.Ordinal))];

    private static long Base(string name) => long.Parse(name[..20]);

    /// <summary>The batches of each data file.</summary>
    private static Dictionary<string, string> Data(StorageRig rig) => Files(rig).ToDictionary(
        name => name,
        name => Convert.ToHexString(rig.Disk.Peek($"{StorageRig.PartitionPath}/{name}").AsSpan(SegmentLayout.HeaderSize)).TrimEnd('0'));

    /// <summary>The offsets that a consumer gets: it goes on behind what it is told is damaged.</summary>
    private static List<long> Served(StorageRig rig)
    {
        var served = new List<TestRecord>();
        for (LogOffset next = rig.Log.LogStart; next < rig.Log.ReadableEnd;)
        {
            ReadResult result = rig.Log.Read(next, 700, rig.Log.ReadableEnd);
            if (result.Status == ReadStatus.Ok && !result.Region.IsEmpty)
                StorageRig.Decode(result, served);
            result.Region.Release();
            Assert.True(result.NextOffset > next, $"{result.Status} at {next}");
            next = result.NextOffset;
        }

        return [.. served.Select(record => record.Offset)];
    }
}
