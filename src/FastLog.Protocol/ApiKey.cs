using System.Diagnostics.CodeAnalysis;

namespace FastLog.Protocol;

/// <summary>Which message a frame holds; <see cref="MessageCatalog"/> lists what is built.</summary>
[SuppressMessage("Design", "CA1028", Justification = "two bytes on the wire")]
public enum ApiKey : ushort
{
    /// <summary>In an error frame that answers no readable request.</summary>
    None = 0,
    Hello = 1,
    Metadata = 16,
    CreateTopic = 17,
    DeleteTopic = 18,
    ListTopics = 19,
    DescribeTopic = 20,
    AlterTopic = 21,
    AddPartitions = 22,
    Produce = 32,
    Fetch = 33,
    ListOffsets = 34,
    DeleteRecords = 35,
    InitProducer = 64,
    CommitOffsets = 80,
    FetchOffsets = 81,
    ListGroups = 82,
    DescribeGroup = 83,
    DeleteGroup = 84,
}
