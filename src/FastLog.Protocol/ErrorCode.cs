using System.Diagnostics.CodeAnalysis;

namespace FastLog.Protocol;

/// <summary>
/// Why something was refused. A number that is not listed here is kept as it is. <see cref="ErrorCodes"/> has names,
/// sentences and whether a retry helps.
/// </summary>
[SuppressMessage("Design", "CA1028", Justification = "two bytes on the wire")]
public enum ErrorCode : ushort
{
    None = 0,

    // 1-99: any request, frames and connections.
    UnknownServerError = 1,
    InvalidFrame = 2,
    FrameTooLarge = 3,
    HelloRequired = 4,
    UnknownApi = 5,
    UnsupportedVersion = 6,
    InvalidRequest = 7,
    Busy = 8,
    DeadlineExceeded = 9,
    ShuttingDown = 10,
    WrongCluster = 11,
    WrongNode = 12,

    // 100-199: topics and cluster metadata.
    UnknownTopic = 100,
    UnknownTopicId = 101,
    TopicAlreadyExists = 102,
    InvalidTopicName = 103,
    InvalidPartitionCount = 104,
    InvalidReplicationFactor = 105,
    InvalidConfig = 106,
    UnknownPartition = 107,
    InternalTopic = 108,

    // 200-299: partition logs.
    NotLeader = 200,
    NotReady = 201,
    OffsetOutOfRange = 202,
    LogTruncated = 203,
    FencedEpoch = 204,
    UnknownEpoch = 205,
    InvalidBatch = 206,
    BatchTooLarge = 207,
    TimestampOutOfRange = 208,
    CodecNotAvailable = 209,
    LogFenced = 210,
    DiskFull = 211,
    CorruptLog = 212,
    InvalidAcks = 213,
    KeyMissing = 214,

    // 300-399: idempotent producers.
    OutOfOrderSequence = 300,
    ProducerFenced = 301,
    DuplicateSequence = 302,
    ProducerIdsNotAvailable = 303,

    // 400-499: groups and committed offsets.
    InvalidGroupId = 400,
    UnknownGroup = 401,
    UnknownMember = 402,

    // Kept free: 500-599 the tree, 600-699 replication and ensemble, 700-799
    // security.
}
