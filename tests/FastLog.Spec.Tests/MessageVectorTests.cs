using System.Text.Json.Nodes;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;

namespace FastLog.Spec.Tests;

/// <summary>
/// Each vector of <c>messages.json</c> in both directions, and each frame of <c>frames.json</c> against its status.
/// </summary>
public class MessageVectorTests
{
    public static TheoryData<string> MessageNames() => [.. SpecFiles.Vectors("messages.json").Select(NameOf)];

    public static TheoryData<string> FrameNames() => [.. SpecFiles.Vectors("frames.json").Select(NameOf)];

    [Theory]
    [MemberData(nameof(MessageNames))]
    public void A_message_vector_decodes_to_its_fields_and_its_fields_encode_to_it(string name)
    {
        JsonObject vector = Find("messages.json", name);
        switch ((string)vector["message"]!)
        {
            case "error": Check<ErrorResponse>(vector); break;
            case "hello.request": Check<HelloRequest>(vector); break;
            case "hello.response": Check<HelloResponse>(vector); break;
            case "metadata.request": Check<MetadataRequest>(vector); break;
            case "metadata.response": Check<MetadataResponse>(vector); break;
            case "create-topic.request": Check<CreateTopicRequest>(vector); break;
            case "create-topic.response": Check<CreateTopicResponse>(vector); break;
            case "delete-topic.request": Check<DeleteTopicRequest>(vector); break;
            case "delete-topic.response": Check<DeleteTopicResponse>(vector); break;
            case "list-topics.request": Check<ListTopicsRequest>(vector); break;
            case "list-topics.response": Check<ListTopicsResponse>(vector); break;
            case "describe-topic.request": Check<DescribeTopicRequest>(vector); break;
            case "describe-topic.response": Check<DescribeTopicResponse>(vector); break;
            case "alter-topic.request": Check<AlterTopicRequest>(vector); break;
            case "alter-topic.response": Check<AlterTopicResponse>(vector); break;
            case "add-partitions.request": Check<AddPartitionsRequest>(vector); break;
            case "add-partitions.response": Check<AddPartitionsResponse>(vector); break;
            case "produce.request": Check<ProduceRequest>(vector); break;
            case "produce.response": Check<ProduceResponse>(vector); break;
            case "fetch.request": Check<FetchRequest>(vector); break;
            case "fetch.response": Check<FetchResponse>(vector); break;
            case "list-offsets.request": Check<ListOffsetsRequest>(vector); break;
            case "list-offsets.response": Check<ListOffsetsResponse>(vector); break;
            case "delete-records.request": Check<DeleteRecordsRequest>(vector); break;
            case "delete-records.response": Check<DeleteRecordsResponse>(vector); break;
            case "init-producer.request": Check<InitProducerRequest>(vector); break;
            case "init-producer.response": Check<InitProducerResponse>(vector); break;
            case "commit-offsets.request": Check<CommitOffsetsRequest>(vector); break;
            case "commit-offsets.response": Check<CommitOffsetsResponse>(vector); break;
            case "fetch-offsets.request": Check<FetchOffsetsRequest>(vector); break;
            case "fetch-offsets.response": Check<FetchOffsetsResponse>(vector); break;
            case "list-groups.request": Check<ListGroupsRequest>(vector); break;
            case "list-groups.response": Check<ListGroupsResponse>(vector); break;
            case "describe-group.request": Check<DescribeGroupRequest>(vector); break;
            case "describe-group.response": Check<DescribeGroupResponse>(vector); break;
            case "delete-group.request": Check<DeleteGroupRequest>(vector); break;
            case "delete-group.response": Check<DeleteGroupResponse>(vector); break;
            default: Assert.Fail($"no codec for {vector["message"]}"); break;
        }
    }

    [Theory]
    [MemberData(nameof(MessageNames))]
    public void A_message_vector_cut_at_every_index_needs_more_data(string name)
    {
        byte[] frame = HexOf(Find("messages.json", name));
        for (int length = 0; length < frame.Length; length++)
        {
            string status = Protocol.Tests.AnyMessage.Read(frame.AsSpan(0, length), FrameLimits.FrameSizeMaxDefault,
                out _);
            Assert.Equal(nameof(FrameStatus.NeedMoreData), status);
        }
    }

    [Theory]
    [MemberData(nameof(FrameNames))]
    public void A_frame_vector_is_read_with_its_status(string name)
    {
        JsonObject vector = Find("frames.json", name);
        string status = Protocol.Tests.AnyMessage.Read(HexOf(vector), (int)vector["frameSizeMax"]!, out _);
        Assert.Equal((string)vector["status"]!, status);
    }

    [Fact]
    public void At_least_half_of_the_vectors_are_invalid_and_each_name_is_there_once()
    {
        JsonObject[] all = [.. SpecFiles.Vectors("messages.json"), .. SpecFiles.Vectors("frames.json")];
        Assert.Equal(all.Length, all.Select(NameOf).Distinct().Count());
        Assert.InRange(all.Count(vector => (string)vector["status"]! != "Ok"), all.Length / 2, all.Length);
    }

    [Fact]
    public void Each_status_of_a_frame_and_of_a_body_has_a_vector()
    {
        IEnumerable<string> named = SpecFiles.Vectors("frames.json")
            .SelectMany(vector => ((string)vector["status"]!).Split(':'));
        IEnumerable<string> known = Enum.GetNames<FrameStatus>().Concat(Enum.GetNames<WireStatus>());
        Assert.Empty(known.Except(named));
    }

    private static void Check<T>(JsonObject vector)
        where T : IMessage<T>
    {
        byte[] frame = HexOf(vector);
        Assert.Equal(FrameStatus.Ok, FrameReader.TryRead(frame, FrameLimits.FrameSizeMaxDefault,
            out FrameHeader header));
        Assert.Equal((string)vector["kind"]!, header.Kind.ToString(), ignoreCase: true);
        Assert.Equal((int)vector["apiKey"]!, (int)header.Api);
        Assert.Equal((int)vector["apiVersion"]!, header.Version.Value);
        Assert.Equal((ulong)vector["correlationId"]!, header.Correlation.Value);
        Assert.Equal((string)vector["payload"]!, Convert.ToHexStringLower(FrameReader.Payload(frame, header)));
        Assert.Equal(WireStatus.Ok, HeaderTags.TryRead(FrameReader.HeaderTags(frame, header), out HeaderTags tags));
        Assert.Equal(TagsOf(vector["headerTags"]!.AsObject()), tags);

        var reader = new WireReader(FrameReader.Body(frame, header), header.PayloadSize);
        Assert.Equal(WireStatus.Ok, T.Decode(ref reader, out T message));
        JsonObject decoded = MessageJson.Format(message);
        JsonObject expected = vector["body"]!.AsObject();
        Assert.True(JsonNode.DeepEquals(expected, decoded),
            $"expected {expected.ToJsonString()}\nread {decoded.ToJsonString()}");

        T parsed = MessageJson.Parse<T>(expected);
        byte[] written = new byte[FrameWriter.HeadSize(parsed, tags)];
        FrameWriter.Write(written, header, parsed, header.PayloadSize, tags);
        Assert.Equal((string)vector["hex"]!, Convert.ToHexStringLower(written) + (string)vector["payload"]!);
    }

    private static HeaderTags TagsOf(JsonObject fields)
    {
        TimeSpan? deadline = fields["deadlineMs"] is { } left ? TimeSpan.FromMilliseconds((long)left) : null;
        TraceContext? trace = null;
        if (fields["trace"] is { } hex)
        {
            byte[] bytes = Convert.FromHexString((string)hex!);
            ulong span = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(Uid128.Size));
            trace = new TraceContext(Uid128.Read(bytes), span, bytes[^1]);
        }

        return new HeaderTags(deadline, (string?)fields["principal"], trace);
    }

    private static string NameOf(JsonObject vector) => (string)vector["name"]!;

    private static byte[] HexOf(JsonObject vector) => Convert.FromHexString((string)vector["hex"]!);

    private static JsonObject Find(string file, string name) =>
        SpecFiles.Vectors(file).Single(vector => NameOf(vector) == name);
}
