using FastLog.Primitives;
using FastLog.Simulator;

namespace FastLog.Storage.Tests.Compaction;

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
    public void Any_history_of_appends_compactions_crashes_and_starts_reads_as_the_last_value_of_each_key(ulong seed)
    {
        for (ulong i = 0; i < CasesPerSeed; i++)
            RunCase((seed * 1_000_000) + i);
    }

    private static void RunCase(ulong seed)
    {
        var shape = new Prng(seed);
        long mapBytes = shape.Next(2) == 0 ? 1 << 10 : 1 << 20;
        var history = new CompactionHistory(seed, mapBytes) { Outcome = (PowerCutOutcome)shape.Next(3) };
        int keys = (int)shape.Next(3, 60);
        for (int step = 0; step < 3; step++)
        {
            history.AppendSome((int)shape.Next(1, 20), keys);
            if (shape.Next(4) == 0)
                history.AppendWithoutKey();
            if (shape.Next(3) == 0)
                history.PassTime(TimeSpan.FromMinutes(shape.Next(1, 90)));
            switch (shape.Next(5))
            {
                case 0:
                case 1:
                    history.Compact();
                    history.Check(isCompacted: true);
                    break;
                case 2 or 3 when history.CompactUntilCut(shape.Next(1, 60)):
                    while (shape.Next(2) == 0 && history.StartUntilCut(shape.Next(1, 40)))
                    {
                    }

                    history.Rig.Start();
                    history.Check();
                    break;
                case 4:
                    history.Rig.Stop();
                    history.Rig.Start();
                    history.Check();
                    break;
                default:
                    history.Check();
                    break;
            }
        }

        history.Compact();
        history.Check(isCompacted: true);
    }
}
