using System.Collections.Frozen;

namespace FastLog.Protocol;

/// <summary>One error code as the spec tells it.</summary>
/// <param name="Retriable">The same request may succeed later, or elsewhere after fresh metadata.</param>
/// <param name="Sentence">What it means, for people.</param>
public readonly record struct ErrorCodeInfo(ErrorCode Code, bool Retriable, string Sentence)
{
    public string Name => Code.ToString();
}

/// <summary>The table of error codes; the same as in <c>protocol-spec/04-errors.md</c>.</summary>
public static class ErrorCodes
{
    /// <summary>All known codes, ascending.</summary>
    public static IReadOnlyList<ErrorCodeInfo> All { get; } =
    [
        new(ErrorCode.None, false, "no error"),
        new(ErrorCode.UnknownServerError, false,
            "the broker failed in a way it has no code for; its log has the cause"),
        new(ErrorCode.InvalidFrame, false, "the frame is malformed or its CRC is wrong"),
        new(ErrorCode.FrameTooLarge, false, "the frame is larger than this connection allows"),
        new(ErrorCode.HelloRequired, false, "the first frame of a connection must be a hello request"),
        new(ErrorCode.UnknownApi, false, "the broker does not know this API key"),
        new(ErrorCode.UnsupportedVersion, false, "the broker does not know this version of the API"),
        new(ErrorCode.InvalidRequest, false, "a field of the request has a value that is not allowed"),
        new(ErrorCode.Busy, true, "the broker is over a budget; wait and retry"),
        new(ErrorCode.DeadlineExceeded, true,
            "the time for the request was over before it was done; it may have happened"),
        new(ErrorCode.ShuttingDown, true, "the broker is stopping; retry later or elsewhere"),
        new(ErrorCode.WrongCluster, false, "the broker belongs to another cluster than the client expects"),
        new(ErrorCode.WrongNode, false, "the broker is another one than the client expects at this address"),
        new(ErrorCode.UnknownTopic, false, "no topic has this name"),
        new(ErrorCode.UnknownTopicId, false, "no topic has this id; it may have been deleted and made again"),
        new(ErrorCode.TopicAlreadyExists, false, "a topic with this name exists"),
        new(ErrorCode.InvalidTopicName, false, "a topic name is 1 to 249 of A-Z a-z 0-9 . _ - and not . or .."),
        new(ErrorCode.InvalidPartitionCount, false, "the number of partitions is outside of what the broker allows"),
        new(ErrorCode.InvalidReplicationFactor, false,
            "the replication factor is below 1 or above the number of brokers"),
        new(ErrorCode.InvalidConfig, false, "a topic setting is not known or its value is not allowed"),
        new(ErrorCode.UnknownPartition, false, "the topic has no partition of this number"),
        new(ErrorCode.InternalTopic, false, "the topic is kept by the broker for itself; clients cannot change it"),
        new(ErrorCode.NotLeader, true, "this broker does not lead the partition; refresh metadata"),
        new(ErrorCode.NotReady, true, "the partition is recovering or being created; wait and retry"),
        new(ErrorCode.OffsetOutOfRange, false, "the offset is below the log start or above the log end"),
        new(ErrorCode.LogTruncated, false,
            "the log's history differs from what the reader saw; the answer has the epoch's end"),
        new(ErrorCode.FencedEpoch, true, "the request carries an older leader epoch; refresh metadata"),
        new(ErrorCode.UnknownEpoch, true,
            "the request carries a newer leader epoch than the broker knows; wait and retry"),
        new(ErrorCode.InvalidBatch, false, "a record batch is malformed or its CRC is wrong"),
        new(ErrorCode.BatchTooLarge, false, "a record batch is larger than the topic or the broker allows"),
        new(ErrorCode.TimestampOutOfRange, false, "a record's timestamp is too far in the future"),
        new(ErrorCode.CodecNotAvailable, false, "the batch's compression codec is not available"),
        new(ErrorCode.LogFenced, false,
            "the log takes no more records since a write or flush failed; the message has the first cause"),
        new(ErrorCode.DiskFull, true, "the disk is full, or full up to the broker's free reserve; nothing was appended"),
        new(ErrorCode.CorruptLog, false, "stored bytes are damaged; the answer has the range"),
        new(ErrorCode.InvalidAcks, false, "acks does not fit the kind of the frame"),
        new(ErrorCode.KeyMissing, false, "a record of a compacted topic has no key"),
        new(ErrorCode.OutOfOrderSequence, false,
            "a batch's sequence leaves a gap: an earlier batch of its producer is missing"),
        new(ErrorCode.ProducerFenced, false, "a newer epoch of the producer was seen; this one is over"),
        new(ErrorCode.DuplicateSequence, false,
            "a batch's sequence lies before those that are remembered, or a part of the batches is in the log already"),
        new(ErrorCode.ProducerIdsNotAvailable, true, "no producer id could be reserved durably; wait and retry"),
        new(ErrorCode.InvalidGroupId, false, "a group id is 1 to 255 bytes of UTF-8 without control characters"),
        new(ErrorCode.UnknownGroup, false, "no group has this id"),
        new(ErrorCode.UnknownMember, false, "the group has no such member, or it is of another generation"),
    ];

    private static readonly FrozenDictionary<ErrorCode, ErrorCodeInfo> ByCode =
        All.ToFrozenDictionary(info => info.Code);

    public static bool IsKnown(this ErrorCode code) => ByCode.ContainsKey(code);

    /// <summary>The same request may succeed later. False for a code that is not known.</summary>
    public static bool IsRetriable(this ErrorCode code) =>
        ByCode.TryGetValue(code, out ErrorCodeInfo info) && info.Retriable;

    /// <summary>The name, or <c>error 4711</c>.</summary>
    public static string Name(this ErrorCode code) => code.IsKnown() ? code.ToString() : $"error {(ushort)code}";

    /// <summary>What it means; for a code that is not known, that it is not.</summary>
    public static string Sentence(this ErrorCode code) => ByCode.TryGetValue(code, out ErrorCodeInfo info)
        ? info.Sentence
        : $"error {(ushort)code}, which this version does not know";
}
