using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Who answered, what it knows and its limits; its layout never changes.</summary>
/// <param name="ServerName">The software.</param>
/// <param name="ServerVersion">Its version, free text.</param>
/// <param name="ClusterId">The cluster.</param>
/// <param name="NodeId">The broker.</param>
/// <param name="Apis">The known messages with their versions, ascending by key.</param>
/// <param name="Features">Which of the wanted features the broker grants.</param>
/// <param name="Limits">The limits of this connection from now on.</param>
public sealed record HelloResponse(
    string ServerName,
    string ServerVersion,
    Uid128 ClusterId,
    NodeId NodeId,
    IReadOnlyList<ApiRange> Apis,
    IReadOnlyList<string> Features,
    ConnectionLimits Limits)
    : IMessage<HelloResponse>
{
    static ApiKey IMessage<HelloResponse>.Api => ApiKey.Hello;

    static int IMessage<HelloResponse>.EncodedSize(in HelloResponse message) => HelloCodec.Size(message);

    static void IMessage<HelloResponse>.Encode(ref WireWriter writer, in HelloResponse message) =>
        HelloCodec.Write(ref writer, message);

    static WireStatus IMessage<HelloResponse>.Decode(ref WireReader reader, out HelloResponse message) =>
        HelloCodec.TryRead(ref reader, out message);
}

/// <summary>What a broker accepts on one connection.</summary>
/// <param name="FrameSizeMax">The largest frameSize, in bytes, both ways.</param>
/// <param name="BatchSizeMax">The largest record batch of any topic, in bytes.</param>
/// <param name="FetchSizeMax">The largest payload of a fetch response, in bytes.</param>
/// <param name="RequestsInFlightMax">Requests without an answer; over it the broker stops reading.</param>
/// <param name="IdleTimeout">A connection without a frame for so long is closed.</param>
public readonly record struct ConnectionLimits(
    int FrameSizeMax,
    int BatchSizeMax,
    int FetchSizeMax,
    int RequestsInFlightMax,
    TimeSpan IdleTimeout);
