using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Cli.CommandLine;

/// <summary>Says of a topic that does not exist which one was meant and how to make it.</summary>
internal static class UnknownTopic
{
    /// <summary>Runs the call; a missing topic becomes an error that helps.</summary>
    /// <param name="hint">How to go on; by default how to create the topic.</param>
    public static async Task<T> ExplainAsync<T>(FastLogClient client, string topic, Func<ValueTask<T>> call, string? hint = null)
    {
        try
        {
            return await call();
        }
        catch (FastLogException failure) when (failure.Code == ErrorCode.UnknownTopic)
        {
            IReadOnlyList<TopicListing> topics = await client.Admin.ListTopicsAsync();
            string phrase = Suggestion.Phrase(topic, topics.Select(known => known.Name));
            string join = phrase.Length == 0 ? ";" : "";
            throw new CliException(
                ExitCode.Failed, $"topic '{topic}' does not exist{phrase}{join} {hint ?? $"create it with: fastlog topic create {topic}"}", failure);
        }
    }
}
