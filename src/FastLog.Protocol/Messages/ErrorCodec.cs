using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout of the error body: <c>protocol-spec/04-errors.md</c>.</summary>
public static class ErrorCodec
{
    public static int Size(in ErrorResponse message) =>
        WireSize.ErrorCode + WireSize.ErrorMessage(message.Message) + WireLists.SizeOfRanges(message.Apis);

    public static void Write(ref WireWriter writer, in ErrorResponse message)
    {
        writer.WriteErrorCode(message.Code);
        writer.WriteErrorMessage(message.Message);
        WireLists.WriteRanges(ref writer, message.Apis);
    }

    public static WireStatus TryRead(ref WireReader reader, out ErrorResponse message)
    {
        var read = new ErrorResponse(reader.ReadErrorCode(), reader.ReadString(), WireLists.ReadRanges(ref reader));
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? read : null!;
        return status;
    }
}
