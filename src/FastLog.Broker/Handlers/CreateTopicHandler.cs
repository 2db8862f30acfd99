using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Handlers;

/// <summary>Makes a topic and waits until its partitions are served, as long as the request's time allows.</summary>
internal sealed class CreateTopicHandler(BrokerServices services) : RequestHandler<CreateTopicRequest, CreateTopicResponse>(services)
{
    protected override async ValueTask<Answer<CreateTopicResponse>> AnswerAsync(
        CreateTopicRequest request, RequestContext context)
    {
        if (Services.IsStopping)
            return RequestErrors.ShuttingDown;
        TopicChange change = await Services.Manager.CreateAsync(request);
        if (!change.Error.IsNone)
            return change.Error;
        await PartitionWait.UntilSettledAsync(change.Entry!, context.TimeLeft, Services.Ports);
        var topic = change.Entry!.Topic;
        return new CreateTopicResponse(topic.Id, topic.PartitionCount, topic.ReplicationFactor);
    }
}

/// <summary>Waiting for a new topic's partitions.</summary>
internal static class PartitionWait
{
    /// <summary>Ends when all are served or have failed, or the time is over: the topic exists either way.</summary>
    public static async Task UntilSettledAsync(TopicEntry entry, TimeSpan? timeLeft, RuntimePorts ports)
    {
        if (entry.Settled.IsCompleted)
            return;

        // A tenth is kept for the answer: at its deadline the client would hear that nothing is known.
        TimeSpan limit = BrokerLimits.CreateTopicWaitMax;
        if (timeLeft is { } left && left * 0.9 < limit)
            limit = left * 0.9;
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using IDisposable timer = ports.Timers.Schedule(limit, new ActionWork(() => ended.TrySetResult()));
        _ = RelayAsync(entry.Settled, ended);
        await ended.Task;
    }

    // Ends with the topic's partitions, which settle at the latest when the broker stops; it cannot fail.
    private static async Task RelayAsync(Task settled, TaskCompletionSource ended)
    {
        await settled;
        ended.TrySetResult();
    }
}
