namespace FastLog.Storage.Producers;

/// <summary>Arithmetic of batch sequences: 31 bits that wrap from the largest to 0.</summary>
internal static class ProducerSequence
{
    /// <summary>The sequence that many records later.</summary>
    public static int Plus(int sequence, int records) => unchecked(sequence + records) & int.MaxValue;

    /// <summary>True when it lies before the other one on the shorter way round.</summary>
    public static bool IsBefore(int sequence, int other) => (unchecked(other - sequence) & int.MaxValue) is > 0 and <= int.MaxValue / 2;
}
