namespace FastLog.Storage.Appending;

/// <summary>Tells the observers, outside of the section, that the readable end moved.</summary>
internal sealed class ReadableEndNotice(PartitionState state) : IThreadPoolWorkItem
{
    public void Execute()
    {
        foreach (ILogObserver observer in state.Observers)
            observer.ReadableEndAdvanced(state.Log);
    }
}

/// <summary>Tells the observers, outside of the section, that the log was fenced.</summary>
internal sealed class FaultNotice(PartitionState state) : IThreadPoolWorkItem
{
    public void Execute()
    {
        foreach (ILogObserver observer in state.Observers)
            observer.Faulted(state.Log, state.Fault!);
    }
}
