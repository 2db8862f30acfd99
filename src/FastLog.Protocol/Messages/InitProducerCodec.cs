using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Layout: <c>protocol-spec/messages/init-producer.md</c>.</summary>
public static class InitProducerCodec
{
    public const int ResponseSize = sizeof(long) + sizeof(ushort);

    public static WireStatus TryRead(ref WireReader reader, out InitProducerRequest message)
    {
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? new InitProducerRequest() : null!;
        return status;
    }

    public static void Write(ref WireWriter writer, in InitProducerResponse message)
    {
        writer.WriteI64(message.ProducerId);
        writer.WriteU16(checked((ushort)message.ProducerEpoch));
    }

    public static WireStatus TryRead(ref WireReader reader, out InitProducerResponse message)
    {
        long id = reader.ReadI64();
        int epoch = reader.ReadU16();
        if (id < 0 || epoch > short.MaxValue)
            reader.Fail(WireStatus.ValueOutOfRange);
        WireStatus status = reader.End();
        message = status == WireStatus.Ok ? new InitProducerResponse(id, (short)epoch) : null!;
        return status;
    }
}
