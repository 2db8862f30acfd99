using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Flushing;

/// <summary>A partition log as group commit sees it. Called on any thread; no two flushes of it at once.</summary>
public interface IFlushParticipant
{
    TopicPartition Id { get; }

    FlushPolicy FlushPolicy { get; }

    /// <summary>
    /// Adds what was written and is not durable, oldest segment first, each range to the end of what was written when
    /// the call began. The directory entry of each file is durable already. A file's header is part of its first
    /// range unless the log made it durable itself. False when there is nothing. Must be safe beside writes.
    /// </summary>
    bool BeginFlush(List<FlushRange> ranges);

    /// <summary>
    /// Ends the flush begun last: all below <paramref name="point"/> survives a power cut, or, with a
    /// <paramref name="failure"/>, nothing new does and no later flush will come: the log fences itself. The log only
    /// posts this into its own section. With a failure it also comes unasked, when the data directory is fenced.
    /// </summary>
    void FlushEnded(FlushPoint point, DiskException? failure);
}
