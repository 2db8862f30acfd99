using FastLog.Primitives;

namespace FastLog.Simulator;

/// <summary>How a simulated network behaves; all times are virtual.</summary>
public sealed class SimulatedNetworkOptions
{
    public TimeSpan DelayMin { get; init; } = TimeSpan.FromMicroseconds(20);

    public TimeSpan DelayMax { get; init; } = TimeSpan.FromMicroseconds(500);

    /// <summary>A connect to a machine without power fails after this.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes that one direction of a connection holds before its sender waits.</summary>
    public int BufferBytes { get; init; } = 64 * 1024;

    /// <summary>How often a send or a receive is cut into small pieces, 0 to 1.</summary>
    public double SplitChance { get; init; } = 0.2;

    /// <summary>How often a piece that is sent breaks its connection, 0 to 1.</summary>
    public double ResetChance { get; init; }

    /// <summary>How often a connect is refused although somebody listens, 0 to 1.</summary>
    public double RefuseChance { get; init; }

    /// <summary>How often a piece that is sent stalls its direction for <see cref="StallTime"/>, 0 to 1.</summary>
    public double StallChance { get; init; }

    public TimeSpan StallTime { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>A network as the seed wants it: each kind of trouble is off in many runs.</summary>
    public static SimulatedNetworkOptions Draw(Prng random)
    {
        ArgumentNullException.ThrowIfNull(random);
        return new SimulatedNetworkOptions
        {
            DelayMax = TimeSpan.FromMicroseconds(random.Next(50, 5000)),
            BufferBytes = (int)random.Next(4, 65) * 1024,
            SplitChance = random.Chance(0.5) ? 0.3 : 0,
            ResetChance = random.Chance(0.3) ? 0.01 : 0,
            RefuseChance = random.Chance(0.3) ? 0.2 : 0,
            StallChance = random.Chance(0.3) ? 0.01 : 0,
        };
    }
}
