using FastLog.Primitives;

namespace FastLog.Protocol.Messages;

/// <summary>A topic by name or by id: exactly one is given, the other is empty or none.</summary>
public readonly record struct TopicReference(string Name, TopicId Id)
{
    public static TopicReference ByName(string name) => new(name, TopicId.None);

    public static TopicReference ById(TopicId id) => new(string.Empty, id);

    /// <summary>The name is given and the id is not.</summary>
    public bool IsName => !string.IsNullOrEmpty(Name) && Id.IsNone;

    /// <summary>The id is given and the name is not.</summary>
    public bool IsId => string.IsNullOrEmpty(Name) && !Id.IsNone;

    public override string ToString() => IsName ? Name : Id.ToString();
}
