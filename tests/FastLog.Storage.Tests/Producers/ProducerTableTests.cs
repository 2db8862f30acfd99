using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Producers;

namespace FastLog.Storage.Tests.Producers;

/// <summary>The table of producers against a plain model, and what it costs.</summary>
public class ProducerTableTests
{
    [Fact]
    public void Judging_and_remembering_batches_allocates_nothing_in_the_steady_state()
    {
        var table = new ProducerTable();
        for (int round = 0; round < StorageLimits.ProducerWindow * 2; round++)
            Round(table, round);
        // The runtime itself may allocate once while it compiles a path anew, so the least of a few spans counts; what a
        // round allocates would be in each of them.
        int next = StorageLimits.ProducerWindow * 2;
        long least = long.MaxValue;
        for (int span = 0; span < 10; span++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int end = next + 200; next < end; next++)
                Round(table, next);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Any_batch_is_judged_as_a_list_of_all_that_was_appended_says(int seed)
    {
        var random = new Prng((ulong)seed);
        var table = new ProducerTable();
        var appended = new List<SequencedBatch>();
        var end = LogOffset.Zero;
        int duplicates = 0;
        for (int step = 1; step <= 20_000; step++)
        {
            SequencedBatch batch = Draw(random, appended, end);
            ProducerEntry entry = table.Find(batch.Producer.Id)
                ?? table.Add(batch.Producer.Id, batch.Producer.Epoch, batch.Producer.BaseSequence, default);
            ProducerVerdict verdict = entry.Judge(batch, step, out LogOffset original);
            (ProducerVerdict expected, LogOffset where) = Model(appended, batch);
            Assert.True(expected == verdict, $"seed {seed}, step {step}: {batch} is {verdict}, expected {expected}");
            Assert.Equal(where, original);
            if (verdict == ProducerVerdict.Duplicate)
                duplicates++;
            if (verdict != ProducerVerdict.Next)
                continue;
            table.Record(batch, default);
            appended.Add(batch);
            end = end.Plus(batch.LastDelta + 1L);
        }

        Assert.InRange(duplicates, 500, 19_000);
    }

    private static void Round(ProducerTable table, int round)
    {
        for (long id = 0; id < 8; id++)
        {
            var batch = new SequencedBatch(new BatchProducer(id, 0, round), new LogOffset((round * 8L) + id), 0);
            ProducerEntry entry = table.Find(id) ?? table.Add(id, 0, round, default);
            Assert.True(entry.Judge(batch, round + 1, out _) == ProducerVerdict.Next);
            table.Record(batch, default);
            table.Expire(default, TimeSpan.FromDays(1));
            if (entry.Judge(batch, round + 1, out LogOffset original) != ProducerVerdict.Duplicate || original != batch.BaseOffset)
                throw new InvalidOperationException($"round {round}: no duplicate");
        }
    }

    /// <summary>One that comes next, one again, one too far or too near, of any epoch.</summary>
    private static SequencedBatch Draw(Prng random, List<SequencedBatch> appended, LogOffset end)
    {
        long id = random.Next(1, 4);
        int delta = (int)random.Next(0, 3);
        int last = appended.FindLastIndex(batch => batch.Producer.Id == id);
        if (last < 0)
            return new SequencedBatch(new BatchProducer(id, 0, int.MaxValue - 5_000), end, delta);
        SequencedBatch former = appended[last];
        int next = ProducerSequence.Plus(former.LastSequence, 1);
        return random.Next(0, 20) switch
        {
            < 12 => new SequencedBatch(new BatchProducer(id, former.Producer.Epoch, next), end, delta),
            < 17 => appended[Math.Max(0, appended.Count - 1 - (int)random.Next(0, 400))],
            17 => new SequencedBatch(
                new BatchProducer(id, former.Producer.Epoch, ProducerSequence.Plus(next, (int)random.Next(-3, 4))), end, delta),
            18 => new SequencedBatch(new BatchProducer(id, (short)(former.Producer.Epoch + random.Next(-1, 2)), 0), end, delta),
            _ => new SequencedBatch(new BatchProducer(id, former.Producer.Epoch, next), end, delta),
        };
    }

    private static (ProducerVerdict Verdict, LogOffset Original) Model(List<SequencedBatch> appended, SequencedBatch batch)
    {
        SequencedBatch[] all = [.. appended.Where(old => old.Producer.Id == batch.Producer.Id)];
        if (all.Length == 0)
            return (ProducerVerdict.Next, LogOffset.None);
        short epoch = all[^1].Producer.Epoch;
        if (batch.Producer.Epoch < epoch)
            return (ProducerVerdict.Fenced, LogOffset.None);
        if (batch.Producer.Epoch > epoch)
            return (batch.Producer.BaseSequence == 0 ? ProducerVerdict.Next : ProducerVerdict.OutOfOrder, LogOffset.None);
        int next = ProducerSequence.Plus(all[^1].LastSequence, 1);
        if (batch.Producer.BaseSequence == next)
            return (ProducerVerdict.Next, LogOffset.None);
        foreach (SequencedBatch old in all.Where(old => old.Producer.Epoch == epoch).TakeLast(StorageLimits.ProducerWindow))
        {
            if (old.Producer == batch.Producer && old.LastDelta == batch.LastDelta)
                return (ProducerVerdict.Duplicate, old.BaseOffset);
        }

        return (ProducerSequence.IsBefore(batch.Producer.BaseSequence, next) ? ProducerVerdict.Forgotten : ProducerVerdict.OutOfOrder,
            LogOffset.None);
    }
}
