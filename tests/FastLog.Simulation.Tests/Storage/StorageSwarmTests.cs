using FastLog.Simulator;
using FastLog.Storage.Flushing;
using Xunit.Abstractions;

namespace FastLog.Simulation.Tests;

public class StorageSwarmTests(ITestOutputHelper output)
{
    private const int CiSeeds = 300;

    private static readonly StorageRunPlan Short = new()
    {
        Partitions = 2,
        Producers = 2,
        AppendsPerProducer = 8,
        Lives = 1,
        SegmentSizeMax = 8 * 1024,
        Flush = FlushPolicy.Ack,
        LossMode = DirectoryLossMode.AnySubset,
        PowerCutChance = 1,
        CrashWithin = 1,
        FlushFaultChance = 0,
        WriteFaultChance = 0,
        FullDiskBytes = null,
        OverlapChance = 0.5,
    };

    [Fact]
    public void No_crash_of_any_seed_takes_what_was_acknowledged()
    {
        var counters = new RunCounters();
        foreach (ulong seed in Seeds.Take(CiSeeds))
            Check(new StorageRun(seed, counters), counters);
        output.WriteLine(counters.ToString());
        string[] mustHappen = ["append: DiskFull", "append: Fenced", "recovery", "power cut at Flush", "kill at Write", "clean start"];
        if (counters["clean start"] > CiSeeds)
            Assert.All(mustHappen, name => Assert.True(counters[name] > 0, $"no seed came to '{name}'"));
    }

    [Fact]
    public void A_crash_at_each_operation_of_a_short_run_loses_nothing()
    {
        var counters = new RunCounters();
        foreach (bool powerCuts in new[] { true, false })
            foreach (DirectoryLossMode mode in Enum.GetValues<DirectoryLossMode>())
                for (long at = 1; CrashAt(at, powerCuts, mode, counters); at++)
                {
                }

        output.WriteLine(counters.ToString());
        Assert.True(counters["runs"] > 100, "too few operations");
    }

    [Fact]
    public void Bytes_whose_flush_failed_are_written_again_by_the_next_life_before_they_count()
    {
        // The kernel takes pages of a failed flush for written: the killed process's successor reads them, and they are gone
        // at the power cut after it.
        var counters = new RunCounters();
        StorageRunPlan plan = Short with { Lives = 4, CrashWithin = 300, PowerCutChance = 0.5, FlushFaultChance = 0.05 };
        foreach (ulong seed in Seeds.Take(100))
            Check(new StorageRun(seed, counters, plan), counters);
        output.WriteLine(counters.ToString());
    }

    [Fact]
    public void Directories_that_a_killed_start_made_are_durable_before_the_next_life_counts_on_them()
    {
        var counters = new RunCounters();
        StorageRunPlan plan = Short with { Lives = 4, CrashWithin = 20, PowerCutChance = 0.5 };
        foreach (ulong seed in Seeds.Take(100))
            Check(new StorageRun(seed, counters, plan), counters);
        output.WriteLine(counters.ToString());
    }

    [Fact]
    public void The_same_seed_gives_the_same_trace_hash()
    {
        foreach (ulong seed in Seeds.Take(10))
        {
            var first = new StorageRun(seed, new RunCounters());
            Check(first, new RunCounters());
            var second = new StorageRun(seed, new RunCounters());
            Check(second, new RunCounters());
            Assert.Equal(first.Scheduler.Trace.Count, second.Scheduler.Trace.Count);
            Assert.Equal(first.Scheduler.Trace.Hash, second.Scheduler.Trace.Hash);
            output.WriteLine($"seed {seed}: trace hash {first.Scheduler.Trace.Hash:x16} over {first.Scheduler.Trace.Count} events");
        }
    }

    /// <summary>False when the run ended before that operation.</summary>
    private bool CrashAt(long at, bool powerCuts, DirectoryLossMode mode, RunCounters counters)
    {
        bool crashed = false;
        foreach (PowerCutOutcome outcome in powerCuts ? Enum.GetValues<PowerCutOutcome>() : [PowerCutOutcome.AllKept])
        {
            StorageRunPlan plan = Short with { LossMode = mode, PowerCutChance = powerCuts ? 1 : 0 };
            var run = new StorageRun((ulong)at, counters, plan) { FirstCrashAt = at, Outcome = outcome };
            Check(run, counters);
            counters.Add("runs");
            crashed |= run.FirstLifeCrashed;
        }

        return crashed;
    }

    private void Check(StorageRun run, RunCounters counters)
    {
        HistoryReport report;
        try
        {
            report = run.Run();
        }
        catch (Exception)
        {
            output.WriteLine($"{run}{Environment.NewLine}{counters}");
            throw;
        }

        counters.Add("records acknowledged", report.Acknowledged);
        counters.Add("records unknown", report.Unknown);
        counters.Add("records read", report.Read);
        Assert.True(report.Passed, $"{run}{Environment.NewLine}{report}");
    }
}
