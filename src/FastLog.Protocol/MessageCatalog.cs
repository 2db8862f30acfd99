namespace FastLog.Protocol;

/// <summary>One message as the spec lists it.</summary>
/// <param name="Page">Its page below <c>protocol-spec/messages</c>.</param>
public readonly record struct MessageInfo(ApiRange Range, MessageDirection Direction, string Page)
{
    public ApiKey Key => Range.Key;

    public string Name => Key.ToString();
}

/// <summary>The one list of messages: keys, versions, directions, pages.</summary>
public static class MessageCatalog
{
    /// <summary>All messages, ascending by key.</summary>
    public static IReadOnlyList<MessageInfo> All { get; } =
    [
        Entry(ApiKey.Hello, "hello.md"),
        Entry(ApiKey.Metadata, "metadata.md"),
        Entry(ApiKey.CreateTopic, "create-topic.md"),
        Entry(ApiKey.DeleteTopic, "delete-topic.md"),
        Entry(ApiKey.ListTopics, "list-topics.md"),
        Entry(ApiKey.DescribeTopic, "describe-topic.md"),
        Entry(ApiKey.AlterTopic, "alter-topic.md"),
        Entry(ApiKey.AddPartitions, "add-partitions.md"),
        Entry(ApiKey.Produce, "produce.md"),
        Entry(ApiKey.Fetch, "fetch.md"),
        Entry(ApiKey.ListOffsets, "list-offsets.md"),
        Entry(ApiKey.DeleteRecords, "delete-records.md"),
        Entry(ApiKey.InitProducer, "init-producer.md"),
        Entry(ApiKey.CommitOffsets, "commit-offsets.md"),
        Entry(ApiKey.FetchOffsets, "fetch-offsets.md"),
        Entry(ApiKey.ListGroups, "list-groups.md"),
        Entry(ApiKey.DescribeGroup, "describe-group.md"),
        Entry(ApiKey.DeleteGroup, "delete-group.md"),
    ];

    /// <summary>The versions of all messages, for hello and for error responses.</summary>
    public static IReadOnlyList<ApiRange> Ranges { get; } = [.. All.Select(message => message.Range)];

    public static bool TryFind(ApiKey key, out MessageInfo message)
    {
        for (int i = 0; i < All.Count; i++)
        {
            message = All[i];
            if (message.Key == key)
                return true;
        }

        message = default;
        return false;
    }

    /// <summary>
    /// Whether a request of this key and version can be read: none, UnknownApi or UnsupportedVersion.
    /// </summary>
    public static ErrorCode Check(ApiKey key, ApiVersion version)
    {
        if (!TryFind(key, out MessageInfo message))
            return ErrorCode.UnknownApi;
        return message.Range.Contains(version) ? ErrorCode.None : ErrorCode.UnsupportedVersion;
    }

    private static MessageInfo Entry(ApiKey key, string page) =>
        new(new ApiRange(key, ApiVersion.One, ApiVersion.One), MessageDirection.ClientToBroker, page);
}
