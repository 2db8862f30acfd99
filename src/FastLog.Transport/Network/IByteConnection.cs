using System.Net;
using FastLog.Primitives;

namespace FastLog.Transport.Network;

/// <summary>A stream of bytes both ways. One receive and one send may run at a time, beside each other.</summary>
public interface IByteConnection : IDisposable
{
    EndPoint RemoteAddress { get; }

    /// <summary>Some bytes, at least one; 0 when the peer ended its side.</summary>
    /// <exception cref="NetworkException">The connection broke or was aborted.</exception>
    ValueTask<int> ReceiveAsync(Memory<byte> destination, CancellationToken cancellationToken);

    /// <summary>Sends all pieces in order; memory and file regions stay valid until the task ends.</summary>
    /// <exception cref="NetworkException">The connection broke or was aborted; what arrived is unknown.</exception>
    ValueTask SendAsync(IReadOnlyList<OutboundPiece> pieces, CancellationToken cancellationToken);

    /// <summary>
    /// Ends the sending side after what was sent, so that the peer can read all of it before it sees the end; called when no
    /// send runs. Does nothing where the port has no such thing.
    /// </summary>
    void EndSend()
    {
    }

    /// <summary>Breaks the connection at once: pending receives and sends fail. Idempotent, from any thread.</summary>
    void Abort();
}

/// <summary>A piece of a send: memory, or a region of a file that leaves by sendfile where the system has it.</summary>
public readonly record struct OutboundPiece(ReadOnlyMemory<byte> Memory, FileRegion Region)
{
    public long Length => Region.IsEmpty ? Memory.Length : Region.Length;

    public static OutboundPiece Of(ReadOnlyMemory<byte> memory) => new(memory, FileRegion.Empty);

    public static OutboundPiece Of(FileRegion region) => new(ReadOnlyMemory<byte>.Empty, region);
}
