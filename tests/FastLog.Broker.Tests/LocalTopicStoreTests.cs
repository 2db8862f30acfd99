using FastLog.Broker.Topics;
using FastLog.Primitives;
using FastLog.Protocol.Messages;
using FastLog.Simulator;
using FastLog.Storage.Disk;

namespace FastLog.Broker.Tests;

/// <summary>The topic file against crashes and damage.</summary>
public sealed class LocalTopicStoreTests
{
    private static readonly Topic A = new(new TopicId(new Uid128(0, 1)), "a", 3, 1, [new ConfigEntry("flush", "os")]);
    private static readonly Topic B = new(new TopicId(new Uid128(0, 2)), "b", 1, 1, []);

    [Fact]
    public void Topics_and_deleted_topics_come_back()
    {
        var disk = NewDisk(1);
        ITopicStore store = Store(disk);
        Run(store, step: int.MaxValue, out _);
        TopicCatalog catalog = Load(disk);
        Topic found = Assert.Single(catalog.Topics);
        Assert.Equal((B.Id, B.Name, 7), (found.Id, found.Name, found.PartitionCount));
        Assert.Empty(catalog.Deleted);
    }

    [Fact]
    public void A_power_cut_at_any_disk_operation_keeps_every_change_that_was_answered()
    {
        int cuts = 0;
        for (int at = 1; at < 1000; at++)
        {
            var disk = NewDisk((ulong)at);
            bool isCut = false;
            long cutAt = disk.OperationCount + at;
            disk.BeforeOperation += operation =>
            {
                if (operation.Number != cutAt || isCut)
                    return;
                isCut = true;
                disk.PowerCut(new Prng((ulong)at));
            };
            int answered;
            try
            {
                Run(Store(disk), int.MaxValue, out answered);
            }
            catch (TopicStoreException)
            {
                answered = _answered;
            }

            if (!isCut)
                break;
            cuts++;
            string state = Describe(Load(disk));
            Assert.Contains(state, new[] { States[answered], States[Math.Min(answered + 1, States.Length - 1)] });
        }

        Assert.True(cuts > 20, $"only {cuts} operations were cut");
    }

    [Fact]
    public void A_damaged_foreign_or_missing_file_stops_the_start_and_changes_nothing()
    {
        var disk = NewDisk(1);
        Run(Store(disk), int.MaxValue, out _);
        disk.FlipBits("/data/topic-list", 25, 0x10);
        Assert.Equal(TopicStoreFault.Corrupt, Refused(disk, partitionsExist: true));
        byte[] before = disk.Peek("/data/topic-list");
        Assert.Equal(before, disk.Peek("/data/topic-list"));
        IDisk view = disk.Attach();
        AtomicFile.Write(view, "/data", "topic-list", TopicFile.Magic, TopicFile.Version + 1, [1, 2, 3]);
        Assert.Equal(TopicStoreFault.ForeignVersion, Refused(disk, partitionsExist: true));
        view.DeleteFile("/data/topic-list");
        Assert.Equal(TopicStoreFault.Missing, Refused(disk, partitionsExist: true));
        Assert.False(view.FileExists("/data/topic-list"));
    }

    [Fact]
    public void Content_cut_or_changed_anywhere_is_refused_or_read_but_never_crashes()
    {
        byte[] content = TopicFile.Encode(new TopicCatalog([A, B], [new DeletedTopic(new TopicId(new Uid128(9, 9)), "gone")]));
        TopicCatalog whole = TopicFile.Decode(content, "f");
        Assert.Equal(A.Configs, whole.Topics[0].Configs);
        for (int length = 0; length < content.Length; length++)
            Assert.Throws<TopicStoreException>(() => TopicFile.Decode(content.AsSpan(0, length), "f"));
        for (int at = 0; at < content.Length; at++)
        {
            byte[] changed = [.. content];
            changed[at] ^= 0xFF;
            try
            {
                TopicFile.Decode(changed, "f");
            }
            catch (TopicStoreException)
            {
                // What a checksum would have caught; here only that nothing else is thrown.
            }
        }
    }

    private static readonly string[] States = ["", "a", "a b", "a b+", "b+ -a", "b+"];

    private static int _answered;

    private static SimulatedDisk NewDisk(ulong seed)
    {
        var disk = new SimulatedDisk(seed);
        disk.Attach().CreateDirectory("/data");
        disk.Attach().FlushDirectory("/");
        return disk;
    }

    private static LocalTopicStore Store(SimulatedDisk disk, bool partitionsExist = false) =>
        new(disk.Attach(), "/data", new InlineExecutor(), () => partitionsExist);

    private static void Run(ITopicStore store, int step, out int answered)
    {
        _answered = 0;
        Func<ValueTask>[] steps =
        [
            async () => await store.LoadAsync(CancellationToken.None),
            () => store.AddAsync(A, CancellationToken.None),
            () => store.AddAsync(B, CancellationToken.None),
            () => store.ReplaceAsync(B with { PartitionCount = 7 }, CancellationToken.None),
            () => store.RemoveAsync(A.Id, CancellationToken.None),
            () => store.ForgetAsync(A.Id, CancellationToken.None),
        ];
        for (int i = 0; i < Math.Min(step, steps.Length); i++)
        {
            End(steps[i]());
            _answered = i;
        }

        answered = _answered;
    }

    private static TopicCatalog Load(SimulatedDisk disk)
    {
        Task<TopicCatalog> loading = Store(disk).LoadAsync(CancellationToken.None).AsTask();
        Assert.True(loading.IsCompletedSuccessfully);
        return loading.Result;
    }

    private static TopicStoreFault Refused(SimulatedDisk disk, bool partitionsExist)
    {
        Task<TopicCatalog> loading = Store(disk, partitionsExist).LoadAsync(CancellationToken.None).AsTask();
        Assert.True(loading.IsFaulted);
        return Assert.IsType<TopicStoreException>(loading.Exception!.InnerException).Fault;
    }

    private static void End(ValueTask task)
    {
        Assert.True(task.IsCompleted);
        if (task.IsFaulted)
            throw task.AsTask().Exception!.InnerException!;
    }

    private static string Describe(TopicCatalog catalog) => string.Join(
        ' ', catalog.Topics.Select(topic => topic.Name + (topic.PartitionCount == 7 ? "+" : "")).Concat(catalog.Deleted.Select(topic => "-" + topic.Name)));

    /// <summary>Runs work at once: each step of a test is over when its call returns.</summary>
    private sealed class InlineExecutor : IExecutor
    {
        public void Post(IThreadPoolWorkItem work) => work.Execute();
    }
}
