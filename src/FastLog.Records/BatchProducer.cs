namespace FastLog.Records;

/// <summary>The idempotence triple of a batch: producer id, its epoch, and the sequence of the first record.</summary>
public readonly record struct BatchProducer(long Id, short Epoch, int BaseSequence)
{
    /// <summary>The batch is not part of an idempotent sequence: all three are -1.</summary>
    public static readonly BatchProducer None = new(-1, -1, -1);
}
