using System.Runtime.CompilerServices;
using FastLog.Primitives;
using FastLog.Protocol.Frames;
using FastLog.Transport.Network;

namespace FastLog.Transport;

/// <summary>
/// The receiving half of a connection: one loop that finds frames, checks them and hands them over one at a time. Small
/// frames go through a reused window; what is large is received into a buffer of its own that grows as its bytes come.
/// </summary>
internal sealed class FrameReceiver
{
    /// <summary>After so many receives that would have fitted the small window, the large one is given back.</summary>
    private const int SmallReceivesToShrink = 16;

    /// <summary>By how much a large frame's buffer grows: what a peer must send to make us hold four times as much.</summary>
    private const int GrowthFactor = 4;

    private readonly FrameConnection _owner;
    private readonly FrameSender _sender;
    private readonly IByteConnection _connection;
    private readonly IFrameHandler _handler;
    private readonly FrameConnectionOptions _options;
    private readonly RuntimePorts _ports;

    private BufferLease _window = BufferPool.Shared.Rent(TransportLimits.ReceiveWindowMin, clearOnReturn: true);
    private int _start;
    private int _end;
    private int _smallReceives;
    private int _provenBytes;
    private long _budgetFrame;
    private bool _expectLarge;
    private bool _holding;

    private long _frameStarted;
    private long _frameBytes;
    private long _frameSize;
    private bool _paused;
    private bool _handling;
    private long _lastReceived;

    public FrameReceiver(
        FrameConnection owner,
        FrameSender sender,
        IByteConnection connection,
        IFrameHandler handler,
        FrameConnectionOptions options,
        RuntimePorts ports)
    {
        _owner = owner;
        _sender = sender;
        _connection = connection;
        _handler = handler;
        _options = options;
        _ports = ports;
    }

    public long FramesReceived { get; private set; }

    public long BytesReceived { get; private set; }

    /// <summary>When bytes last came; 0 before the first.</summary>
    public long LastReceived => Volatile.Read(ref _lastReceived);

    /// <summary>True while it is this side that makes the peer wait.</summary>
    public bool IsBusy => Volatile.Read(ref _paused) || Volatile.Read(ref _handling);

    /// <summary>True if the frame in progress broke its deadline or its rate.</summary>
    public bool IsTooSlow(MonotonicTime now)
    {
        long started = Volatile.Read(ref _frameStarted);
        if (started == 0 || IsBusy)
            return false;
        TimeSpan age = now.Since(new MonotonicTime(started));
        if (_options.FrameDeadline == Timeout.InfiniteTimeSpan)
            return false;
        if (age > _options.FrameDeadline)
            return true;
        bool isLarge = Volatile.Read(ref _frameSize) >= TransportLimits.LargePayloadMin;

        // Memory that others wait for is not left with a peer that takes its time.
        int bytesPerSecondMin = _options.Budget is { Waiting: > 0 }
            ? TransportLimits.BytesPerSecondMinWhenScarce
            : TransportLimits.BytesPerSecondMin;
        return isLarge && age > TransportLimits.FrameRateGrace &&
            Volatile.Read(ref _frameBytes) < (long)age.TotalSeconds * bytesPerSecondMin;
    }

    /// <summary>The loop; ends when the connection is closed or the peer ended. Never fails.</summary>
    public async Task RunAsync()
    {
        try
        {
            while (!_owner.IsEnding && await NextAsync())
            {
            }

            while (!_owner.IsClosed && await ReceiveAsync(_window.Memory) > 0)
            {
                // An ending connection: what still comes is not looked at, so that the peer can read the last frame.
            }
        }
        catch (NetworkException cause)
        {
            _owner.Close(new CloseReason(CloseKind.Broken, cause.Message));
        }
        catch (OperationCanceledException) when (_owner.IsClosed)
        {
            // The wait for memory ended with the connection.
        }
#pragma warning disable CA1031 // The loop is the owner of what a handler throws: the connection closes with it.
        catch (Exception cause)
#pragma warning restore CA1031
        {
            _owner.HandlerFailed(cause);
        }

        _owner.ReceiveEnded();
        _window.Dispose();
    }

    /// <summary>One step: a frame, or more bytes. False when no frame will follow.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> NextAsync()
    {
        FrameStatus status = FrameReader.TryReadHeader(Buffered(), _owner.FrameSizeMax, out FrameHeader header);
        if (status == FrameStatus.NeedMoreData)
            return await FillAsync();
        if (status != FrameStatus.Ok)
            return Refuse(status, header);

        bool small = header.HeadSize <= InboundFrame.SmallMax && header.PayloadSize < InboundFrame.SmallMax;
        long needed = small ? header.TotalSize : Math.Min(header.HeadSize, InboundFrame.SmallMax);
        Volatile.Write(ref _frameSize, header.TotalSize);
        if (_end - _start < needed)
            return await FillAsync();
        if (_sender.IsCongested)
            await PauseAsync(_sender.WhenDrainedAsync());
        int charge = InboundFrame.SmallBytes(header);
        if (_options.Budget is { } budget && charge > 0 && !budget.TryTakeSmall(charge))
            await PauseAsync(budget.TakeSmallAsync(charge, _owner.Closed).AsTask());

        InboundFrame frame = InboundFrame.Rent(header, _options.Budget);
        bool whole = small ? TakeSmall(frame) : await TakeLargeAsync(frame);
        return whole && await HandleAsync(frame);
    }

    /// <summary>The whole frame is in the window.</summary>
    private bool TakeSmall(InboundFrame frame)
    {
        FrameHeader header = frame.Header;
        FrameStatus status = FrameReader.Verify(Buffered(), header);
        if (status != FrameStatus.Ok)
        {
            frame.Dispose();
            return Refuse(status, header);
        }

        TakeBuffered(frame.HeadMemory.Span);
        TakeBuffered(frame.PayloadMemory.Span);
        _expectLarge = false;
        return true;
    }

    /// <summary>Head or payload is large. On false the frame was disposed and the connection ends.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TakeLargeAsync(InboundFrame frame)
    {
        FrameHeader header = frame.Header;
        bool done = false;
        try
        {
            NoteBegun();
            _budgetFrame = _options.Budget?.BeginFrame() ?? 0;
            if (header.HeadSize <= InboundFrame.SmallMax)
                TakeBuffered(frame.HeadMemory.Span);
            else if (await ReceiveLargeAsync(header.HeadSize, InboundFrame.SmallBytes(header) > 0) is { } head)
                frame.AttachHead(head);
            else
                return false;

            FrameStatus status = FrameReader.Verify(frame.HeadMemory.Span, header);
            if (status != FrameStatus.Ok)
                return Refuse(status, header);
            if (header.PayloadSize < InboundFrame.SmallMax)
                done = await ReceiveIntoAsync(frame.PayloadMemory);
            else if (await ReceiveLargeAsync(header.PayloadSize, growing: true) is { } payload)
                frame.AttachPayload(payload);
            else
                return false;
            done |= header.PayloadSize >= InboundFrame.SmallMax;
            _expectLarge = true;
            return done;
        }
        finally
        {
            if (!done)
                frame.Dispose();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> HandleAsync(InboundFrame frame)
    {
        FramesReceived++;
        BytesReceived += frame.Header.TotalSize;
        Volatile.Write(ref _frameStarted, 0);
        Volatile.Write(ref _frameSize, 0);
        if (!_holding && _end > _start)
        {
            _holding = true;
            _sender.Hold();
        }

        Volatile.Write(ref _handling, true);
        try
        {
            ValueTask handled = _handler.OnFrameAsync(frame);
            if (!handled.IsCompletedSuccessfully)
                Release();
            await handled;
        }
        finally
        {
            Volatile.Write(ref _handling, false);
        }

        return true;
    }

    /// <summary>Receives the bytes of a large part; null when the peer ended before its end.</summary>
    /// <param name="growing">True if the frame holds memory of the budget already.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<BufferLease?> ReceiveLargeAsync(int size, bool growing)
    {
        int proven = Math.Min(_provenBytes, TransportLimits.FirstBufferProvenMax);
        int first = Math.Min(size, Math.Max(TransportLimits.FirstBufferBytes, proven));
        BufferLease lease = await RentAsync(first, growing);
        bool done = false;
        int have = 0;
        try
        {
            while (true)
            {
                if (!await ReceiveIntoAsync(lease.Memory[have..]))
                    return null;
                have = lease.Length;
                if (have == size)
                    break;
                BufferLease larger = await RentAsync((int)Math.Min(size, (long)have * GrowthFactor), growing: true);
                lease.Span.CopyTo(larger.Span);
                lease.Dispose();
                lease = larger;
            }

            _provenBytes = Math.Max(_provenBytes, size);
            done = true;
            return lease;
        }
        finally
        {
            if (!done)
                lease.Dispose();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<BufferLease> RentAsync(int length, bool growing)
    {
        if (_options.Budget is not { } budget)
            return BufferPool.Shared.Rent(length, clearOnReturn: true);
        ValueTask<BufferLease> renting = budget.RentAsync(length, _budgetFrame, growing, _owner.Closed);
        if (renting.IsCompletedSuccessfully)
            return renting.Result;
        Task<BufferLease> pending = renting.AsTask();
        await PauseAsync(pending);
        return await pending;
    }

    /// <summary>Fills the memory from the window and the connection; false when the peer ended before.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReceiveIntoAsync(Memory<byte> destination)
    {
        int have = TakeBuffered(destination.Span[..Math.Min(destination.Length, _end - _start)]);
        while (have < destination.Length)
        {
            int received = await ReceiveAsync(destination[have..]);
            if (received == 0)
                return Ended(inFrame: true);
            have += received;
            Volatile.Write(ref _frameBytes, _frameBytes + received);
        }

        return true;
    }

    /// <summary>More bytes into the window; false when the peer ended.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> FillAsync()
    {
        if (_end > _start)
            NoteBegun();
        MakeRoom();
        int room = _window.Length - _end;
        if (_expectLarge)
            room = Math.Min(room, TransportLimits.ReceiveWindowMin);
        int received = await ReceiveAsync(_window.Memory.Slice(_end, room));
        if (received == 0)
            return Ended(inFrame: _end > _start);
        _end += received;
        Volatile.Write(ref _frameBytes, _end - _start);
        FitWindow(received, room);
        return true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<int> ReceiveAsync(Memory<byte> destination)
    {
        Release();
        if (_sender.IsCongested)
            await PauseAsync(_sender.WhenDrainedAsync());
        int received = await _connection.ReceiveAsync(destination, CancellationToken.None);
        Volatile.Write(ref _lastReceived, _ports.Clock.Now.Nanoseconds);
        return received;
    }

    /// <summary>Waits for something of this side; the peer's frame deadline stands still meanwhile.</summary>
    private async Task PauseAsync(Task task)
    {
        _holding = false;
        _sender.Flush(release: true);
        MonotonicTime before = _ports.Clock.Now;
        Volatile.Write(ref _paused, true);
        try
        {
            await task;
        }
        finally
        {
            if (_frameStarted != 0)
                Volatile.Write(ref _frameStarted, _frameStarted + (_ports.Clock.Now.Nanoseconds - before.Nanoseconds));
            Volatile.Write(ref _paused, false);
        }
    }

    private ReadOnlySpan<byte> Buffered() => _window.Span[_start.._end];

    private int TakeBuffered(Span<byte> destination)
    {
        _window.Span.Slice(_start, destination.Length).CopyTo(destination);
        _start += destination.Length;
        return destination.Length;
    }

    private void NoteBegun()
    {
        if (_frameStarted != 0)
            return;
        Volatile.Write(ref _frameBytes, _end - _start);
        Volatile.Write(ref _frameStarted, Math.Max(1, _ports.Clock.Now.Nanoseconds));
    }

    private void MakeRoom()
    {
        if (_start == 0)
            return;
        _window.Span[_start.._end].CopyTo(_window.Span);
        _end -= _start;
        _start = 0;
    }

    /// <summary>A large window for bursts of small frames, a small one for the idle: thousands of connections may be.</summary>
    private void FitWindow(int received, int room)
    {
        if (received == room && !_expectLarge)
        {
            _smallReceives = 0;
            if (_window.Length < TransportLimits.ReceiveWindowMax)
                ReplaceWindow(TransportLimits.ReceiveWindowMax);
            return;
        }

        _smallReceives = received < TransportLimits.ReceiveWindowMin ? _smallReceives + 1 : 0;
        bool large = _window.Length > TransportLimits.ReceiveWindowMin;
        if (large && _smallReceives >= SmallReceivesToShrink && _end <= TransportLimits.ReceiveWindowMin)
            ReplaceWindow(TransportLimits.ReceiveWindowMin);
    }

    private void ReplaceWindow(int length)
    {
        BufferLease other = BufferPool.Shared.Rent(length, clearOnReturn: true);
        _window.Span[.._end].CopyTo(other.Span);
        _window.Dispose();
        _window = other;
    }

    private void Release()
    {
        if (!_holding)
            return;
        _holding = false;
        _sender.Flush(release: true);
    }

    private bool Refuse(FrameStatus status, in FrameHeader header)
    {
        Release();
        CloseReason reason = FrameRefusal.Reason(status, _owner.FrameSizeMax);
        OutboundFrame? last = _handler.OnRefused(reason, header == default ? null : header);
        _owner.CloseWhenSent(reason, last);
        return false;
    }

    private bool Ended(bool inFrame)
    {
        _owner.CloseWhenSent(inFrame
            ? new CloseReason(CloseKind.Truncated, "the peer closed the connection in the middle of a frame")
            : CloseReason.PeerEnded);
        return false;
    }
}
