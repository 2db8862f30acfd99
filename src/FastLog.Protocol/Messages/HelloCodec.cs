using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/hello.md</c>; it never changes.</summary>
public static class HelloCodec
{
    private const int LimitsSize = 5 * sizeof(uint);

    public static int Size(in HelloRequest message) =>
        WireSize.String(message.ClientName) + WireSize.String(message.ClientVersion)
            + WireSize.Strings(message.Features)
        + WireSize.Uid + WireSize.Node;

    public static void Write(ref WireWriter writer, in HelloRequest message)
    {
        writer.WriteString(message.ClientName);
        writer.WriteString(message.ClientVersion);
        WireLists.WriteStrings(ref writer, message.Features);
        writer.WriteUid(message.ClusterId);
        writer.WriteNode(message.NodeId);
    }

    public static WireStatus TryRead(ref WireReader reader, out HelloRequest message)
    {
        var read = new HelloRequest(
            reader.ReadString(),
            reader.ReadString(),
            WireLists.ReadStrings(ref reader),
            reader.ReadUid(),
            reader.ReadNode());
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    public static int Size(in HelloResponse message) =>
        WireSize.String(message.ServerName) + WireSize.String(message.ServerVersion) + WireSize.Uid + WireSize.Node
        + WireLists.SizeOfRanges(message.Apis) + WireSize.Strings(message.Features) + LimitsSize;

    public static void Write(ref WireWriter writer, in HelloResponse message)
    {
        writer.WriteString(message.ServerName);
        writer.WriteString(message.ServerVersion);
        writer.WriteUid(message.ClusterId);
        writer.WriteNode(message.NodeId);
        WireLists.WriteRanges(ref writer, message.Apis);
        WireLists.WriteStrings(ref writer, message.Features);
        writer.WriteSize(message.Limits.FrameSizeMax);
        writer.WriteSize(message.Limits.BatchSizeMax);
        writer.WriteSize(message.Limits.FetchSizeMax);
        writer.WriteSize(message.Limits.RequestsInFlightMax);
        writer.WriteMilliseconds(message.Limits.IdleTimeout);
    }

    public static WireStatus TryRead(ref WireReader reader, out HelloResponse message)
    {
        var read = new HelloResponse(
            reader.ReadString(),
            reader.ReadString(),
            reader.ReadUid(),
            reader.ReadNode(),
            WireLists.ReadRanges(ref reader),
            WireLists.ReadStrings(ref reader),
            ReadLimits(ref reader));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }

    private static ConnectionLimits ReadLimits(ref WireReader reader) => new(
        reader.ReadSize(), reader.ReadSize(), reader.ReadSize(), reader.ReadSize(), reader.ReadMilliseconds());
}
