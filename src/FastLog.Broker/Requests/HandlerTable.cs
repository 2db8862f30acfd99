using FastLog.Broker.Fetching;
using FastLog.Broker.Handlers;
using FastLog.Broker.Producing;
using FastLog.Primitives;
using FastLog.Protocol;

namespace FastLog.Broker.Requests;

/// <summary>The handler of each message of the catalog. Immutable.</summary>
internal sealed class HandlerTable
{
    private readonly IRequestHandler?[] _byKey;

    public HandlerTable(BrokerServices services)
    {
        IRequestHandler[] handlers =
        [
            new HelloHandler(services),
            new MetadataHandler(services),
            new CreateTopicHandler(services),
            new DeleteTopicHandler(services),
            new ListTopicsHandler(services),
            new DescribeTopicHandler(services),
            new AlterTopicHandler(services),
            new AddPartitionsHandler(services),
            new ProduceHandler(services),
            new FetchHandler(services),
            new ListOffsetsHandler(services),
            new DeleteRecordsHandler(services),
            new InitProducerHandler(services),
            new CommitOffsetsHandler(services),
            new FetchOffsetsHandler(services),
            new ListGroupsHandler(services),
            new DescribeGroupHandler(services),
            new DeleteGroupHandler(services),
        ];
        _byKey = new IRequestHandler?[handlers.Max(handler => (int)handler.Key) + 1];
        foreach (IRequestHandler handler in handlers)
            _byKey[(int)handler.Key] = handler;
        foreach (MessageInfo message in MessageCatalog.All)
            Invariant.Check((int)message.Key < _byKey.Length && _byKey[(int)message.Key] is not null);
    }

    /// <summary>The handler of a key that the catalog lists.</summary>
    public IRequestHandler Find(ApiKey key) => _byKey[(int)key]!;
}
