using FastLog.Simulator;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Tests.Compaction;

/// <summary>
/// A compaction that rewrites, joins and removes is cut off at every single operation of the disk, with several outcomes of
/// what was not flushed; the cut also hits the start that follows. No record may be lost, doubled or come back, and at each
/// moment the files on the disk make one log.
/// </summary>
public class CompactionCrashTests
{
    [Theory]
    [InlineData(PowerCutOutcome.AllLost)]
    [InlineData(PowerCutOutcome.AllKept)]
    [InlineData(PowerCutOutcome.Random)]
    public void A_power_cut_at_any_operation_of_a_compaction_leaves_the_old_or_the_new(PowerCutOutcome outcome)
    {
        CompactionHistory history = Begin(11);
        long cuts = 0;
        ulong variants = outcome == PowerCutOutcome.Random ? 4UL : 1UL;
        for (ulong variant = 0; variant < variants; variant++)
        {
            cuts = 0;
            while (CutAt(history.Fork((variant * 1_000) + (ulong)cuts + 1, outcome), cuts + 1))
                cuts++;
        }

        Assert.InRange(cuts, 60, 900);
    }

    [Fact]
    public void With_flush_os_no_value_goes_for_one_that_a_power_cut_takes()
    {
        const int Keys = 7;
        bool isCut = true;
        int cuts = 0;
        int lost = 0;
        for (long cut = 1; isCut; cut++)
        {
            var history = new CompactionHistory(12) { Outcome = PowerCutOutcome.AllLost };
            history.Rig.Options = history.Rig.Options with { Flush = FlushPolicy.Os };
            history.Rig.Run(() => history.Rig.Log.ReconfigureAsync(history.Rig.Options));
            for (int i = 0; i < 100; i++)
                history.Append([($"key-{i % Keys}", new string('x', 300))]);
            isCut = history.CompactUntilCut(cut);
            if (!isCut)
                history.Rig.PowerCut(history.Random, PowerCutOutcome.AllLost);
            history.Rig.Start();
            long end = history.Rig.Log.LogEnd.Value;
            HashSet<long> left = [.. history.ReadReadable().Select(record => record.Offset)];
            for (long offset = Math.Max(0, end - Keys); offset < end; offset++)
                Assert.True(left.Contains(offset), $"operation {cut}: the log ends at {end}, the last value of a key at {offset} is gone");
            cuts++;
            lost += end < 100 ? 1 : 0;
        }

        Assert.InRange(cuts, 30, 900);
        Assert.True(lost > 10, $"only {lost} of {cuts} power cuts took appends");
    }

    /// <summary>False when the compaction ended before the cut.</summary>
    private static bool CutAt(CompactionHistory fork, long cut)
    {
        if (!fork.CompactUntilCut(cut))
            return false;
        IReadOnlyList<LogDefect> defects = fork.Inspect();
        Assert.True(defects.Count == 0, $"{fork.Context}, operation {cut}: {string.Join("; ", defects)}");
        if (cut % 2 == 0)
            fork.StartUntilCut(fork.Random.Next(1, 30));
        fork.Rig.Start();
        fork.Check();
        fork.AppendSome(3, 20);
        fork.Compact();
        fork.Check(isCompacted: true);
        Assert.DoesNotContain(fork.Rig.Disk.Files(), file => file.Path.EndsWith(".cleaned", StringComparison.Ordinal));
        Assert.DoesNotContain(fork.Rig.Disk.Files(), file => file.Path.EndsWith(".swap", StringComparison.Ordinal));
        return true;
    }

    /// <summary>Small segments of an earlier pass, old tombstones, and as much again that is new.</summary>
    private static CompactionHistory Begin(ulong seed)
    {
        var history = new CompactionHistory(seed);
        history.AppendSome(60, 20);
        history.Compact();
        history.AppendSome(60, 20);
        history.PassTime(CompactionHistory.TombstoneRetention * 2);
        history.Rig.Stop();
        return history;
    }
}
