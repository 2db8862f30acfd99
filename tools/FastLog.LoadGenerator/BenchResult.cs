namespace FastLog.LoadGenerator;

/// <summary>What a run measured.</summary>
/// <param name="Bench">produce, consume or latency.</param>
/// <param name="Records">Records counted (after the warm-up).</param>
/// <param name="Bytes">Bytes of their values and keys.</param>
/// <param name="Elapsed">The time they took.</param>
/// <param name="Latency">Latencies of the sampled records.</param>
/// <param name="ClientCpu">CPU time of this process in that time.</param>
/// <param name="Errors">Records that failed, or that a check found wrong.</param>
/// <param name="FirstError">The first failure in words, or null.</param>
/// <param name="FirstRecord">Consume only: from the start of the run to the first record.</param>
public sealed record BenchResult(
    string Bench,
    long Records,
    long Bytes,
    TimeSpan Elapsed,
    LatencyHistogram Latency,
    TimeSpan ClientCpu,
    long Errors,
    string? FirstError,
    TimeSpan? FirstRecord)
{
    public double RecordsPerSecond => Records / Math.Max(1e-9, Elapsed.TotalSeconds);

    /// <summary>10^6 payload bytes a second.</summary>
    public double MegabytesPerSecond => Bytes / 1e6 / Math.Max(1e-9, Elapsed.TotalSeconds);
}
