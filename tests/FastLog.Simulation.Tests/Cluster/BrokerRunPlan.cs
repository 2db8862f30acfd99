using FastLog.Primitives;
using FastLog.Simulator;

namespace FastLog.Simulation.Tests;

/// <summary>What one seed does to a broker and its client.</summary>
internal sealed record BrokerRunPlan
{
    public required int Partitions { get; init; }

    public required int Producers { get; init; }

    public required int RecordsPerProducer { get; init; }

    /// <summary>Produce requests in flight.</summary>
    public required int RequestsInFlightMax { get; init; }

    /// <summary>Small ones: several batches of a partition are in flight, and several in a request.</summary>
    public required int BatchBytes { get; init; }

    public required int Crashes { get; init; }

    /// <summary>Each crash comes within so many operations of the disk.</summary>
    public required int CrashWithin { get; init; }

    /// <summary>How often a crash is a power cut; else the process is killed. 0 to 1.</summary>
    public required double PowerCutChance { get; init; }

    public required TimeSpan DowntimeMax { get; init; }

    public required DirectoryLossMode LossMode { get; init; }

    public required SimulatedNetworkOptions Network { get; init; }

    public required double OverlapChance { get; init; }

    public static BrokerRunPlan Draw(Prng random) => new()
    {
        Partitions = (int)random.Next(1, 5),
        Producers = (int)random.Next(1, 5),
        RecordsPerProducer = (int)random.Next(10, 60),
        RequestsInFlightMax = random.Chance(0.5) ? 1 : 8,
        Crashes = (int)random.Next(1, 4),
        CrashWithin = random.Chance(0.3) ? 40 : 300,
        PowerCutChance = random.Next(3) * 0.5,
        DowntimeMax = TimeSpan.FromMilliseconds(random.Next(1, 3000)),
        LossMode = random.Chance(0.5) ? DirectoryLossMode.AnySubset : DirectoryLossMode.Ordered,
        Network = SimulatedNetworkOptions.Draw(random),
        OverlapChance = random.Next(3) * 0.5,
        BatchBytes = random.Chance(0.5) ? 1 << 10 : 256 << 10,
    };

    public override string ToString() =>
        $"{Partitions} partitions, {Producers} producers of {RecordsPerProducer}, {RequestsInFlightMax} in flight, batches of {BatchBytes}, {Crashes} " +
        $"crashes ({PowerCutChance} power cuts) within {CrashWithin}, down {DowntimeMax}, {LossMode}, overlap {OverlapChance}, " +
        $"network: {Network.DelayMax} delay, {Network.BufferBytes} buffer, split {Network.SplitChance}, reset " +
        $"{Network.ResetChance}, refuse {Network.RefuseChance}, stall {Network.StallChance}";
}
