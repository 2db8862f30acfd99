namespace FastLog.Primitives;

/// <summary>A delegate as a work item, for paths that are not hot.</summary>
public sealed class ActionWork(Action action) : IThreadPoolWorkItem
{
    public void Execute() => action();
}
