using System.Buffers.Binary;
using FastLog.Broker.Tests.Support;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Tests;

/// <summary>Clients that send what they should not; a healthy one beside them goes on. In virtual time.</summary>
public sealed class HostileClientTests : IDisposable
{
    private readonly SimulatedWorld _world = new(seed: 31);

    public void Dispose() => _world.Dispose();

    [Fact]
    public Task A_body_that_announces_more_than_it_has_is_refused() => With(async (broker, healthy) =>
    {
        using TestClient client = await _world.ConnectAsync(broker);
        foreach (ApiKey api in MessageCatalog.All.Select(message => message.Key).Where(key => key != ApiKey.Hello))
        {
            await client.SendBytesAsync(RawFrame(api, Enumerable.Repeat((byte)0xFF, 64).ToArray()));
            Assert.Equal(ErrorCode.InvalidRequest, (await client.ReceiveAsync()).Error().Code);
        }

        await client.SendBytesAsync(RawFrame((ApiKey)999, []));
        Assert.Equal(ErrorCode.UnknownApi, (await client.ReceiveAsync()).Error().Code);
        Assert.Equal(0, broker.Services.ParkedFetches);
    });

    [Fact]
    public Task A_frame_with_a_wrong_crc_is_answered_and_closes() => With(async (broker, healthy) =>
    {
        using TestClient client = await _world.ConnectAsync(broker);
        byte[] frame = RawFrame(ApiKey.ListTopics, [0]);
        frame[^1] ^= 1;
        await client.SendBytesAsync(frame);
        Assert.Equal(ErrorCode.InvalidFrame, (await client.ReceiveAsync()).Error().Code);
        Assert.Null(await client.TryReceiveAsync());
        Assert.True(_world.Log.Has(BrokerEventKind.ConnectionClosed));
    });

    [Fact]
    public Task Header_tags_that_cannot_be_read_are_a_defect_of_the_frame() => With(async (broker, healthy) =>
    {
        using TestClient client = await _world.ConnectAsync(broker);
        FrameHeader header = FrameHeader.Request(ApiKey.Hello, new CorrelationId(5)) with { HeaderSize = 3 };
        byte[] frame = new byte[FrameLimits.HeadSize + header.HeaderSize];
        FrameWriter.Seal(frame, header);
        await client.SendBytesAsync(frame);
        Assert.Equal(ErrorCode.InvalidFrame, (await client.ReceiveAsync()).Error().Code);
        Assert.Null(await client.TryReceiveAsync());
    });

    [Fact]
    public Task A_client_that_sends_responses_is_closed() => With(async (broker, healthy) =>
    {
        using TestClient client = await _world.ConnectAsync(broker);
        await client.SendAsync(new ListTopicsResponse([]), kind: FrameKind.Response);
        Assert.Null(await client.TryReceiveAsync());
    });

    [Fact]
    public Task A_client_that_says_no_hello_in_time_is_told_and_closed() => With(async (broker, healthy) =>
    {
        using TestClient client = await _world.ConnectAsync(broker, hello: false);
        Reply told = await client.ReceiveAsync();
        Assert.Equal(ErrorCode.HelloRequired, told.Error().Code);
        Assert.Contains("no hello in the time allowed", told.Error().Message, StringComparison.Ordinal);
        Assert.Null(await client.TryReceiveAsync());
    });

    [Fact]
    public Task A_frame_that_does_not_come_to_its_end_is_told_and_ends_the_connection() => With(async (broker, healthy) =>
    {
        using TestClient client = await _world.ConnectAsync(broker);
        await client.SendBytesAsync(RawFrame(ApiKey.ListTopics, [0])[..10]);
        Assert.Equal(ErrorCode.DeadlineExceeded, (await client.ReceiveAsync()).Error().Code);
        Assert.Null(await client.TryReceiveAsync());
    });

    [Fact]
    public Task Random_bytes_never_take_the_broker_down() => With(async (broker, healthy) =>
    {
        var random = new Prng(77);
        for (int round = 0; round < 100; round++)
        {
            using TestClient client = await _world.ConnectAsync(broker);
            byte[] body = new byte[(int)(random.NextUInt64() % 200)];
            random.Fill(body);
            ApiKey api = MessageCatalog.All[(int)(random.NextUInt64() % (ulong)MessageCatalog.All.Count)].Key;
            await client.SendBytesAsync(RawFrame(api, body));
            Reply? reply = await client.TryReceiveAsync();
            Assert.True(reply is null || reply.Header.Kind is FrameKind.Error or FrameKind.Response);
        }
    });

    [Fact]
    public Task Requests_over_the_limit_are_read_when_others_have_ended() => With(async (broker, healthy) =>
    {
        TopicId topic = await healthy.CreateAsync("t");
        using TestClient client = await _world.ConnectAsync(broker);
        int limit = broker.Services.Options.RequestsInFlightMax;
        for (int i = 0; i < limit; i++)
            await client.SendAsync(Ask.Fetch(60_000, 1, Ask.At(topic, 0)));
        CorrelationId behind = await client.SendAsync(new ListTopicsRequest(false));
        await _world.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(5), CancellationToken.None);
        Assert.Equal(limit, broker.Services.ParkedFetches);
        await healthy.ProduceAsync(topic, Ask.Batch(_world.Ports.Clock.WallNow, "free"));
        var answered = new List<CorrelationId>();
        for (int i = 0; i <= limit; i++)
            answered.Add((await client.ReceiveAsync()).Header.Correlation);
        Assert.Contains(behind, answered);
        Assert.Equal(limit + 1, answered.Distinct().Count());
        Assert.Equal(0, broker.Services.ParkedFetches);
    });

    [Fact]
    public Task A_fetch_that_waits_for_a_closed_connection_is_dropped() => With(async (broker, healthy) =>
    {
        TopicId topic = await healthy.CreateAsync("t");
        TestClient client = await _world.ConnectAsync(broker);
        for (int i = 0; i < 10; i++)
            await client.SendAsync(Ask.Fetch(300_000, 1, Ask.At(topic, 0)));
        await _world.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
        Assert.Equal(10, broker.Services.ParkedFetches);
        client.Dispose();
        await _world.Ports.Timers.DelayAsync(TimeSpan.FromSeconds(1), CancellationToken.None);
        Assert.Equal(0, broker.Services.ParkedFetches);
    });

    private static byte[] RawFrame(ApiKey api, byte[] body)
    {
        FrameHeader header = FrameHeader.Request(api, new CorrelationId(5)) with { BodySize = body.Length };
        byte[] frame = new byte[FrameLimits.HeadSize + body.Length];
        body.CopyTo(frame, FrameLimits.HeadSize);
        FrameWriter.Seal(frame, header);
        Assert.Equal((uint)(frame.Length - sizeof(uint)), BinaryPrimitives.ReadUInt32BigEndian(frame));
        return frame;
    }

    private Task With(Func<BrokerNode, TestClient, Task> body) => _world.RunAsync(async () =>
    {
        await using BrokerNode broker = await _world.StartAsync();
        using TestClient healthy = await _world.ConnectAsync(broker);
        await body(broker, healthy);
        await healthy.AskAsync<ListTopicsRequest, ListTopicsResponse>(new ListTopicsRequest(false));
        Assert.False(_world.Log.Has(BrokerEventKind.RequestFailed));
    });
}
