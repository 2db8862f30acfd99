using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>The first frame of each connection; its layout never changes.</summary>
/// <param name="ClientName">The program or library, for logs and metrics.</param>
/// <param name="ClientVersion">Its version, free text.</param>
/// <param name="Features">Optional abilities the client would use; reserved, unknown ones are ignored.</param>
/// <param name="ClusterId">The cluster the client expects; <see cref="Uid128.None"/>: any.</param>
/// <param name="NodeId">The broker the client expects; <see cref="NodeId.None"/>: any.</param>
public sealed record HelloRequest(
    string ClientName,
    string ClientVersion,
    IReadOnlyList<string> Features,
    Uid128 ClusterId,
    NodeId NodeId)
    : IRequest<HelloRequest, HelloResponse>
{
    static ApiKey IMessage<HelloRequest>.Api => ApiKey.Hello;

    static int IMessage<HelloRequest>.EncodedSize(in HelloRequest message) => HelloCodec.Size(message);

    static void IMessage<HelloRequest>.Encode(ref WireWriter writer, in HelloRequest message) =>
        HelloCodec.Write(ref writer, message);

    static WireStatus IMessage<HelloRequest>.Decode(ref WireReader reader, out HelloRequest message) =>
        HelloCodec.TryRead(ref reader, out message);
}
