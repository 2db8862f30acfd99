using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Tests.Flushing;

/// <summary>
/// The power goes at every operation of short runs; what was reported durable must be there after the restart, and the
/// recovery log must not claim a byte that is not.
/// </summary>
public class GroupCommitCrashTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_power_cut_at_any_operation_loses_nothing_that_was_reported(ulong seed)
    {
        long operations = Run(seed, cutAt: int.MaxValue, PowerCutOutcome.Random);
        Assert.True(operations > 50, $"seed {seed}: only {operations} operations");
        for (long cutAt = 1; cutAt <= operations; cutAt++)
        {
            Run(seed, cutAt, PowerCutOutcome.Random);
            Run(seed, cutAt, PowerCutOutcome.AllLost);
        }
    }

    private static long Run(ulong seed, long cutAt, PowerCutOutcome outcome)
    {
        string context = $"seed {seed}, cut at operation {cutAt}, {outcome}";
        var disk = new SimulatedDisk(seed);
        var random = new Prng(seed);
        var rig = new FlushRig(disk, seed, logs: 6, FlushPolicy.Ack, recoveryFileSize: 16 * 1024);
        long before = disk.OperationCount;
        bool cut = false;
        var cutRandom = new Prng(seed ^ (ulong)cutAt);
        disk.BeforeOperation = operation =>
        {
            if (cut || operation.Number < before + cutAt)
                return;
            cut = true;
            disk.PowerCut(cutRandom, outcome);
        };
        for (int step = 0; step < 40 && !cut; step++)
        {
            try
            {
                Step(rig, random);
            }
            catch (DiskException) when (cut)
            {
            }
        }

        long operations = disk.OperationCount - before;
        disk.BeforeOperation = null;
        if (!cut)
            disk.PowerCut(cutRandom, outcome);
        rig.CheckAfterRestart(disk, context);
        // A second start, after a cut of the first: replay is idempotent.
        disk.PowerCut(cutRandom, outcome);
        rig.CheckAfterRestart(disk, context + ", again");
        return operations;
    }

    private static void Step(FlushRig rig, Prng random)
    {
        int count = (int)random.Next(1, rig.Logs.Count + 1);
        for (int i = 0; i < count; i++)
        {
            byte[] bytes = new byte[random.Next(1, 700)];
            random.Fill(bytes);
            rig.Logs[(int)random.Next(rig.Logs.Count)].Append(bytes);
        }

        for (long turns = random.Next(6); turns > 0; turns--)
            rig.Ports.RunOne();
        if (random.Next(4) == 0)
            rig.Ports.Advance(TimeSpan.FromMilliseconds(11));
    }
}
