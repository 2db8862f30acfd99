using System.Buffers.Binary;
using System.Text;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Tests;

public class MessageTests
{
    [Fact]
    public void An_error_message_is_cut_at_the_end_of_a_character()
    {
        ErrorResponse read = RoundTrip(new ErrorResponse(ErrorCode.InvalidRequest, "x" + new string('€', 2_000)));
        Assert.Equal("x" + new string('€', 341), read.Message);
        Assert.InRange(Encoding.UTF8.GetByteCount(read.Message), 1, MessageLimits.ErrorMessageSizeMax);
    }

    [Fact]
    public void An_error_message_that_fits_is_not_cut()
    {
        string message = new('m', MessageLimits.ErrorMessageSizeMax);
        Assert.Equal(message, RoundTrip(new ErrorResponse(ErrorCode.Busy, message)).Message);
    }

    [Fact]
    public void An_unknown_error_code_is_kept_and_can_be_named()
    {
        ErrorResponse read = RoundTrip(new ErrorResponse((ErrorCode)4711, "later"));
        Assert.Equal(4711, (int)read.Code);
        Assert.Equal("error 4711", read.Code.Name());
        Assert.Contains("4711", read.Code.Sentence(), StringComparison.Ordinal);
        Assert.False(read.Code.IsRetriable());
        Assert.False(read.Code.IsKnown());
    }

    [Fact]
    public void A_string_over_its_limit_is_not_written()
    {
        var message = new DeleteTopicRequest(TopicReference.ByName(new string('x', MessageLimits.StringSizeMax + 1)));
        Assert.Throws<ArgumentException>(() => DeleteTopicCodec.Size(message));
    }

    [Fact]
    public void An_array_over_its_limit_is_refused_before_it_is_made()
    {
        byte[] body = new byte[(2 * (MessageLimits.ArrayCountMax + 1)) + 10];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), MessageLimits.ArrayCountMax + 1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var reader = new WireReader(body, 0);
        Assert.Equal(WireStatus.InvalidCount, MetadataCodec.TryRead(ref reader, out MetadataRequest message));
        Assert.Null(message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_096);
    }

    [Fact]
    public void An_array_that_the_body_cannot_hold_is_refused_before_it_is_made()
    {
        byte[] body = new byte[64];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), MessageLimits.ArrayCountMax);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var reader = new WireReader(body, 0);
        Assert.Equal(WireStatus.InvalidCount, MetadataCodec.TryRead(ref reader, out MetadataRequest message));
        Assert.Null(message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_096);
    }

    [Fact]
    public void A_reused_array_is_replaced_only_when_it_is_too_small()
    {
        byte[] frame = Samples.Frame(Samples.Produce, FrameKind.Request, payloadSize: 7).Frame;
        FrameReader.TryRead(frame, FrameLimits.FrameSizeMaxDefault, out FrameHeader header);
        ReadOnlySpan<byte> body = FrameReader.Body(frame, header);
        ProducePartitionRequest[] small = new ProducePartitionRequest[1];
        ProducePartitionRequest[] used = small;
        var reader = new WireReader(body, 7);
        Assert.Equal(WireStatus.Ok, ProduceCodec.TryRead(ref reader, ref used, out ProduceRequest request));
        Assert.NotSame(small, used);
        Assert.Equal(Samples.Produce.Partitions.ToArray(), request.Partitions.ToArray());
        ProducePartitionRequest[] large = used;
        reader = new WireReader(body, 7);
        Assert.Equal(WireStatus.Ok, ProduceCodec.TryRead(ref reader, ref used, out request));
        Assert.Same(large, used);
    }

    [Fact]
    public void Each_body_cut_at_every_index_is_refused_with_a_status()
    {
        foreach ((string name, byte[] frame) in Samples.Frames())
        {
            FrameReader.TryRead(frame, FrameLimits.FrameSizeMaxDefault, out FrameHeader header);
            for (int size = 0; size < header.BodySize; size++)
            {
                byte[] cut = [.. frame.AsSpan(0, FrameLimits.HeadSize + header.HeaderSize + size),
                    .. FrameReader.Payload(frame, header)];
                FrameWriter.Seal(cut.AsSpan(0, cut.Length - header.PayloadSize), header with { BodySize = size });
                string status = AnyMessage.Read(cut, FrameLimits.FrameSizeMaxDefault, out _);
                Assert.True(Enum.TryParse(status, out WireStatus defect) && defect != WireStatus.Ok,
                    $"{name} cut to {size}: {status}");
            }
        }
    }

    [Fact]
    public void The_catalog_tells_unknown_keys_from_unknown_versions()
    {
        Assert.Equal(ErrorCode.None, MessageCatalog.Check(ApiKey.Fetch, ApiVersion.One));
        Assert.Equal(ErrorCode.UnsupportedVersion, MessageCatalog.Check(ApiKey.Fetch, new ApiVersion(0)));
        Assert.Equal(ErrorCode.UnsupportedVersion, MessageCatalog.Check(ApiKey.Fetch, new ApiVersion(2)));
        Assert.Equal(ErrorCode.UnknownApi, MessageCatalog.Check((ApiKey)9_999, ApiVersion.One));
        Assert.Equal(ErrorCode.UnknownApi, MessageCatalog.Check(ApiKey.None, ApiVersion.One));
    }

    [Fact]
    public void Keys_and_codes_rise_so_that_each_is_listed_once()
    {
        Assert.Equal(MessageCatalog.All.Select(message => message.Key).Distinct().Order(), MessageCatalog.All
            .Select(message => message.Key));
        Assert.Equal(ErrorCodes.All.Select(info => info.Code).Distinct().Order(), ErrorCodes.All
            .Select(info => info.Code));
    }

    private static T RoundTrip<T>(T message)
        where T : IMessage<T>
    {
        byte[] body = new byte[T.EncodedSize(message)];
        var writer = new WireWriter(body);
        T.Encode(ref writer, message);
        Assert.Equal(body.Length, writer.Written);
        var reader = new WireReader(body, 0);
        Assert.Equal(WireStatus.Ok, T.Decode(ref reader, out T read));
        return read;
    }
}
