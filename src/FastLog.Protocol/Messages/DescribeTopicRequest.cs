namespace FastLog.Protocol.Messages;

/// <summary>Asks for a topic's settings and the state of its partitions.</summary>
public sealed partial record DescribeTopicRequest(TopicReference Topic);
