namespace FastLog.Protocol.Messages;

/// <summary>Deletes a topic and its records.</summary>
public sealed partial record DeleteTopicRequest(TopicReference Topic);
