using System.Runtime.CompilerServices;
using FastLog.Primitives;

namespace FastLog.Transport;

/// <summary>Awaiting it continues as a work item of the executor.</summary>
internal readonly struct ExecutorHop(IExecutor executor) : ICriticalNotifyCompletion
{
    public bool IsCompleted => false;

    public ExecutorHop GetAwaiter() => this;

    public void GetResult()
    {
    }

    public void OnCompleted(Action continuation) => executor.Post(new ActionWork(continuation));

    public void UnsafeOnCompleted(Action continuation) => executor.Post(new ActionWork(continuation));
}
