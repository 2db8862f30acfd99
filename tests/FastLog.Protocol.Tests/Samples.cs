using FastLog.Primitives;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;

namespace FastLog.Protocol.Tests;

/// <summary>One message of each kind with every field set, as whole frames.</summary>
internal static class Samples
{
    public static readonly TopicId Topic = new(new Uid128(0x0102030405060708, 0x090A0B0C0D0E0F10));
    public static readonly TopicPartition Partition = new(Topic, new PartitionId(3));
    private static readonly Uid128 Cluster = new(0xAAAAAAAAAAAAAAAA, 0xBBBBBBBBBBBBBBBB);
    private static readonly ApiRange[] Ranges = [new(ApiKey.Fetch, ApiVersion.One, new ApiVersion(2))];

    public static readonly ProduceRequest Produce = new(
        ProduceAcks.All, TimeSpan.FromSeconds(30),
            new ProducePartitionRequest[] { new(Partition, 5), new(Partition, 2) });

    public static readonly FetchRequest Fetch = new(
        TimeSpan.FromMilliseconds(500),
        1,
        1 << 20,
        new FetchPartitionRequest[] { new(Partition, new LogOffset(42), new LeaderEpoch(1), LeaderEpoch.None,
            65_536) });

    public static IEnumerable<(string Name, byte[] Frame)> Frames()
    {
        yield return Frame(new HelloRequest("client", "1.2.3", ["a", "b"], Cluster, new NodeId(7)), FrameKind.Request);
        yield return Frame(
            new HelloResponse(
                "fastlog", "0.1.0", Cluster, new NodeId(1), Ranges, ["a"],
                new ConnectionLimits(1 << 24, 1 << 20, 1 << 22, 64, TimeSpan.FromMinutes(10))),
            FrameKind.Response);
        yield return Frame(new MetadataRequest(false, ["orders"], [Topic], AllowAutoCreate: true), FrameKind.Request);
        yield return Frame(Metadata(), FrameKind.Response);
        yield return Frame(new CreateTopicRequest("orders", 8, 1, [new ConfigEntry("flush", "ack")]),
            FrameKind.Request);
        yield return Frame(new CreateTopicResponse(Topic, 8, 1), FrameKind.Response);
        yield return Frame(new DeleteTopicRequest(TopicReference.ByName("orders")), FrameKind.Request);
        yield return Frame(new DeleteTopicResponse("orders", Topic), FrameKind.Response);
        yield return Frame(new ListTopicsRequest(IncludeInternal: true), FrameKind.Request);
        yield return Frame(new ListTopicsResponse([new TopicListing("orders", Topic, 8, 1, false)]),
            FrameKind.Response);
        yield return Frame(new DescribeTopicRequest(TopicReference.ById(Topic)), FrameKind.Request);
        yield return Frame(Description(), FrameKind.Response);
        yield return Frame(
            new AlterTopicRequest(TopicReference.ByName("orders"), [new ConfigEntry("flush", "os")], ["segment.ms"]),
            FrameKind.Request);
        yield return Frame(
            new AlterTopicResponse("orders", Topic, [new ConfigValue("flush", "os", ConfigSource.Topic)]),
            FrameKind.Response);
        yield return Frame(new AddPartitionsRequest(TopicReference.ById(Topic), 12), FrameKind.Request);
        yield return Frame(new AddPartitionsResponse("orders", Topic, 12), FrameKind.Response);
        yield return Frame(Produce, FrameKind.Request, 7);
        yield return Frame(
            new ProduceResponse(new ProducePartitionResponse[]
            {
                new(Partition, ErrorCode.None, string.Empty, new LogOffset(10), new LogOffset(19), LogOffset.Zero,
                    Durability.ThisDisk),
                new(Partition, ErrorCode.DiskFull, "full", LogOffset.None, LogOffset.None, LogOffset.None,
                    Durability.None),
            }),
            FrameKind.Response);
        yield return Frame(Fetch, FrameKind.Request);
        yield return Frame(
            new FetchResponse(new FetchPartitionResponse[]
            {
                new(
                    Partition, ErrorCode.LogTruncated, "truncated", new LogOffset(1), new LogOffset(2),
                        new LogOffset(3),
                    new LeaderEpoch(4), new LeaderEpoch(5), new LogOffset(6), new LogOffset(7), 9),
            }),
            FrameKind.Response,
            9);
        yield return Frame(
            new ListOffsetsRequest([new(Partition, LeaderEpoch.Zero, OffsetQuery.AtTime,
                new Timestamp(1_700_000_000_000))]),
            FrameKind.Request);
        yield return Frame(
            new ListOffsetsResponse([new(Partition, ErrorCode.None, string.Empty, new LogOffset(5), new Timestamp(6),
                LeaderEpoch.Zero)]),
            FrameKind.Response);
        yield return Frame(
            new DeleteRecordsRequest([new(Partition, LeaderEpoch.Zero, new LogOffset(5))]), FrameKind.Request);
        yield return Frame(
            new DeleteRecordsResponse([new(Partition, ErrorCode.None, string.Empty, new LogOffset(5))]), FrameKind.Response);
        yield return Frame(new InitProducerRequest(), FrameKind.Request);
        yield return Frame(new InitProducerResponse(4_213_000, 7), FrameKind.Response);
        foreach ((string Name, byte[] Frame) frame in GroupFrames())
            yield return frame;
        yield return Frame(new ErrorResponse(ErrorCode.UnsupportedVersion, "no such version", Ranges), FrameKind.Error);
    }

    public static (string Name, byte[] Frame) Frame<T>(in T message, FrameKind kind, int payloadSize = 0)
        where T : IMessage<T>
    {
        var header = new FrameHeader(kind, T.Api, ApiVersion.One, new CorrelationId(0x1122334455667788), 0, 0, 0);
        var tags = new HeaderTags(TimeSpan.FromMilliseconds(1500), "alice", new TraceContext(Cluster, 99, 1));
        byte[] frame = new byte[FrameWriter.HeadSize(message, tags) + payloadSize];
        FrameWriter.Write(frame, header, message, payloadSize, tags);
        return (typeof(T).Name, frame);
    }

    private static IEnumerable<(string Name, byte[] Frame)> GroupFrames()
    {
        var at = new Timestamp(1_700_000_000_000);
        yield return Frame(
            new CommitOffsetsRequest(
                "g", "m", new GroupGeneration(3), [new(Partition, new LogOffset(5), new LeaderEpoch(1), "why")]),
            FrameKind.Request);
        yield return Frame(
            new CommitOffsetsResponse([new(Partition, ErrorCode.UnknownTopicId, "gone")]), FrameKind.Response);
        yield return Frame(new FetchOffsetsRequest("g", [new(Partition)]), FrameKind.Request);
        yield return Frame(
            new FetchOffsetsResponse([new(Partition, new LogOffset(5), new LeaderEpoch(1), "why")]), FrameKind.Response);
        yield return Frame(new ListGroupsRequest("g"), FrameKind.Request);
        yield return Frame(new ListGroupsResponse([new("g", 3, at)]), FrameKind.Response);
        yield return Frame(new DescribeGroupRequest("g"), FrameKind.Request);
        yield return Frame(
            new DescribeGroupResponse(
                "g",
                GroupGeneration.None,
                [new("t", Partition, new LogOffset(5), LeaderEpoch.Zero, "why", at, LogOffset.Zero, new LogOffset(9))]),
            FrameKind.Response);
        yield return Frame(new DeleteGroupRequest("g"), FrameKind.Request);
        yield return Frame(new DeleteGroupResponse("g", 3), FrameKind.Response);
    }

    private static MetadataResponse Metadata() => new(
        Cluster,
        new NodeId(1),
        [new BrokerMetadata(new NodeId(1), "127.0.0.1", 9500, "r1")],
        [
            new TopicMetadata(
                ErrorCode.None, string.Empty, "orders", Topic, false,
                [new(new PartitionId(0), ErrorCode.None, new NodeId(1), LeaderEpoch.Zero, [new NodeId(1)],
                    [new NodeId(1)])]),
            new TopicMetadata(ErrorCode.UnknownTopic, "no such topic", "x", TopicId.None, false, []),
        ]);

    private static DescribeTopicResponse Description() => new(
        "orders",
        Topic,
        false,
        1,
        [new ConfigValue("flush", "ack", ConfigSource.Topic)],
        [
            new PartitionDescription(
                new PartitionId(0), ErrorCode.None, string.Empty, new NodeId(1), LeaderEpoch.Zero,
                LogOffset.Zero, new LogOffset(10), new LogOffset(9), 4_096, 2),
        ]);
}
