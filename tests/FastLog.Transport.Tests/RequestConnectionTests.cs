using FastLog.Protocol;
using FastLog.Protocol.Frames;

namespace FastLog.Transport.Tests;

public sealed class RequestConnectionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ManualTime _time = new();
    private readonly CollectingHandler _server = new();

    [Fact]
    public async Task Answers_in_any_order_find_their_requests()
    {
        (RequestConnection client, FrameConnection server) = Start(8);
        var answers = new List<Task<string>>();
        for (int i = 0; i < 8; i++)
            answers.Add(AskAsync(client, $"question {i}"));
        var requests = new List<InboundFrame>();
        for (int i = 0; i < 8; i++)
            requests.Add(await _server.TakeAsync());
        requests.Reverse();
        foreach (InboundFrame request in requests)
        {
            server.TrySend(TestFrames.Echo(request));
            request.Dispose();
        }

        for (int i = 0; i < 8; i++)
            Assert.Equal($"question {i}", await answers[i].WaitAsync(Soon.Limit));
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task No_more_than_the_limit_are_in_flight_and_the_next_waits()
    {
        (RequestConnection client, FrameConnection server) = Start(2);
        Task<string> one = AskAsync(client, "1");
        Task<string> two = AskAsync(client, "2");
        Assert.False(client.TryReserve(out _));
        Task<string> three = AskAsync(client, "3");
        for (int i = 0; i < 3; i++)
        {
            using InboundFrame request = await _server.TakeAsync();
            server.TrySend(TestFrames.Echo(request));
        }

        Assert.Equal(["1", "2", "3"], await Task.WhenAll(one, two, three).WaitAsync(Soon.Limit));
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_request_without_answer_ends_at_its_deadline_and_a_late_answer_finds_nobody()
    {
        (RequestConnection client, FrameConnection server) = Start(1);
        Task<string> late = AskAsync(client, "late");
        using InboundFrame request = await _server.TakeAsync();
        _time.Advance(Patience - TimeSpan.FromMilliseconds(10));
        Assert.False(late.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(20));
        await Assert.ThrowsAsync<RequestTimeoutException>(() => late.WaitAsync(Soon.Limit));
        server.TrySend(TestFrames.Echo(request));
        Task<string> next = AskAsync(client, "next");
        using InboundFrame second = await _server.TakeAsync();
        server.TrySend(TestFrames.Echo(second));
        Assert.Equal("next", await next.WaitAsync(Soon.Limit));
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task All_requests_fail_with_the_reason_when_the_connection_closes()
    {
        (RequestConnection client, FrameConnection server) = Start(2);
        Task<string>[] asked = [AskAsync(client, "1"), AskAsync(client, "2"), AskAsync(client, "waits for a place")];
        (await _server.TakeAsync()).Dispose();
        (await _server.TakeAsync()).Dispose();
        await server.DisposeAsync();
        foreach (Task<string> task in asked)
            await Assert.ThrowsAsync<ConnectionClosedException>(() => task.WaitAsync(Soon.Limit));
        await client.Ended.WaitAsync(Soon.Limit);
        await Assert.ThrowsAsync<ConnectionClosedException>(async () => await client.ReserveAsync(CancellationToken.None));
        await client.DisposeAsync();
    }

    [Fact]
    public async Task Waiting_for_a_place_can_be_cancelled_and_a_place_abandoned()
    {
        (RequestConnection client, FrameConnection server) = Start(1);
        CorrelationId only = await client.ReserveAsync(CancellationToken.None);
        using var cancel = new CancellationTokenSource();
        ValueTask<CorrelationId> waiting = client.ReserveAsync(cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        client.Abandon(only);
        Assert.True(client.TryReserve(out CorrelationId again));
        Assert.NotEqual(only, again);
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    private static async Task<string> AskAsync(RequestConnection client, string text)
    {
        CorrelationId id = await client.ReserveAsync(CancellationToken.None);
        OutboundFrame frame = TestFrames.Outbound(id.Value, System.Text.Encoding.UTF8.GetBytes(text));
        using InboundFrame answer = await client.SendAsync(id, frame, Patience);
        Assert.Equal(FrameKind.Response, answer.Header.Kind);
        return System.Text.Encoding.UTF8.GetString(answer.Body.Span);
    }

    private (RequestConnection Client, FrameConnection Server) Start(int inFlight)
    {
        (MemoryConnection left, MemoryConnection right) = MemoryConnection.Pair();
        var server = new FrameConnection(right, _server, new FrameConnectionOptions(), _time.Ports);
        _ = server.RunAsync();
        var client = new RequestConnection(left, new RequestConnectionOptions { InFlightMax = inFlight }, _time.Ports);
        client.Frames.Open();
        return (client, server);
    }
}
