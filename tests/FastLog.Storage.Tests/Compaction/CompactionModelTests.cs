using FastLog.Primitives;
using FastLog.Simulator;

namespace FastLog.Storage.Tests.Compaction;

/// <summary>
/// Random appends with and without keys, sequences and codecs, rolls, compactions in one pass or many, trims, retention, restarts
/// and power cuts at any operation against a list of all that was acknowledged. A failure prints its seed.
/// </summary>
public class CompactionModelTests
{
    // FASTLOG_SEEDS (a count) runs more.
    private static readonly ulong CasesPerSeed =
        ulong.TryParse(Environment.GetEnvironmentVariable("FASTLOG_SEEDS"), out ulong count) ? count : 250;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Any_history_of_appends_rolls_compactions_trims_retention_crashes_and_starts_reads_as_the_last_value_of_each_key(ulong seed)
    {
        for (ulong i = 0; i < CasesPerSeed; i++)
            RunCase((seed * 1_000_000) + i);
    }

    private static void RunCase(ulong seed)
    {
        var shape = new Prng(seed);
        long mapBytes = shape.Next(2) == 0 ? 1 << 10 : 1 << 20;
        var history = new CompactionHistory(seed, mapBytes) { Outcome = (PowerCutOutcome)shape.Next(3) };
        if (shape.Next(4) == 0)
        {
            history.Rig.Options = history.Rig.Options with { RetentionSizeMax = shape.Next(2, 8) * StorageLimits.SegmentSizeMin };
            history.Rig.Run(() => history.Rig.Log.ReconfigureAsync(history.Rig.Options));
        }

        int keys = (int)shape.Next(3, 60);
        for (int step = 0; step < 4; step++)
        {
            history.AppendSome((int)shape.Next(1, 20), keys);
            if (shape.Next(4) == 0)
                history.AppendWithoutKey();
            if (shape.Next(3) == 0)
                history.PassTime(TimeSpan.FromMinutes(shape.Next(1, 90)));
            if (shape.Next(3) == 0)
                history.Roll();
            Step(history, shape);
        }

        history.Compact();
        history.Check(isCompacted: true);
    }

    private static void Step(CompactionHistory history, Prng shape)
    {
        long cut = shape.Next(2) == 0 ? shape.Next(1, 60) : int.MaxValue;
        bool isCut = false;
        bool isCompacted = false;
        switch (shape.Next(6))
        {
            case 0 or 1:
                isCut = history.CompactUntilCut(cut);
                isCompacted = !isCut;
                break;
            case 2:
                isCut = history.TrimUntilCut(shape.Next(history.Records.Count + 1), cut);
                break;
            case 3:
                isCut = history.RetainUntilCut(cut);
                break;
            case 4:
                history.Rig.Stop();
                history.Rig.Start();
                break;
            default:
                break;
        }

        if (isCut)
        {
            while (shape.Next(2) == 0 && history.StartUntilCut(shape.Next(1, 40)))
            {
            }

            history.Rig.Start();
        }

        history.Check(isCompacted);
    }
}
