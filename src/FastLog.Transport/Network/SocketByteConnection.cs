using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using FastLog.Primitives;

namespace FastLog.Transport.Network;

/// <summary>
/// A TCP connection. Memory leaves by one vectored send; file regions from <see cref="TransportLimits.SendFileMin"/> leave
/// by sendfile(2), smaller ones are copied and leave with their neighbours.
/// </summary>
internal sealed class SocketByteConnection : IByteConnection
{
    private const int KeepAliveSeconds = 60;
    private const int KeepAliveIntervalSeconds = 10;
    private const int KeepAliveProbes = 3;
    private const int IpProtoTcp = 6;
    private const int TcpCork = 3;

    private static readonly byte[] On = [1, 0, 0, 0];
    private static readonly byte[] Off = [0, 0, 0, 0];

    private readonly Socket _socket;
    private readonly SocketOperation _send = new();
    private readonly SocketSendPlan _plan = new();
    private bool _corked;
    private int _aborted;
    private int _sending;

    public SocketByteConnection(Socket socket)
    {
        _socket = socket;
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveIntervalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
        RemoteAddress = socket.RemoteEndPoint ?? new IPEndPoint(IPAddress.None, 0);
    }

    public EndPoint RemoteAddress { get; }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            return await _socket.ReceiveAsync(destination, SocketFlags.None, cancellationToken);
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
        {
            throw Broken(cause);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask SendAsync(IReadOnlyList<OutboundPiece> pieces, CancellationToken cancellationToken)
    {
        Invariant.Check(Interlocked.Exchange(ref _sending, 1) == 0);
        try
        {
            // A half-sent frame cannot be taken back: cancelling a send breaks the connection.
            using (cancellationToken.UnsafeRegister(static state => ((SocketByteConnection)state!).Abort(), this))
                await SendPlannedAsync(pieces);
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
        {
            throw Broken(cause);
        }
        finally
        {
            _plan.Clear();
            Volatile.Write(ref _sending, 0);
            if (Volatile.Read(ref _aborted) == 1)
                _send.Dispose();
        }
    }

    public void EndSend()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
        {
            // Broken already: the receive side tells it.
        }
    }

    public void Abort()
    {
        if (Interlocked.Exchange(ref _aborted, 1) == 0)
            _socket.Dispose();
    }

    public void Dispose()
    {
        Abort();

        // A send in progress ends by the abort and disposes its operation itself.
        if (Volatile.Read(ref _sending) == 0)
            _send.Dispose();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendPlannedAsync(IReadOnlyList<OutboundPiece> pieces)
    {
        for (int i = 0; i < pieces.Count; i++)
        {
            OutboundPiece piece = pieces[i];
            if (piece.Region.IsEmpty)
                _plan.AddMemory(piece.Memory);
            else if (piece.Region.Length < TransportLimits.SendFileMin)
                _plan.AddCopy(piece.Region);
            else if (piece.Region.File!.SendStream is { } stream)
                await SendFileAsync(stream, piece.Region, last: i == pieces.Count - 1);
            else
                await SendCopiesAsync(piece.Region);
            if (_plan.IsFull)
                await SendMemoryAsync();
        }

        await SendMemoryAsync();
        Uncork();
    }

    /// <summary>What waits in memory, then the region by sendfile; held together so that the head is no packet of its own.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendFileAsync(FileStream stream, FileRegion region, bool last)
    {
        if (!last || _plan.HasMemory)
            Cork();
        await SendMemoryAsync();
        _plan.SetFile(_send, stream, region);
        long sent;
        try
        {
            sent = await _send.SendPacketsAsync(_socket);
        }
        catch (SocketException cause) when (!SocketErrors.IsOfPeer(cause.SocketErrorCode))
        {
            // sendfile does not say which side failed. If it was the file, whoever owns it must hear of it: else the next
            // reader of the same bytes fails the same way.
            _plan.Probe(region);
            throw;
        }

        _send.SendPacketsElements = null;
        if (sent != region.Length)
            throw new NetworkException($"sent {sent} of the {region.Length} bytes of a file region");
    }

    /// <summary>A region of what is no real file, in pooled slices.</summary>
    private async ValueTask SendCopiesAsync(FileRegion region)
    {
        int sent = 0;
        while (sent < region.Length)
        {
            int slice = Math.Min(region.Length - sent, SocketSendPlan.CopySlice);
            _plan.AddCopy(new FileRegion(region.File, region.Position.Plus(sent), slice));
            await SendMemoryAsync();
            sent += slice;
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendMemoryAsync()
    {
        // One call sends all, unless the system took only a part.
        while (_plan.SetMemory(_send))
        {
            long sent = await _send.SendAsync(_socket);
            _plan.Sent(_send, sent);
        }
    }

    private void Cork()
    {
        if (_corked || !OperatingSystem.IsLinux())
            return;
        _corked = true;
        _socket.SetRawSocketOption(IpProtoTcp, TcpCork, On);
    }

    private void Uncork()
    {
        if (!_corked)
            return;
        _corked = false;
        _socket.SetRawSocketOption(IpProtoTcp, TcpCork, Off);
    }

    /// <summary>Which failures a peer causes.</summary>
    private static class SocketErrors
    {
        public static bool IsOfPeer(SocketError error) => error
            is SocketError.ConnectionReset
            or SocketError.ConnectionAborted
            or SocketError.OperationAborted
            or SocketError.Shutdown
            or SocketError.NotConnected
            or SocketError.TimedOut;
    }

    private NetworkException Broken(Exception cause) =>
        Volatile.Read(ref _aborted) == 1
            ? new NetworkException("the connection was aborted by this side", cause)
            : new NetworkException($"the connection to {RemoteAddress} broke: {cause.Message}", cause);
}
