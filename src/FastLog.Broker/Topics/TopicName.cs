using System.Buffers;
using FastLog.Protocol;

namespace FastLog.Broker.Topics;

/// <summary>The rule for topic names: 1 to 249 of <c>A-Z a-z 0-9 . _ -</c>, not <c>.</c> or <c>..</c>.</summary>
public static class TopicName
{
    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

    /// <summary>Null when the name is valid, else a sentence that says what is wrong and what is allowed.</summary>
    public static string? Problem(string? name)
    {
        if (string.IsNullOrEmpty(name))
            return "a topic name must not be empty; allowed: " + Rule;
        if (name.Length > MessageLimits.TopicNameSizeMax)
            return $"a topic name of {name.Length} characters is too long; allowed: {Rule}";
        if (name is "." or "..")
            return $"the topic name '{name}' is a directory's; allowed: {Rule}";
        int wrong = name.AsSpan().IndexOfAnyExcept(Allowed);
        return wrong < 0
            ? null
            : $"the topic name has the character U+{(int)name[wrong]:X4} at place {wrong + 1}; allowed: {Rule}";
    }

    private static string Rule => "1 to 249 of A-Z a-z 0-9 . _ -";
}
