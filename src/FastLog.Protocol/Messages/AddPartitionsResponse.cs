using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>The topic has so many partitions, durably.</summary>
/// <param name="Name">The topic's name.</param>
/// <param name="Id">Its id, the same as before.</param>
/// <param name="PartitionCount">What it has now.</param>
public sealed record AddPartitionsResponse(string Name, TopicId Id, int PartitionCount) : IMessage<AddPartitionsResponse>
{
    static ApiKey IMessage<AddPartitionsResponse>.Api => ApiKey.AddPartitions;

    static int IMessage<AddPartitionsResponse>.EncodedSize(in AddPartitionsResponse message) =>
        AddPartitionsCodec.Size(message);

    static void IMessage<AddPartitionsResponse>.Encode(ref WireWriter writer, in AddPartitionsResponse message) =>
        AddPartitionsCodec.Write(ref writer, message);

    static WireStatus IMessage<AddPartitionsResponse>.Decode(ref WireReader reader, out AddPartitionsResponse message) =>
        AddPartitionsCodec.TryRead(ref reader, out message);
}
