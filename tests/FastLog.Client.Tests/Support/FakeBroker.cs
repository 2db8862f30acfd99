using System.Net;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;
using FastLog.Transport;
using FastLog.Transport.Network;

namespace FastLog.Client.Tests;

/// <summary>What a fake broker does with a request.</summary>
internal enum Reaction
{
    Serve = 0,

    /// <summary>Nothing is done and nothing answered.</summary>
    Ignore,

    /// <summary>The connection breaks before anything is done.</summary>
    Break,

    /// <summary>It is done, but the connection breaks before the answer.</summary>
    ServeAndBreak,

    /// <summary>
    /// The code in <see cref="FakeBroker.Refusal"/> is answered, for each partition or as an error frame.
    /// </summary>
    Refuse,
}

/// <summary>
/// Speaks the protocol over any network, keeps logs in memory, records what it was asked, and misbehaves on demand. Its
/// logs survive <see cref="StopAsync"/>.
/// </summary>
internal sealed class FakeBroker(INetwork network, RuntimePorts ports, string address = "broker:9500", int node = 1)
{
    private readonly List<FrameConnection> _connections = [];
    private Server? _server;
    private long _nextProducerId = node * 1000L;

    public SortedDictionary<string, FakeTopic> Topics { get; } = new(StringComparer.Ordinal);

    public List<ApiKey> Asked { get; } = [];

    public List<MonotonicTime> ConnectedAt { get; } = [];

    public List<ProduceSeen> Produced { get; } = [];

    public List<FetchRequest> Fetches { get; } = [];

    /// <summary>Asked for each request; by default all is served.</summary>
    public Func<ApiKey, Reaction> React { get; set; } = static _ => Reaction.Serve;

    public ErrorCode Refusal { get; set; } = ErrorCode.Busy;

    /// <summary>From a produce request's arrival to its answer.</summary>
    public TimeSpan ProduceDelay { get; set; }

    public int Node { get; } = node;

    /// <summary>Whom metadata names as leader of all partitions.</summary>
    public int Leader { get; set; } = node;

    public string Address { get; } = address;

    /// <summary>Other brokers metadata tells of.</summary>
    public List<FakeBroker> Others { get; } = [];

    /// <summary>Changes the payload of fetch responses.</summary>
    public Action<byte[]>? Damage { get; set; }

    public FetchPartitionResponse? FetchOverride { get; set; }

    public FakeTopic AddTopic(string name, int partitions)
    {
        var topic = new FakeTopic(new TopicId(Uid128.NewRandom(ports.Entropy)), partitions);
        Topics[name] = topic;
        return topic;
    }

    public void Start()
    {
        var options = new ServerOptions();
        _server = Server.Start(network, ParseAddress(Address), _ => new Handler(this), options, ports);
    }

    public async Task StopAsync()
    {
        if (_server is { } server)
            await server.StopAsync(TimeSpan.Zero);
        _server = null;
    }

    public void BreakConnections()
    {
        foreach (FrameConnection connection in _connections)
            connection.Close(new CloseReason(CloseKind.Requested, "broken by the test"));
        _connections.Clear();
    }

    private static DnsEndPoint ParseAddress(string text)
    {
        string[] parts = text.Split(':');
        return new DnsEndPoint(parts[0], int.Parse(parts[1]));
    }

    private MetadataResponse Describe(MetadataRequest request)
    {
        List<BrokerMetadata> brokers = [];
        foreach (FakeBroker broker in Others.Append(this).OrderBy(static broker => broker.Node))
        {
            DnsEndPoint at = ParseAddress(broker.Address);
            brokers.Add(new BrokerMetadata(new NodeId(broker.Node), at.Host, at.Port, string.Empty));
        }

        IEnumerable<string> names = request.AllTopics ? Topics.Keys : request.Names;
        List<TopicMetadata> topics = [];
        foreach (string name in names)
        {
            if (!Topics.TryGetValue(name, out FakeTopic? topic))
            {
                topics.Add(new TopicMetadata(ErrorCode.UnknownTopic, "no such topic", name, TopicId.None, false, []));
                continue;
            }

            var leader = new NodeId(Leader);
            PartitionMetadata[] partitions = [.. Enumerable.Range(0, topic.Partitions.Count).Select(number =>
                new PartitionMetadata(
                    new PartitionId(number), ErrorCode.None, leader, LeaderEpoch.Zero, [leader], [leader]))];
            topics.Add(new TopicMetadata(ErrorCode.None, string.Empty, name, topic.Id, false, partitions));
        }

        return new MetadataResponse(new Uid128(1, 1), new NodeId(Node), brokers, topics);
    }

    private FakeLog? Find(TopicPartition partition)
    {
        FakeTopic? topic = Topics.Values.FirstOrDefault(topic => topic.Id == partition.Topic);
        return topic is not null && partition.Partition.Value < topic.Partitions.Count
            ? topic.Partitions[partition.Partition.Value]
            : null;
    }

    /// <summary>One produce request: what came of which partition, in order.</summary>
    internal sealed record ProduceSeen(
        MonotonicTime At, IReadOnlyList<(int Partition, IReadOnlyList<int> BatchRecords)> Partitions)
    {
        public int Records => Partitions.Sum(static partition => partition.BatchRecords.Sum());
    }

    private sealed class Handler(FakeBroker broker) : IFrameHandler
    {
        private FrameConnection _connection = null!;
        private Task _producing = Task.CompletedTask;
        private bool _isBroken;

        public void OnStarted(FrameConnection connection)
        {
            _connection = connection;
            broker._connections.Add(connection);
            broker.ConnectedAt.Add(broker.Ports.Clock.Now);
        }

        public ValueTask OnFrameAsync(InboundFrame frame)
        {
            broker.Asked.Add(frame.Header.Api);
            switch (frame.Header.Api)
            {
                case ApiKey.Produce:
                    _producing = ProduceAsync(_producing, frame, broker.Ports.Clock.Now);
                    break;
                case ApiKey.Fetch:
                    _ = FetchAsync(frame);
                    break;
                default:
                    using (frame)
                        AnswerSmall(frame);
                    break;
            }

            return ValueTask.CompletedTask;
        }

        public void OnClosed(CloseReason reason)
        {
        }

        private void AnswerSmall(InboundFrame frame)
        {
            FrameHeader header = frame.Header;
            Reaction reaction = broker.React(header.Api);
            if (reaction == Reaction.Ignore)
                return;
            if (reaction is Reaction.Break or Reaction.ServeAndBreak)
            {
                _connection.Close(new CloseReason(CloseKind.Requested, "scripted"));
                return;
            }

            if (reaction == Reaction.Refuse)
            {
                Send(header.Error(), new ErrorResponse(broker.Refusal, "refused by script"), default);
                return;
            }

            switch (header.Api)
            {
                case ApiKey.Hello:
                    Send(header.Response(), Hello(), default);
                    _connection.Open();
                    break;
                case ApiKey.Metadata:
                    Send(header.Response(), broker.Describe(Read<MetadataRequest>(frame)), default);
                    break;
                case ApiKey.ListTopics:
                    TopicListing[] topics = [.. broker.Topics.Select(static topic =>
                        new TopicListing(topic.Key, topic.Value.Id, topic.Value.Partitions.Count, 1, false))];
                    Send(header.Response(), new ListTopicsResponse(topics), default);
                    break;
                case ApiKey.CreateTopic:
                    CreateTopicRequest create = Read<CreateTopicRequest>(frame);
                    FakeTopic made = broker.AddTopic(create.Name, create.PartitionCount);
                    Send(header.Response(), new CreateTopicResponse(made.Id, create.PartitionCount, 1), default);
                    break;
                case ApiKey.InitProducer:
                    Send(header.Response(), new InitProducerResponse(broker._nextProducerId++, 0), default);
                    break;
                case ApiKey.ListOffsets:
                    Send(header.Response(), List(Read<ListOffsetsRequest>(frame)), default);
                    break;
                default:
                    Send(header.Error(), new ErrorResponse(ErrorCode.UnknownApi, "not in the script"), default);
                    break;
            }
        }

        private HelloResponse Hello() => new(
            "fake",
            "1",
            new Uid128(1, 1),
            new NodeId(broker.Node),
            MessageCatalog.Ranges,
            [],
            new ConnectionLimits(16 << 20, 8 << 20, 12 << 20, 64, TimeSpan.FromMinutes(10)));

        private ListOffsetsResponse List(ListOffsetsRequest request) => new([.. request.Partitions.Select(asked =>
        {
            FakeLog? log = broker.Find(asked.Partition);
            if (log is null)
                return new ListOffsetsPartitionResponse(
                    asked.Partition,
                    ErrorCode.UnknownTopicId,
                    "gone",
                    LogOffset.None,
                    Timestamp.None,
                    LeaderEpoch.None);
            LogOffset offset = asked.Query switch
            {
                OffsetQuery.Earliest => log.Start,
                OffsetQuery.Latest => log.End,
                _ => log.Find(asked.At),
            };
            return new ListOffsetsPartitionResponse(
                asked.Partition, ErrorCode.None, string.Empty, offset, Timestamp.None, LeaderEpoch.Zero);
        })]);

        private async Task ProduceAsync(Task before, InboundFrame frame, MonotonicTime arrived)
        {
            await before;
            using (frame)
            {
                // What follows on a connection that broke is not seen any more.
                if (_isBroken)
                    return;
                FrameHeader header = frame.Header;
                ProduceRequest request = Read<ProduceRequest>(frame);
                Reaction reaction = broker.React(ApiKey.Produce);
                TimeSpan left = arrived.Plus(broker.ProduceDelay).Since(broker.Ports.Clock.Now);
                if (left > TimeSpan.Zero)
                    await broker.Ports.Timers.DelayAsync(left, CancellationToken.None);
                var seen = new List<(int, IReadOnlyList<int>)>();
                var answers = new List<ProducePartitionResponse>();
                int at = 0;
                foreach (ProducePartitionRequest partition in request.Partitions.ToArray())
                {
                    ReadOnlyMemory<byte> payload = frame.Payload.Slice(at, partition.PayloadSize);
                    at += partition.PayloadSize;
                    answers.Add(Append(partition.Partition, payload, reaction, seen));
                }

                broker.Produced.Add(new ProduceSeen(broker.Ports.Clock.Now, seen));
                if (reaction is Reaction.Break or Reaction.ServeAndBreak)
                {
                    _isBroken = true;
                    _connection.Close(new CloseReason(CloseKind.Requested, "scripted"));
                }
                else if (reaction != Reaction.Ignore && header.Kind == FrameKind.Request)
                    Send(header.Response(), new ProduceResponse(answers.ToArray()), default);
            }
        }

        private ProducePartitionResponse Append(
            TopicPartition partition,
            ReadOnlyMemory<byte> payload,
            Reaction reaction,
            List<(int, IReadOnlyList<int>)> seen)
        {
            FakeLog? log = broker.Find(partition);
            seen.Add((partition.Partition.Value, FakeLog.CountRecords(payload.Span)));
            ErrorCode error = reaction == Reaction.Refuse ? broker.Refusal
                : log is null ? ErrorCode.UnknownTopicId
                : broker.Leader != broker.Node ? ErrorCode.NotLeader
                : ErrorCode.None;
            if (error != ErrorCode.None || reaction is Reaction.Break or Reaction.Ignore)
                return new ProducePartitionResponse(
                    partition,
                    error,
                    "refused by script",
                    LogOffset.None,
                    LogOffset.None,
                    LogOffset.None,
                    Durability.None);
            error = log!.Produce(payload.Span, out LogOffset first, out LogOffset last);
            return new ProducePartitionResponse(
                partition,
                error,
                string.Empty,
                first,
                last,
                log.Start,
                error == ErrorCode.None ? Durability.ThisDisk : Durability.None);
        }

        private async Task FetchAsync(InboundFrame frame)
        {
            using (frame)
            {
                FrameHeader header = frame.Header;
                FetchRequest request = Read<FetchRequest>(frame);
                broker.Fetches.Add(request);
                Reaction reaction = broker.React(ApiKey.Fetch);
                if (reaction == Reaction.Ignore)
                    return;
                if (reaction is Reaction.Break or Reaction.ServeAndBreak)
                {
                    _connection.Close(new CloseReason(CloseKind.Requested, "scripted"));
                    return;
                }

                if (reaction == Reaction.Refuse)
                {
                    Send(header.Error(), new ErrorResponse(broker.Refusal, "refused by script"), default);
                    return;
                }

                MonotonicTime due = broker.Ports.Clock.Now.Plus(request.WaitMax);
                FetchPartitionResponse[] answers;
                byte[] payload;
                while (!TryFetch(request, out answers, out payload) && broker.Ports.Clock.Now < due)
                {
                    if (_connection.Closed.IsCancellationRequested)
                        return;
                    await broker.Ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None);
                }

                broker.Damage?.Invoke(payload);
                Send(header.Response(), new FetchResponse(answers), payload);
            }
        }

        private bool TryFetch(FetchRequest request, out FetchPartitionResponse[] answers, out byte[] payload)
        {
            var bytes = new MemoryStream();
            var list = new List<FetchPartitionResponse>();
            bool hasError = false;
            foreach (FetchPartitionRequest asked in request.Partitions.ToArray())
            {
                long before = bytes.Length;
                ErrorCode error = ErrorCode.None;
                FakeLog? log = broker.Find(asked.Partition);
                if (log is null)
                    error = ErrorCode.UnknownTopicId;
                else if (broker.Leader != broker.Node)
                    error = ErrorCode.NotLeader;
                else if (asked.FetchOffset < log.Start || asked.FetchOffset > log.End)
                    error = ErrorCode.OffsetOutOfRange;
                else
                    log.CopyFrom(asked.FetchOffset, asked.BytesMax, bytes);
                hasError |= error != ErrorCode.None;
                var answer = new FetchPartitionResponse(
                    asked.Partition,
                    error,
                    string.Empty,
                    log?.End ?? LogOffset.None,
                    log?.Start ?? LogOffset.None,
                    log?.End ?? LogOffset.None,
                    LeaderEpoch.Zero,
                    LeaderEpoch.None,
                    LogOffset.None,
                    LogOffset.None,
                    (int)(bytes.Length - before));
                if (broker.FetchOverride is { } other)
                {
                    bytes.SetLength(before);
                    hasError = true;
                    answer = other with { Partition = asked.Partition };
                }

                list.Add(answer);
            }

            answers = [.. list];
            payload = bytes.ToArray();
            return hasError || payload.Length >= request.BytesMin;
        }

        private void Send<T>(in FrameHeader header, in T message, ReadOnlyMemory<byte> payload)
            where T : IMessage<T>
        {
            OutboundFrame frame = OutboundFrame.Rent(FrameWriter.HeadSize(message));
            FrameWriter.Write(frame.Head, header, message, payload.Length);
            frame.AddPayload(payload, null);
            _connection.TrySend(frame);
        }

        private static T Read<T>(InboundFrame frame)
            where T : IMessage<T>
        {
            var reader = new WireReader(frame.Body.Span, frame.Payload.Length);
            Assert.Equal(WireStatus.Ok, T.Decode(ref reader, out T message));
            return message;
        }
    }

    private RuntimePorts Ports => ports;
}
