using FastLog.Primitives;

namespace FastLog.Protocol.Messages;

/// <summary>The topic exists, durably.</summary>
/// <param name="Id">Its new id.</param>
/// <param name="PartitionCount">What it got.</param>
/// <param name="ReplicationFactor">What it got.</param>
public sealed partial record CreateTopicResponse(TopicId Id, int PartitionCount, int ReplicationFactor);
