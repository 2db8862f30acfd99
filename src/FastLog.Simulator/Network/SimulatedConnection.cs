using System.Net;
using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Simulator;

/// <summary>One end of a simulated connection. One thread.</summary>
internal sealed class SimulatedConnection : IByteConnection
{
    private readonly SimulatedNetwork _network;
    private readonly ByteStream _inbound;
    private readonly ByteStream _outbound;
    private SimulatedConnection? _peer;
    private bool _sending;
    private bool _receiving;
    private string? _closed;

    private SimulatedConnection(
        SimulatedNetwork network, HostNetwork host, EndPoint remote, ByteStream inbound, ByteStream outbound)
    {
        _network = network;
        _inbound = inbound;
        _outbound = outbound;
        Host = host;
        RemoteAddress = remote;
        host.Add(this);
    }

    public EndPoint RemoteAddress { get; }

    public HostNetwork Host { get; }

    public static (SimulatedConnection Client, SimulatedConnection Server) Pair(
        SimulatedNetwork network, HostNetwork client, EndPoint clientAddress, HostNetwork server, EndPoint serverAddress)
    {
        var toServer = new ByteStream(network);
        var toClient = new ByteStream(network);
        var clientEnd = new SimulatedConnection(network, client, serverAddress, toClient, toServer);
        var serverEnd = new SimulatedConnection(network, server, clientAddress, toServer, toClient);
        clientEnd._peer = serverEnd;
        serverEnd._peer = clientEnd;
        return (clientEnd, serverEnd);
    }

    public async ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        Invariant.Check(!_receiving);
        Invariant.Check(destination.Length > 0);
        _receiving = true;
        try
        {
            int count = await _inbound.ReceiveAsync(destination, cancellationToken);
            ThrowIfClosed();
            return count;
        }
        finally
        {
            _receiving = false;
        }
    }

    public async ValueTask SendAsync(IReadOnlyList<OutboundPiece> pieces, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        ThrowIfClosed();
        Invariant.Check(!_sending);
        _sending = true;
        try
        {
            foreach (OutboundPiece piece in pieces)
            {
                if (_network.DrawReset())
                    Reset("connection reset by the network");
                ThrowIfClosed();
                await _outbound.SendAsync(piece, cancellationToken);
            }
        }
        finally
        {
            _sending = false;
        }
    }

    public void Abort() => Reset("connection aborted");

    public void Dispose()
    {
        if (_closed is not null)
            return;
        if (_inbound.HasUnread)
        {
            Reset("connection closed with unread bytes");
            return;
        }

        Close("connection closed");
        _outbound.End();
        _inbound.BreakReceiver("connection closed");
        _inbound.Rejected = TellPeer;
    }

    /// <summary>Breaks both directions: here at once, for the peer when it hears of it.</summary>
    internal void Reset(string reason)
    {
        if (_closed is not null)
            return;
        _network.Note("reset", 0);
        BreakBoth(reason);
        TellPeer();
    }

    /// <summary>This end's machine lost its power: nobody tells the peer.</summary>
    internal void Vanish()
    {
        Close("the machine is off");
        _inbound.IsBlackHole = true;
        _inbound.Rejected = () =>
        {
            if (_network.IsUp(Host.Name))
                TellPeer();
        };
    }

    /// <summary>This end's machine is on again: it resets what it does not know, once bytes come for it.</summary>
    internal void PowerIsBack()
    {
        if (_inbound.HasLostBytes)
            TellPeer();
    }

    private void TellPeer() =>
        _network.At(_network.Scheduler.Now.Plus(_network.DrawDelay()), () => _peer!.BreakBoth("connection reset by peer"));

    private void BreakBoth(string reason)
    {
        Close(reason);
        _inbound.BreakReceiver(reason);
        _outbound.BreakSender(reason);
    }

    private void Close(string reason)
    {
        _closed ??= reason;
        Host.Remove(this);
    }

    private void ThrowIfClosed()
    {
        if (_closed is not null)
            throw new NetworkException(_closed);
    }
}
