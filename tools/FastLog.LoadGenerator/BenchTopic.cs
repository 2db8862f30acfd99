using FastLog.Client;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.LoadGenerator;

/// <summary>The topic of a run: made if absent, removed at the end if the run made it and it is not to be kept.</summary>
internal sealed class BenchTopic : IAsyncDisposable
{
    private readonly FastLogClient _client;
    private readonly BenchOptions _options;

    private BenchTopic(FastLogClient client, BenchOptions options, bool made)
    {
        _client = client;
        _options = options;
        IsMade = made;
    }

    /// <summary>True when this run made it, so that it is empty.</summary>
    public bool IsMade { get; }

    public static async Task<BenchTopic> OpenAsync(FastLogClient client, BenchOptions options, CancellationToken cancellationToken)
    {
        ConfigEntry[] configs = [.. options.TopicSettings.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => new ConfigEntry(pair.Key, pair.Value))];
        try
        {
            await client.Admin.CreateTopicAsync(options.Topic, options.Partitions, 0, configs, cancellationToken);
            return new BenchTopic(client, options, made: true);
        }
        catch (FastLogException failure) when (failure.Code == ErrorCode.TopicAlreadyExists)
        {
            return new BenchTopic(client, options, made: false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (IsMade && !_options.Keep)
            await _client.Admin.DeleteTopicAsync(_options.Topic, CancellationToken.None);
    }
}
