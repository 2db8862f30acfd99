namespace FastLog.Storage.Flushing;

/// <summary>When an append is acknowledged and when its bytes are forced to the device.</summary>
public enum FlushMode
{
    /// <summary>Acknowledged after the flush that covers it; a flush starts at once.</summary>
    Ack,

    /// <summary>Acknowledged after the write; flushed after a time or a number of bytes.</summary>
    Interval,

    /// <summary>Acknowledged after the write; flushed in the background within the data directory's bounds.</summary>
    Os,
}

/// <summary>A topic's durability setting.</summary>
/// <param name="Mode">What an acknowledgement waits for.</param>
/// <param name="Interval">With <see cref="FlushMode.Interval"/>: the longest time between a write and its flush.</param>
/// <param name="Bytes">With <see cref="FlushMode.Interval"/>: flush earlier when this many bytes wait.</param>
public readonly record struct FlushPolicy(FlushMode Mode, TimeSpan Interval, long Bytes)
{
    public static readonly FlushPolicy Ack = new(FlushMode.Ack, TimeSpan.Zero, 0);

    public static readonly FlushPolicy Os = new(FlushMode.Os, TimeSpan.Zero, 0);

    /// <exception cref="ArgumentOutOfRangeException">The time or the bytes are not positive.</exception>
    public static FlushPolicy Every(TimeSpan interval, long bytes = long.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        return new FlushPolicy(FlushMode.Interval, interval, bytes);
    }
}
