using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Flushing;

namespace FastLog.Simulation.Tests;

/// <summary>What one seed does to the storage engine: sizes, and which faults exist in it at all.</summary>
internal sealed record StorageRunPlan
{
    public required int Partitions { get; init; }

    public required int Producers { get; init; }

    public required int AppendsPerProducer { get; init; }

    public required int Lives { get; init; }

    public required long SegmentSizeMax { get; init; }

    public required FlushPolicy Flush { get; init; }

    public required DirectoryLossMode LossMode { get; init; }

    /// <summary>How often a life ends by a power cut; else the process is killed and the page cache stays. 0 to 1.</summary>
    public required double PowerCutChance { get; init; }

    /// <summary>The crash comes within so many operations of the disk.</summary>
    public required int CrashWithin { get; init; }

    public required double FlushFaultChance { get; init; }

    public required double WriteFaultChance { get; init; }

    /// <summary>The disk has so many bytes while lives crash; null: it is never full.</summary>
    public required long? FullDiskBytes { get; init; }

    public required double OverlapChance { get; init; }

    public bool HasFaults => FlushFaultChance > 0 || WriteFaultChance > 0 || FullDiskBytes is not null;

    /// <summary>True: what is acknowledged or readable may be lost until it is flushed.</summary>
    public bool MayLoseUnflushed => Flush.Mode != FlushMode.Ack && PowerCutChance > 0;

    public static StorageRunPlan Draw(Prng random) => new()
    {
        Partitions = (int)random.Next(1, 4),
        Producers = (int)random.Next(1, 5),
        AppendsPerProducer = (int)random.Next(5, 40),
        Lives = (int)random.Next(1, 5),
        SegmentSizeMax = random.Next(8, 64) * 1024,
        Flush = random.Next(4) switch
        {
            0 => FlushPolicy.Os,
            1 => FlushPolicy.Every(TimeSpan.FromMilliseconds(random.Next(1, 20))),
            _ => FlushPolicy.Ack,
        },
        LossMode = random.Chance(0.5) ? DirectoryLossMode.AnySubset : DirectoryLossMode.Ordered,
        PowerCutChance = random.Next(3) * 0.5,
        CrashWithin = random.Chance(0.3) ? 25 : 300,
        FlushFaultChance = random.Chance(0.15) ? 0.02 : 0,
        WriteFaultChance = random.Chance(0.1) ? 0.01 : 0,
        FullDiskBytes = random.Chance(0.15) ? random.Next(50, 700) * 1024 : null,
        OverlapChance = random.Next(3) * 0.5,
    };
}
