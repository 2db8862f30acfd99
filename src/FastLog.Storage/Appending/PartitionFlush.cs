using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Appending;

/// <summary>
/// A partition log's face to group commit. A flush's end goes through the executor into the section, so that the flusher's
/// thread does not run what waited for it.
/// </summary>
internal sealed class PartitionFlush(PartitionState state, PartitionWriter writer, RuntimePorts ports) : IFlushParticipant
{
    public TopicPartition Id => state.Context.Id;

    public FlushPolicy FlushPolicy => state.Options.Flush;

    public bool BeginFlush(List<FlushRange> ranges)
    {
        if (state.Fault is { Kind: StorageFaultKind.FlushFailed } fault)
            throw new DiskException("fdatasync", fault.File, 0, $"an earlier flush failed: {fault.Message}", fault.Cause);
        if (state.Fault is not null)
            return false;
        try
        {
            return state.Unflushed.Take(state.Context.Disk, state.Directory, ranges);
        }
        catch (DiskException failure)
        {
            // At once, not only in the section: from here on nothing may be acknowledged or called clean.
            state.SetFault(new StorageFault(
                StorageFaultKind.FlushFailed,
                failure.Path,
                state.Bounds.LogEnd,
                $"a flush failed: {failure.Message}",
                failure));

            // Thrown on: the flight must not flush the same file once more, find it clean, and note it as durable.
            throw;
        }
    }

    public void FlushEnded(FlushPoint point, DiskException? failure)
    {
        if (failure is not null)
            state.SetFault(new StorageFault(
                StorageFaultKind.FlushFailed,
                failure.Path,
                state.Bounds.LogEnd,
                $"a flush failed: {failure.Message}",
                failure));
        Post(point, failure);
    }

    private void Post(FlushPoint point, DiskException? failure) =>
        ports.Executor.Post(new EndedWork(writer, point, failure));

    /// <summary>First run by the executor: enters the section; then run there.</summary>
    private sealed class EndedWork(PartitionWriter writer, FlushPoint point, DiskException? failure) : IThreadPoolWorkItem
    {
        private bool _entered;

        public void Execute()
        {
            if (_entered)
            {
                writer.FlushEnded(point, failure);
                return;
            }

            _entered = true;
            writer.Section.Run(this);
        }
    }
}
