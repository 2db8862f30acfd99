using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Client.Tests;

public class ConnectionTests
{
    [Fact]
    public void A_client_connects_again_after_growing_pauses() => World.Run(async world =>
    {
        await using Producer producer = world.Client.CreateProducer();
        await producer.ProduceAsync("t", World.Record("a"));
        world.Broker.BreakConnections();
        world.Broker.ConnectedAt.Clear();
        world.Broker.React = static api => api == ApiKey.Hello ? Reaction.Break : Reaction.Serve;
        PendingReceipt pending = await producer.SendAsync("t", World.Record("b"));
        await world.DelayAsync(15_000);
        List<double> pauses = [.. world.Broker.ConnectedAt.Zip(
            world.Broker.ConnectedAt.Skip(1), static (a, b) => b.Since(a).TotalMilliseconds)];
        Assert.InRange(world.Broker.ConnectedAt.Count, 5, 60);
        Assert.True(pauses[^1] > pauses[0] && pauses[^1] > 200, string.Join(' ', pauses));
        world.Broker.React = static _ => Reaction.Serve;
        Assert.Equal(1, (await pending).Offset.Value);
    });

    [Fact]
    public void A_broker_that_is_not_there_is_told_at_once_with_its_address() => World.Run(async world =>
    {
        await world.Broker.StopAsync();
        MonotonicTime begin = world.Now;
        ServerUnreachableException error = await Assert.ThrowsAsync<ServerUnreachableException>(
            async () => await world.Client.Admin.ListTopicsAsync());
        Assert.Contains("broker:9500", error.Message, StringComparison.Ordinal);
        Assert.True(world.Now.Since(begin) < TimeSpan.FromSeconds(1));
    });

    [Fact]
    public void A_call_without_an_answer_ends_with_its_deadline() => World.Run(
        async world =>
        {
            world.Broker.React = static api => api == ApiKey.ListTopics ? Reaction.Ignore : Reaction.Serve;
            MonotonicTime begin = world.Now;
            await Assert.ThrowsAsync<RequestTimeoutException>(async () => await world.Client.Admin.ListTopicsAsync());
            Assert.InRange(world.Now.Since(begin).TotalSeconds, 2, 2.1);
        },
        setUp: static world => world.Options = world.Options with { RequestTimeout = TimeSpan.FromSeconds(2) });

    [Fact]
    public void A_busy_broker_is_asked_again_until_the_deadline() => World.Run(
        async world =>
        {
            world.Broker.React = static api => api == ApiKey.ListTopics ? Reaction.Refuse : Reaction.Serve;
            RequestTimeoutException error = await Assert.ThrowsAsync<RequestTimeoutException>(
                async () => await world.Client.Admin.ListTopicsAsync());
            Assert.Contains("refused by script", error.Message, StringComparison.Ordinal);
            int asked = 0;
            world.Broker.React = api => api == ApiKey.ListTopics && ++asked < 3 ? Reaction.Refuse : Reaction.Serve;
            Assert.Equal("t", Assert.Single(await world.Client.Admin.ListTopicsAsync()).Name);
        },
        setUp: static world => world.Options = world.Options with { RequestTimeout = TimeSpan.FromSeconds(2) });

    [Fact]
    public void A_lost_answer_to_a_create_is_not_asked_again() => World.Run(async world =>
    {
        world.Broker.React = static api => api == ApiKey.CreateTopic ? Reaction.Break : Reaction.Serve;
        FastLogException error = await Assert.ThrowsAnyAsync<FastLogException>(
            async () => await world.Client.Admin.CreateTopicAsync("u", 1));
        Assert.True(error.IsOutcomeUnknown);
        Assert.Equal(1, world.Broker.Asked.Count(static api => api == ApiKey.CreateTopic));
        world.Broker.React = static _ => Reaction.Serve;
        CreateTopicResponse made = await world.Client.Admin.CreateTopicAsync("u", 3);
        Assert.Equal(3, made.PartitionCount);
        Assert.Equal(3, (await world.Client.Admin.ListOffsetsAsync("u", StartPosition.Latest)).Count);
    });

    [Fact]
    public void The_second_server_is_asked_when_the_first_is_not_there() => World.Run(
        async world => Assert.Single(await world.Client.Admin.ListTopicsAsync()),
        setUp: static world => world.Options = world.Options with { Servers = ["broker:1", "broker:9500"] });

    [Fact]
    public void A_cancelled_call_ends_at_once_and_a_disposed_client_says_so() => World.Run(async world =>
    {
        world.Broker.React = static api => api == ApiKey.ListTopics ? Reaction.Ignore : Reaction.Serve;
        using var cancel = new CancellationTokenSource();
        ValueTask<IReadOnlyList<TopicListing>> call = world.Client.Admin.ListTopicsAsync(
            cancellationToken: cancel.Token);
        await world.DelayAsync(10);
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await call);
        await world.Client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await world.Client.Admin.ListTopicsAsync());
    });

    [Theory]
    [InlineData("localhost:9500", true)]
    [InlineData("127.0.0.1:1", true)]
    [InlineData("[::1]:65535", true)]
    [InlineData("a:1,b:2", true)]
    [InlineData("localhost", false)]
    [InlineData("localhost:", false)]
    [InlineData(":9500", false)]
    [InlineData("a:0", false)]
    [InlineData("a:65536", false)]
    [InlineData("::1:9500", false)]
    [InlineData("", false)]
    public void Server_addresses_are_host_and_port(string text, bool isGood)
    {
        if (isGood)
            Assert.NotEmpty(ClientOptions.ParseServers(text));
        else
            Assert.Throws<FormatException>(() => ClientOptions.ParseServers(text));
    }
}
