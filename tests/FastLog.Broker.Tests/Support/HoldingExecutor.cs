using FastLog.Primitives;

namespace FastLog.Broker.Tests.Support;

/// <summary>Holds work back: a device that is slow for as long as a test likes. For one thread.</summary>
internal sealed class HoldingExecutor(IExecutor inner) : IExecutor
{
    private readonly Queue<IThreadPoolWorkItem> _held = new();
    private int _passed;

    public bool IsHolding { get; set; }

    /// <summary>So many pieces of work pass, then the holding begins; negative never begins it.</summary>
    public int PassFirst { get; init; } = -1;

    public int Held => _held.Count;

    public void Post(IThreadPoolWorkItem work)
    {
        IsHolding |= _passed++ == PassFirst;
        if (IsHolding)
            _held.Enqueue(work);
        else
            inner.Post(work);
    }

    public void ReleaseOne() => inner.Post(_held.Dequeue());

    public void Release()
    {
        IsHolding = false;
        while (_held.Count > 0)
            ReleaseOne();
    }
}
