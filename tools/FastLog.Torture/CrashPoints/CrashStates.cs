using System.Numerics;
using FastLog.Primitives;
using FastLog.Simulator;

namespace FastLog.Torture.CrashPoints;

/// <summary>Which of the things that are pending may survive together at a crash.</summary>
internal static class CrashStates
{
    private const int TornStates = 4;

    /// <summary>
    /// All disks that a power cut of this moment may leave, up to a bound: every subset where the bound allows it; else none,
    /// all, each one alone, each one missing, and random ones. Some have torn sectors besides.
    /// </summary>
    /// <param name="namesOnly">True: only directory operations are dropped; bytes survive all, or not at all.</param>
    /// <returns>Disks of their own, the power cut already.</returns>
    public static IEnumerable<SimulatedDisk> Of(SimulatedDisk disk, bool namesOnly, int statesMax, Prng random)
    {
        // A copy has no maps any more: copies of it share their pages.
        disk = disk.Clone(seed: 1);
        IReadOnlyList<PendingChange> pending = disk.PendingChanges();
        int[] free = [.. Enumerable.Range(0, pending.Count).Where(i => !namesOnly || pending[i].Kind == PendingKind.Directory)];
        foreach (bool otherKept in namesOnly ? (bool[])[true, false] : [true])
        {
            foreach (bool[] chosen in Subsets(free.Length, statesMax, random))
            {
                bool[] kept = new bool[pending.Count];
                Array.Fill(kept, otherKept);
                for (int i = 0; i < free.Length; i++)
                    kept[free[i]] = chosen[i];
                SimulatedDisk copy = disk.Clone(seed: 1);
                copy.PowerCut(kept);
                yield return copy;
            }
        }

        for (int i = 0; i < TornStates && !namesOnly && free.Length > 0; i++)
        {
            SimulatedDisk copy = disk.Clone(seed: 1);
            copy.PowerCut(random);
            yield return copy;
        }
    }

    /// <summary>True when the bound lets every subset of so many things be tried.</summary>
    public static bool AreComplete(int count, int statesMax) => count <= BitOperations.Log2((uint)statesMax);

    private static IEnumerable<bool[]> Subsets(int count, int statesMax, Prng random)
    {
        if (AreComplete(count, statesMax))
        {
            for (int mask = 0; mask < 1 << count; mask++)
                yield return [.. Enumerable.Range(0, count).Select(i => (mask & (1 << i)) != 0)];
            yield break;
        }

        yield return new bool[count];
        yield return [.. Enumerable.Repeat(true, count)];
        int made = 2;
        for (int i = 0; i < count && made + 1 < statesMax; i++, made += 2)
        {
            yield return [.. Enumerable.Range(0, count).Select(k => k == i)];
            yield return [.. Enumerable.Range(0, count).Select(k => k != i)];
        }

        for (; made < statesMax; made++)
            yield return [.. Enumerable.Range(0, count).Select(_ => random.Chance(0.5))];
    }
}
