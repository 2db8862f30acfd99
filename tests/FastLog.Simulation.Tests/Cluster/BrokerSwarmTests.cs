using FastLog.Simulator;
using Xunit.Abstractions;

namespace FastLog.Simulation.Tests;

public class BrokerSwarmTests(ITestOutputHelper output)
{
    private const int CiSeeds = 200;

    [Fact]
    public void A_broker_and_its_client_keep_every_promise_through_crashes()
    {
        var counters = new RunCounters();
        ulong[] seeds = [.. Seeds.Take(CiSeeds)];
        foreach (ulong seed in seeds)
            Check(new BrokerRun(seed, counters), counters);
        output.WriteLine(counters.ToString());
        if (seeds.Length < CiSeeds)
            return;

        // A single seed may meet none of these; many must.
        Assert.True(counters["group: resumed"] > seeds.Length, $"consumers went on at a commit only {counters["group: resumed"]} times");
        Assert.True(counters["group: commits acknowledged"] > seeds.Length);
        Assert.True(counters["group: killed"] > seeds.Length / 2);
    }

    [Fact]
    public void The_same_seed_gives_the_same_trace_hash()
    {
        foreach (ulong seed in Seeds.Take(5))
        {
            var first = new BrokerRun(seed, new RunCounters());
            var second = new BrokerRun(seed, new RunCounters());
            first.Scheduler.Trace.KeepAll = true;
            second.Scheduler.Trace.KeepAll = true;
            Check(first, new RunCounters());
            Check(second, new RunCounters());
            Assert.Equal(first.Scheduler.Trace.Entries, second.Scheduler.Trace.Entries);
            Assert.Equal(first.Scheduler.Trace.Hash, second.Scheduler.Trace.Hash);
            output.WriteLine($"seed {seed}: trace hash {first.Scheduler.Trace.Hash:x16} over {first.Scheduler.Trace.Count} events");
        }
    }

    private void Check(BrokerRun run, RunCounters counters)
    {
        output.WriteLine(run.ToString());
        HistoryReport report;
        try
        {
            report = run.Run();
        }
        catch (Exception)
        {
            output.WriteLine($"{counters}{Environment.NewLine}{string.Join(Environment.NewLine, run.Scheduler.Trace.Entries.TakeLast(40))}");
            throw;
        }

        counters.Add("records acknowledged", report.Acknowledged);
        counters.Add("records unknown", report.Unknown);
        counters.Add("records read", report.Read);
        counters.Add("duplicates", report.Duplicates);
        Assert.True(report.Passed, $"{run}{Environment.NewLine}{report}");
    }
}
