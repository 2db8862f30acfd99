using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Gives a topic more partitions; it never has fewer.</summary>
/// <param name="Topic">By name or id.</param>
/// <param name="PartitionCount">How many it has afterwards, those that it has now included.</param>
public sealed record AddPartitionsRequest(TopicReference Topic, int PartitionCount)
    : IRequest<AddPartitionsRequest, AddPartitionsResponse>
{
    static ApiKey IMessage<AddPartitionsRequest>.Api => ApiKey.AddPartitions;

    static int IMessage<AddPartitionsRequest>.EncodedSize(in AddPartitionsRequest message) =>
        AddPartitionsCodec.Size(message);

    static void IMessage<AddPartitionsRequest>.Encode(ref WireWriter writer, in AddPartitionsRequest message) =>
        AddPartitionsCodec.Write(ref writer, message);

    static WireStatus IMessage<AddPartitionsRequest>.Decode(ref WireReader reader, out AddPartitionsRequest message) =>
        AddPartitionsCodec.TryRead(ref reader, out message);
}
