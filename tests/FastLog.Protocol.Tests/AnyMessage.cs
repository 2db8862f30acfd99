using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Tests;

/// <summary>Reads whatever a frame says it holds, and writes it again.</summary>
internal static class AnyMessage
{
    /// <summary>The status of frame, header tags or body, and the frame written anew when all of it is sound.</summary>
    public static string Read(ReadOnlySpan<byte> frame, int frameSizeMax, out byte[]? rewritten)
    {
        rewritten = null;
        FrameStatus status = FrameReader.TryRead(frame, frameSizeMax, out FrameHeader header);
        if (status != FrameStatus.Ok)
            return status.ToString();
        WireStatus tags = HeaderTags.TryRead(FrameReader.HeaderTags(frame, header), out HeaderTags headerTags);
        if (tags != WireStatus.Ok)
            return $"{FrameStatus.BadHeaderTags}:{tags}";
        return Dispatch(frame, header, headerTags, out rewritten);
    }

    private static string Dispatch(ReadOnlySpan<byte> frame, FrameHeader header, in HeaderTags tags,
        out byte[]? rewritten)
    {
        if (header.Kind == FrameKind.Error)
            return Body<ErrorResponse>(frame, header, tags, out rewritten);
        bool request = header.Kind is FrameKind.Request or FrameKind.OneWay;
        switch (header.Api)
        {
            case ApiKey.Hello:
                return Either<HelloRequest, HelloResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.Metadata:
                return Either<MetadataRequest, MetadataResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.CreateTopic:
                return Either<CreateTopicRequest, CreateTopicResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.DeleteTopic:
                return Either<DeleteTopicRequest, DeleteTopicResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.ListTopics:
                return Either<ListTopicsRequest, ListTopicsResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.DescribeTopic:
                return Either<DescribeTopicRequest, DescribeTopicResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.AlterTopic:
                return Either<AlterTopicRequest, AlterTopicResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.AddPartitions:
                return Either<AddPartitionsRequest, AddPartitionsResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.Produce:
                return Either<ProduceRequest, ProduceResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.Fetch:
                return Either<FetchRequest, FetchResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.ListOffsets:
                return Either<ListOffsetsRequest, ListOffsetsResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.DeleteRecords:
                return Either<DeleteRecordsRequest, DeleteRecordsResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.InitProducer:
                return Either<InitProducerRequest, InitProducerResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.CommitOffsets:
                return Either<CommitOffsetsRequest, CommitOffsetsResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.FetchOffsets:
                return Either<FetchOffsetsRequest, FetchOffsetsResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.ListGroups:
                return Either<ListGroupsRequest, ListGroupsResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.DescribeGroup:
                return Either<DescribeGroupRequest, DescribeGroupResponse>(request, frame, header, tags, out rewritten);
            case ApiKey.DeleteGroup:
                return Either<DeleteGroupRequest, DeleteGroupResponse>(request, frame, header, tags, out rewritten);
            default:
                rewritten = null;
                return MessageCatalog.Check(header.Api, header.Version).Name();
        }
    }

    private static string Either<TRequest, TResponse>(
        bool request, ReadOnlySpan<byte> frame, in FrameHeader header, in HeaderTags tags, out byte[]? rewritten)
        where TRequest : IRequest<TRequest, TResponse>
        where TResponse : IMessage<TResponse> => request
            ? Body<TRequest>(frame, header, tags, out rewritten)
            : Body<TResponse>(frame, header, tags, out rewritten);

    private static string Body<T>(ReadOnlySpan<byte> frame, in FrameHeader header, in HeaderTags tags,
        out byte[]? rewritten)
        where T : IMessage<T>
    {
        rewritten = null;
        ErrorCode version = header.Kind == FrameKind.Error ? ErrorCode.None
            : MessageCatalog.Check(header.Api, header.Version);
        if (version != ErrorCode.None)
            return version.Name();
        var reader = new WireReader(FrameReader.Body(frame, header), header.PayloadSize);
        WireStatus status = T.Decode(ref reader, out T message);
        if (status != WireStatus.Ok)
            return status.ToString();
        rewritten = new byte[FrameWriter.HeadSize(message, tags) + header.PayloadSize];
        int headSize = FrameWriter.Write(rewritten, header, message, header.PayloadSize, tags);
        FrameReader.Payload(frame, header).CopyTo(rewritten.AsSpan(headSize));
        return nameof(FrameStatus.Ok);
    }
}
