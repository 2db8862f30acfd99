using FastLog.Primitives;
using FastLog.Protocol.Messages;
using FastLog.Records;

namespace FastLog.Client;

/// <summary>Where a batch stands; moves under its partition's lock.</summary>
internal enum BatchState
{
    /// <summary>Takes records.</summary>
    Open = 0,

    /// <summary>Takes no more and waits to be sent, for the first time or again.</summary>
    Waiting,

    InFlight,

    /// <summary>Acknowledged or failed.</summary>
    Ended,
}

/// <summary>
/// A batch on its way from the first record to the acknowledgement. Its buffer is given back when the batch has ended
/// and no frame points into it any more. Disposing it ends one frame's hold.
/// </summary>
internal sealed class ProducerBatch : IDisposable
{
    private readonly Lock _gate = new();
    private BufferLease? _lease;
    private TaskCompletionSource? _completion;
    private int _holds = 1;
    private bool _isBuilt;
    private Memory<byte> _built;
    private BatchProducer _builtAs;
    private volatile bool _isCompleted;
    private volatile bool _isObserved;

    public ProducerBatch(PartitionQueue queue, BufferLease lease, MonotonicTime openedAt)
    {
        Queue = queue;
        _lease = lease;
        Builder = new BatchBuilder(lease.Memory);
        OpenedAt = openedAt;
    }

    public PartitionQueue Queue { get; }

    public BatchBuilder Builder { get; }

    public MonotonicTime OpenedAt { get; }

    /// <summary>Neighbours in the partition's list of batches that have not ended.</summary>
    public ProducerBatch? Previous { get; set; }

    /// <inheritdoc cref="Previous"/>
    public ProducerBatch? Next { get; set; }

    public BatchState State { get; set; }

    /// <summary>It was sent, and what became of it is not known: it may be in the log.</summary>
    public bool MayHaveArrived { get; set; }

    /// <summary>Its place in the producer's sequences; null until it leaves, and without idempotence.</summary>
    public BatchProducer? Numbers { get; set; }

    /// <summary>Refused since an earlier batch was missing.</summary>
    public bool IsOutOfOrder { get; set; }

    /// <summary>The bytes to send; valid while the batch is held. Set by <see cref="Build"/>.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    public int BufferBytes => _lease?.Length ?? 0;

    /// <summary>Whether acknowledged or failed.</summary>
    public bool IsCompleted => _isCompleted;

    /// <summary>Somebody awaited a receipt: a failure needs no telling in flush.</summary>
    public bool IsObserved => _isObserved;

    public LogOffset BaseOffset { get; private set; } = LogOffset.None;

    public Durability Durability { get; private set; }

    public BatchFailure? Failure { get; private set; }

    /// <summary>Ends, without an exception, when the batch is acknowledged or has failed.</summary>
    public Task Completion
    {
        get
        {
            lock (_gate)
            {
                if (_isCompleted)
                    return Task.CompletedTask;
                _completion ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return _completion.Task;
            }
        }
    }

    public void Observe() => _isObserved = true;

    /// <summary>Under the partition's lock, while open.</summary>
    public void Grow(BufferLease larger)
    {
        Builder.MoveTo(larger.Memory);
        _lease?.Dispose();
        _lease = larger;
    }

    /// <summary>
    /// Makes the bytes (compression, CRC), once, but for numbers that changed. By the sender alone, outside of the partition's lock,
    /// while in flight.
    /// </summary>
    public void Build(Codec codec)
    {
        BatchProducer numbers = Numbers ?? BatchProducer.None;
        if (!_isBuilt)
            _built = Builder.Build(codec, numbers);
        else if (numbers != _builtAs)
            BatchStamp.StampProducer(_built.Span, numbers);
        _isBuilt = true;
        _builtAs = numbers;
        Bytes = _built;
    }

    /// <summary>For a frame that will point into the buffer.</summary>
    public void Hold() => Interlocked.Increment(ref _holds);

    public void Dispose() => Release();

    public void Acknowledge(LogOffset baseOffset, Durability durability)
    {
        BaseOffset = baseOffset;
        Durability = durability;
        End();
    }

    public void Fail(BatchFailure failure)
    {
        Failure = failure;
        End();
    }

    private void End()
    {
        TaskCompletionSource? completion;
        lock (_gate)
        {
            Invariant.Check(!_isCompleted);
            _isCompleted = true;
            completion = _completion;
        }

        completion?.TrySetResult();
        Release();
    }

    private void Release()
    {
        int holds = Interlocked.Decrement(ref _holds);
        Invariant.Check(holds >= 0);
        if (holds > 0)
            return;
        BufferLease lease = _lease!;
        int bytes = lease.Length;
        _lease = null;
        Bytes = default;
        _built = default;
        lease.Dispose();
        Queue.Budget.Return(bytes);
    }
}
