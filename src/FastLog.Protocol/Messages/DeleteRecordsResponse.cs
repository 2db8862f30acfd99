using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Messages;

/// <summary>Where the logs start now, in the order of the request.</summary>
public sealed record DeleteRecordsResponse(IReadOnlyList<DeleteRecordsPartitionResponse> Partitions)
    : IMessage<DeleteRecordsResponse>
{
    static ApiKey IMessage<DeleteRecordsResponse>.Api => ApiKey.DeleteRecords;

    static int IMessage<DeleteRecordsResponse>.EncodedSize(in DeleteRecordsResponse message) =>
        DeleteRecordsCodec.Size(message);

    static void IMessage<DeleteRecordsResponse>.Encode(ref WireWriter writer, in DeleteRecordsResponse message) =>
        DeleteRecordsCodec.Write(ref writer, message);

    static WireStatus IMessage<DeleteRecordsResponse>.Decode(ref WireReader reader, out DeleteRecordsResponse message) =>
        DeleteRecordsCodec.TryRead(ref reader, out message);
}

/// <summary>One answer.</summary>
/// <param name="LogStart">The first offset that can be read, durably; none with an error.</param>
public readonly record struct DeleteRecordsPartitionResponse(
    TopicPartition Partition, ErrorCode Error, string ErrorMessage, LogOffset LogStart);
