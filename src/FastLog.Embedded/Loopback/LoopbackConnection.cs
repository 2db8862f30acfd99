using System.Net;
using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Embedded.Loopback;

/// <summary>
/// One end of a connection in memory. A send hands its bytes to the peer's receives and ends with the last of them, so that
/// nothing is buffered between and a slow reader slows the sender. One receive and one send at a time, from any thread.
/// </summary>
internal sealed class LoopbackConnection : IByteConnection
{
    private const int RegionReadSize = 64 * 1024;

    private readonly LoopbackStream _inbound;
    private readonly LoopbackStream _outbound;
    private byte[] _regionBuffer = [];

    private LoopbackConnection(EndPoint remote, LoopbackStream inbound, LoopbackStream outbound)
    {
        RemoteAddress = remote;
        _inbound = inbound;
        _outbound = outbound;
    }

    public EndPoint RemoteAddress { get; }

    public static (LoopbackConnection Client, LoopbackConnection Server) Pair(EndPoint client, EndPoint server)
    {
        var toServer = new LoopbackStream();
        var toClient = new LoopbackStream();
        return (new LoopbackConnection(server, toClient, toServer), new LoopbackConnection(client, toServer, toClient));
    }

    public ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken) =>
        _inbound.ReceiveAsync(destination, cancellationToken);

    public async ValueTask SendAsync(IReadOnlyList<OutboundPiece> pieces, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        for (int i = 0; i < pieces.Count; i++)
        {
            if (pieces[i].Region.IsEmpty)
                await _outbound.SendAsync(pieces[i].Memory, cancellationToken);
            else
                await SendAsync(pieces[i].Region, cancellationToken);
        }
    }

    public void EndSend() => _outbound.End();

    public void Abort()
    {
        _inbound.Break("the connection was aborted");
        _outbound.Break("the connection was aborted");
    }

    public void Dispose()
    {
        _outbound.End();
        _inbound.Break("the connection was closed");
    }

    private async ValueTask SendAsync(FileRegion region, CancellationToken cancellationToken)
    {
        if (_regionBuffer.Length == 0)
            _regionBuffer = new byte[RegionReadSize];
        FilePosition at = region.Position;
        for (int left = region.Length; left > 0;)
        {
            int count = region.File!.Read(at, _regionBuffer.AsSpan(0, Math.Min(left, RegionReadSize)));
            if (count == 0)
                throw new NetworkException("the file ended before its region; the peer got a part of it");
            await _outbound.SendAsync(_regionBuffer.AsMemory(0, count), cancellationToken);
            at = at.Plus(count);
            left -= count;
        }
    }
}
