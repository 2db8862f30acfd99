using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Flushing;
using FastLog.Storage.Tests.Logs;
using static FastLog.Storage.Tests.Producers.ProducerRig;

namespace FastLog.Storage.Tests.Producers;

/// <summary>The rules of a producer's sequences in a running log.</summary>
public class SequenceTests
{
    [Fact]
    public void A_duplicate_gets_its_original_s_offsets_and_is_in_the_log_once()
    {
        var rig = new StorageRig(1);
        rig.Start();
        AtOffset(0, rig.Produce(7, 0, 0, "a", "b"));
        AtOffset(2, rig.Append(1000, "other"));
        AtOffset(3, rig.Produce(7, 0, 2, "c"));
        AppendResult again = rig.Produce(7, 0, 0, "a", "b");
        AtOffset(0, again);
        Assert.Equal(1, again.LastOffset.Value);
        AtOffset(3, rig.Produce(7, 0, 2, "c"));
        AtOffset(4, rig.Produce(7, 0, 3, "d"));
        Assert.Equal(["a", "b", "other", "c", "d"], rig.Values());
    }

    [Fact]
    public void A_gap_and_an_old_epoch_are_refused_and_a_new_epoch_begins_at_zero()
    {
        var rig = new StorageRig(2);
        rig.Start();
        rig.Produce(7, 3, 0, "a");
        Refused(AppendStatus.OutOfOrderSequence, rig.Produce(7, 3, 2, "c"));
        Refused(AppendStatus.OutOfOrderSequence, rig.Produce(7, 4, 1, "b"));
        AtOffset(1, rig.Produce(7, 4, 0, "b"));
        Refused(AppendStatus.ProducerFenced, rig.Produce(7, 3, 1, "late"));
        Refused(AppendStatus.ProducerFenced, rig.Produce(7, 3, 0, "a"));
        AtOffset(1, rig.Produce(7, 4, 0, "b"));
        Assert.Equal(["a", "b"], rig.Values());
    }

    [Fact]
    public void A_producer_that_is_not_known_begins_where_it_says()
    {
        var rig = new StorageRig(3);
        rig.Start();
        AtOffset(0, rig.Produce(7, 2, 500, "a"));
        Refused(AppendStatus.OutOfOrderSequence, rig.Produce(7, 2, 502, "c"));
        AtOffset(1, rig.Produce(7, 2, 501, "b"));
    }

    [Fact]
    public void Sequences_wrap_from_the_largest_to_zero()
    {
        var rig = new StorageRig(4);
        rig.Start();
        AtOffset(0, rig.Produce(7, 0, int.MaxValue - 1, "a"));
        AtOffset(1, rig.Produce(7, 0, int.MaxValue, "b", "c", "d"));
        AtOffset(1, rig.Produce(7, 0, int.MaxValue, "b", "c", "d"));
        Refused(AppendStatus.OutOfOrderSequence, rig.Produce(7, 0, 3, "f"));
        AtOffset(4, rig.Produce(7, 0, 2, "e"));
        AtOffset(0, rig.Produce(7, 0, int.MaxValue - 1, "a"));
    }

    [Fact]
    public void The_last_64_batches_are_remembered_and_an_older_duplicate_is_refused()
    {
        var rig = new StorageRig(5);
        rig.Start();
        for (int i = 0; i <= StorageLimits.ProducerWindow; i++)
            AtOffset(i, rig.Produce(7, 0, i, $"v{i}"));
        Refused(AppendStatus.DuplicateSequence, rig.Produce(7, 0, 0, "v0"));
        for (int i = 1; i <= StorageLimits.ProducerWindow; i++)
            AtOffset(i, rig.Produce(7, 0, i, $"v{i}"));
        Refused(AppendStatus.DuplicateSequence, rig.Produce(7, 0, 5, "v5", "v6"));
        Assert.Equal(StorageLimits.ProducerWindow + 1, rig.Values().Length);
    }

    [Fact]
    public void An_append_of_several_batches_is_a_duplicate_only_in_one_piece()
    {
        var rig = new StorageRig(6);
        rig.Start();
        byte[] a = Batch(7, 0, 0, "a");
        byte[] b = Batch(7, 0, 1, "b", "c");
        byte[] d = Batch(7, 0, 3, "d");
        AtOffset(0, rig.Append((byte[])[.. a, .. b]));
        AppendResult again = rig.Append((byte[])[.. a, .. b]);
        AtOffset(0, again);
        Assert.Equal(2, again.LastOffset.Value);
        Refused(AppendStatus.DuplicateSequence, rig.Append((byte[])[.. b, .. d]));
        AtOffset(1, rig.Append(b));
        rig.Append(1000, "other");
        AtOffset(4, rig.Append(d));
        Refused(AppendStatus.DuplicateSequence, rig.Append((byte[])[.. b, .. d]));
        Refused(AppendStatus.OutOfOrderSequence, rig.Append((byte[])[.. Batch(7, 0, 4, "e"), .. Batch(7, 0, 6, "g")]));
        AtOffset(5, rig.Append((byte[])[.. Batch(7, 0, 4, "e"), .. Batch(7, 0, 5, "f")]));
        Assert.Equal(["a", "b", "c", "other", "d", "e", "f"], rig.Values());
    }

    [Fact]
    public void A_duplicate_waits_for_its_original_s_flush()
    {
        var rig = new StorageRig(7);
        rig.Start();
        rig.Run(async () =>
        {
            ValueTask<AppendResult> original = rig.Log.AppendAsync(Batch(7, 0, 0, "a"), AppendMode.Confirmed);
            ValueTask<AppendResult> duplicate = rig.Log.AppendAsync(Batch(7, 0, 0, "a"), AppendMode.Confirmed);
            ValueTask<AppendResult> written = rig.Log.AppendAsync(Batch(7, 0, 0, "a"), AppendMode.Unconfirmed);
            ValueTask<AppendResult> next = rig.Log.AppendAsync(Batch(7, 0, 1, "b"), AppendMode.Confirmed);
            Assert.True(written.IsCompleted);
            Assert.False(duplicate.IsCompleted);
            Assert.Equal(0, rig.Log.FlushedEnd.Value);
            AtOffset(0, await written);
            AtOffset(0, await duplicate);
            Assert.True(rig.Log.FlushedEnd.Value >= 1);
            AtOffset(0, await original);
            AtOffset(1, await next);
        });
        Assert.Equal(["a", "b"], rig.Values());
    }

    [Fact]
    public void A_duplicate_fails_with_its_original_s_flush()
    {
        var rig = new StorageRig(8);
        rig.Start();
        rig.Disk.Faults.Fail(DiskOperation.Flush, DiskErrors.Io);
        rig.Run(async () =>
        {
            ValueTask<AppendResult> original = rig.Log.AppendAsync(Batch(7, 0, 0, "a"), AppendMode.Confirmed);
            ValueTask<AppendResult> duplicate = rig.Log.AppendAsync(Batch(7, 0, 0, "a"), AppendMode.Confirmed);
            Assert.Equal(AppendStatus.Fenced, (await original).Status);
            Assert.Equal(AppendStatus.Fenced, (await duplicate).Status);
        });
        Assert.Equal(AppendStatus.Fenced, rig.Produce(7, 0, 0, "a").Status);
    }

    [Fact]
    public void A_waiting_duplicate_is_answered_when_the_log_is_closed()
    {
        var rig = new StorageRig(9);
        rig.Start();
        rig.Run(async () =>
        {
            ValueTask<AppendResult> original = rig.Log.AppendAsync(Batch(7, 0, 0, "a"), AppendMode.Confirmed);
            ValueTask<AppendResult> duplicate = rig.Log.AppendAsync(Batch(7, 0, 0, "a"), AppendMode.Confirmed);
            await rig.Directory.DisposeAsync();
            AtOffset(0, await original);
            AtOffset(0, await duplicate);
        });
    }

    [Fact]
    public void What_follows_a_failed_append_is_refused_until_that_one_has_come()
    {
        foreach (bool known in new[] { true, false })
        {
            var rig = new StorageRig(10);
            rig.Start();
            int first = known ? 1 : 0;
            if (known)
                rig.Produce(7, 0, 0, "a");
            else
                rig.Append(1000, "a");
            rig.Disk.Faults.Fail(DiskOperation.Write, DiskErrors.NoSpace, pathEnd: ".log");
            Assert.Equal(AppendStatus.DiskFull, rig.Produce(7, 0, first, "b").Status);
            Refused(AppendStatus.OutOfOrderSequence, rig.Produce(7, 0, first + 1, "c"));
            AtOffset(1, rig.Produce(7, 0, first, "b"));
            AtOffset(2, rig.Produce(7, 0, first + 1, "c"));
            Assert.Equal(["a", "b", "c"], rig.Values());
        }
    }

    [Fact]
    public void A_group_that_is_not_written_leaves_no_trace_in_the_sequences()
    {
        var rig = new StorageRig(11);
        rig.Start();
        AtOffset(0, rig.Produce(7, 0, 0, "a"));
        rig.Disk.Faults.Fail(DiskOperation.Write, DiskErrors.NoSpace, pathEnd: ".log");
        AppendResult[] results = Together(
            rig, Batch(7, 0, 1, "b"), Batch(7, 0, 2, "c"), Batch(7, 0, 1, "b"), Batch(7, 0, 3, "d"));
        Assert.Equal(AppendStatus.DiskFull, results[0].Status);
        Assert.All(results, result => Assert.NotEqual(AppendStatus.Fenced, result.Status));
        string[] values = rig.Values();
        Assert.Equal(values.Distinct(), values);
        Assert.Equal(values.Order(), values);
        foreach (string value in new[] { "b", "c", "d" })
            Assert.Equal(AppendStatus.Ok, rig.Produce(7, 0, value[0] - 'a', value).Status);
        Assert.Equal(["a", "b", "c", "d"], rig.Values());
    }

    [Fact]
    public void Producers_that_are_silent_are_forgotten_and_their_number_is_bounded()
    {
        var rig = new StorageRig(12, new PartitionLogOptions
        {
            Flush = FlushPolicy.Os,
            ProducerExpiration = TimeSpan.FromSeconds(10),
        });
        rig.Start();
        rig.Produce(7, 5, 0, "a");
        rig.Produce(8, 5, 0, "b");
        Wait(rig, 6);
        rig.Produce(8, 5, 1, "c");
        Wait(rig, 6);

        // 7 is forgotten: an older epoch and any sequence will do. 8 is not.
        AtOffset(3, rig.Produce(7, 4, 9, "d"));
        Refused(AppendStatus.ProducerFenced, rig.Produce(8, 4, 9, "e"));
        Assert.Equal(2, rig.Log.ProducerCount);
        for (int i = 0; i < StorageLimits.ProducersMax; i++)
            rig.Produce(100 + i, 0, 0, "f");
        Assert.Equal(StorageLimits.ProducersMax, rig.Log.ProducerCount);
    }

    /// <summary>Appends in one burst: the first one's section stages the others.</summary>
    private static AppendResult[] Together(StorageRig rig, params byte[][] appends)
    {
        var results = new AppendResult[appends.Length];
        rig.Run(async () =>
        {
            ValueTask<AppendResult>[] tasks = [.. appends.Select(batch => rig.Log.AppendAsync(batch, AppendMode.Confirmed))];
            for (int i = 0; i < tasks.Length; i++)
                results[i] = await tasks[i];
        });
        return results;
    }

    private static void Wait(StorageRig rig, int seconds) =>
        rig.Run(() => rig.Process.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(seconds), CancellationToken.None));
}
