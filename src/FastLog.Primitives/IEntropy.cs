namespace FastLog.Primitives;

/// <summary>The randomness port: the system's generator in production, a printed seed in the simulator. Thread-safe.</summary>
public interface IEntropy
{
    void Fill(Span<byte> destination);

    ulong NextUInt64();
}
