using FastLog.Primitives;

namespace FastLog.Protocol.Messages;

/// <summary>The first frame of each connection; its layout never changes.</summary>
/// <param name="ClientName">The program or library, for logs and metrics.</param>
/// <param name="ClientVersion">Its version, free text.</param>
/// <param name="Features">Optional abilities the client would use; reserved, unknown ones are ignored.</param>
/// <param name="ClusterId">The cluster the client expects; <see cref="Uid128.None"/>: any.</param>
/// <param name="NodeId">The broker the client expects; <see cref="NodeId.None"/>: any.</param>
public sealed partial record HelloRequest(
    string ClientName,
    string ClientVersion,
    IReadOnlyList<string> Features,
    Uid128 ClusterId,
    NodeId NodeId);
