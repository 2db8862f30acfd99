namespace FastLog.Broker.Topics;

/// <summary>How a topic setting's value is written.</summary>
public enum TopicConfigType
{
    /// <summary>One of a few words.</summary>
    Choice,

    /// <summary>Milliseconds, or a number with a unit.</summary>
    Duration,

    /// <summary>Bytes, or a number with a unit.</summary>
    Size,

    /// <summary>A plain number.</summary>
    Count,

    /// <summary>A part of a whole, written as a decimal.</summary>
    Ratio,
}

/// <summary>One topic setting.</summary>
/// <param name="Name">Kafka's name where Kafka has it.</param>
/// <param name="Type">How its value is written.</param>
/// <param name="Default">Its value when nothing sets it, as a plain number in the name's unit, or the word.</param>
/// <param name="Allowed">The allowed values, for people.</param>
/// <param name="Description">What it does, one sentence.</param>
/// <param name="Min">Smallest number, in the name's unit.</param>
/// <param name="Max">Largest number, in the name's unit.</param>
/// <param name="Choices">The words of a <see cref="TopicConfigType.Choice"/>; of another type: words beside the numbers.</param>
public sealed record TopicConfigDefinition(
    string Name,
    TopicConfigType Type,
    string Default,
    string Allowed,
    string Description,
    long Min,
    long Max,
    IReadOnlyList<string> Choices);
