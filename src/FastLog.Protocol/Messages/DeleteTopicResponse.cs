using FastLog.Primitives;

namespace FastLog.Protocol.Messages;

/// <summary>The topic is gone, durably.</summary>
public sealed partial record DeleteTopicResponse(string Name, TopicId Id);
