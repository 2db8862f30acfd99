using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;

namespace FastLog.Torture;

/// <summary>
/// A TCP proxy before a broker that cuts connections between an append and its acknowledgement: it waits for the broker's answer
/// to a produce request and closes both sides instead of passing it on. The broker behind it may change. Any thread.
/// </summary>
internal sealed class CuttingProxy : IDisposable
{
    private const int FrameSizeMax = 256 << 20;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Task, bool> _pipes = new();
    private readonly Lock _gate = new();
    private readonly Prng _prng;
    private readonly AnswerLedger _ledger;
    private volatile IPEndPoint? _target;
    private double _cutShare;
    private long _cuts;

    public CuttingProxy(ulong seed, AnswerLedger ledger)
    {
        _prng = new Prng(seed);
        _ledger = ledger;
        _listener.Start();
        Accepting = Task.Run(AcceptAsync);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The broker behind; null: connections are closed at once.</summary>
    public IPEndPoint? Target
    {
        get => _target;
        set => _target = value;
    }

    /// <summary>How many of the answers to produce requests are cut off, 0 to 1.</summary>
    public double CutShare
    {
        get => Volatile.Read(ref _cutShare);
        set => Volatile.Write(ref _cutShare, value);
    }

    public long Cuts => Volatile.Read(ref _cuts);

    private Task Accepting { get; }

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Stop();
        Accepting.Wait();
        Task.WaitAll([.. _pipes.Keys]);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                Task pipe = Task.Run(() => ServeAsync(client));
                _pipes.TryAdd(pipe, true);
                _ = pipe.ContinueWith(ended => _pipes.TryRemove(ended, out _), TaskScheduler.Default);
            }
            catch (Exception ending) when (ending is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var broker = new TcpClient();
        using (client)
        {
            try
            {
                if (_target is not { } target)
                    return;
                await broker.ConnectAsync(target, _stop.Token);
                client.NoDelay = true;
                broker.NoDelay = true;
                var pending = new ConcurrentDictionary<ulong, IReadOnlyList<SentRun>>();
                Task up = PumpAsync(client.GetStream(), broker.GetStream(), frame => Requested(frame, pending));
                Task down = PumpAsync(broker.GetStream(), client.GetStream(), frame => Answered(frame, pending));
                await Task.WhenAny(up, down);

                // One side is over: so is the other.
                client.Close();
                broker.Close();
                await Task.WhenAll(up, down);
            }
            catch (Exception ending) when (IsEnd(ending))
            {
                // The broker is not there, or is gone.
            }
        }
    }

    /// <summary>Passes whole frames on for as long as the filter says so.</summary>
    private async Task PumpAsync(NetworkStream from, NetworkStream to, Func<byte[], bool> filter)
    {
        byte[] size = new byte[sizeof(uint)];
        try
        {
            while (true)
            {
                await from.ReadExactlyAsync(size, _stop.Token);
                int length = BinaryPrimitives.ReadInt32BigEndian(size);
                if (length is < FrameLimits.FrameSizeMin or > FrameSizeMax)
                    return;
                byte[] frame = new byte[sizeof(uint) + length];
                size.CopyTo(frame, 0);
                await from.ReadExactlyAsync(frame.AsMemory(sizeof(uint)), _stop.Token);
                if (!filter(frame))
                    return;
                await to.WriteAsync(frame, _stop.Token);
            }
        }
        catch (Exception ending) when (IsEnd(ending))
        {
            // One of the two has closed.
        }
    }

    private bool Requested(byte[] frame, ConcurrentDictionary<ulong, IReadOnlyList<SentRun>> pending)
    {
        if (!IsProduce(frame, out FrameHeader header))
            return true;
        var reader = new WireReader(FrameReader.Body(frame, header), header.PayloadSize);
        if (ProduceCodec.TryRead(ref reader, out ProduceRequest request) == WireStatus.Ok)
            pending[header.Correlation.Value] = _ledger.Sent(request, FrameReader.Payload(frame, header));
        return true;
    }

    private bool Answered(byte[] frame, ConcurrentDictionary<ulong, IReadOnlyList<SentRun>> pending)
    {
        if (!IsProduce(frame, out FrameHeader header) || !pending.TryRemove(header.Correlation.Value, out IReadOnlyList<SentRun>? runs))
            return true;
        var reader = new WireReader(FrameReader.Body(frame, header), header.PayloadSize);
        if (ProduceCodec.TryRead(ref reader, out ProduceResponse response) == WireStatus.Ok)
            _ledger.Answered(runs, response);
        lock (_gate)
        {
            if (!_prng.Chance(CutShare))
                return true;
        }

        Interlocked.Increment(ref _cuts);
        return false;
    }

    private static bool IsProduce(byte[] frame, out FrameHeader header) =>
        FrameReader.TryRead(frame, FrameSizeMax, out header) == FrameStatus.Ok
        && header.Api == ApiKey.Produce
        && header.Kind is FrameKind.Request or FrameKind.Response;

    private static bool IsEnd(Exception cause) =>
        cause is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException;
}
