using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;
using FastLog.Primitives;

namespace FastLog.Storage.Appending;

/// <summary>
/// One append on its way: staged in the partition's section, completed outside of it. Pooled: it goes back when its result
/// is taken.
/// </summary>
internal sealed class AppendWork : IThreadPoolWorkItem, IValueTaskSource<AppendResult>
{
    private readonly PartitionWriter _writer;
    private ManualResetValueTaskSourceCore<AppendResult> _core;
    private AppendResult _result;

    public AppendWork(PartitionWriter writer) => _writer = writer;

    /// <summary>Validated batches; borrowed until the completion.</summary>
    public ReadOnlyMemory<byte> Batches { get; private set; }

    /// <summary>Offsets that the batches take.</summary>
    public long OffsetCount { get; private set; }

    /// <summary>A batch is part of a producer's sequence.</summary>
    public bool HasProducers { get; private set; }

    public AppendMode Mode { get; private set; }

    public LogOffset BaseOffset { get; private set; }

    public LogOffset LastOffset => BaseOffset.Plus(OffsetCount - 1);

    /// <summary>Its result is set; what is left is to tell the waiter.</summary>
    public bool IsFinished { get; private set; }

    public Span<byte> WritableBatches => MemoryMarshal.AsMemory(Batches).Span;

    public ValueTask<AppendResult> Begin(ReadOnlyMemory<byte> batches, in AppendSummary summary, AppendMode mode)
    {
        _core.Reset();
        IsFinished = false;
        Batches = batches;
        OffsetCount = summary.OffsetCount;
        HasProducers = summary.HasProducers;
        Mode = mode;
        return new ValueTask<AppendResult>(this, _core.Version);
    }

    /// <summary>The section gave it its offsets; a duplicate gets its original's.</summary>
    public void Assign(LogOffset baseOffset) => BaseOffset = baseOffset;

    /// <summary>Sets what <see cref="Execute"/> will tell the waiter, outside of the section.</summary>
    public void Finish(in AppendResult result)
    {
        Invariant.Check(!IsFinished);
        _result = result;
        IsFinished = true;
    }

    /// <summary>In the section: stages the append. After <see cref="Finish"/>, outside of it: completes it.</summary>
    public void Execute()
    {
        if (!IsFinished)
        {
            _writer.Stage(this);
            return;
        }

        Batches = default;
        _core.SetResult(_result);
    }

    AppendResult IValueTaskSource<AppendResult>.GetResult(short token)
    {
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _result = default;
            _writer.GiveBack(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<AppendResult>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<AppendResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
