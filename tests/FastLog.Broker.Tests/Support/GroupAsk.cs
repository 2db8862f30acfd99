using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;

namespace FastLog.Broker.Tests.Support;

/// <summary>What tests ask about groups.</summary>
internal static class GroupAsk
{
    public static CommitOffsetsRequest Commit(string group, TopicId topic, long offset, int partition = 0) => new(
        group, "", GroupGeneration.None,
        [new(new TopicPartition(topic, new PartitionId(partition)), new LogOffset(offset), new LeaderEpoch(3), "why")]);

    public static async Task CommitAsync(
        TestClient client, string group, TopicId topic, long offset, int partition = 0)
    {
        CommitOffsetsResponse done = await client.AskAsync<CommitOffsetsRequest, CommitOffsetsResponse>(
            Commit(group, topic, offset, partition));
        Assert.Equal(ErrorCode.None, Assert.Single(done.Partitions).Error);
    }

    /// <summary>-1: nothing is committed. Waits until what was committed is read.</summary>
    public static async Task<long> FetchAsync(TestClient client, string group, TopicId topic, int partition = 0)
    {
        var request = new FetchOffsetsRequest(group, [new(new TopicPartition(topic, new PartitionId(partition)))]);
        return Assert.Single((await WhenReadyAsync(client, request)).Read<FetchOffsetsResponse>().Partitions).Offset.Value;
    }

    public static async Task<string[]> ListAsync(TestClient client) =>
        [.. (await WhenReadyAsync(client, new ListGroupsRequest(""))).Read<ListGroupsResponse>().Groups.Select(group => group.GroupId)];

    private static async Task<Reply> WhenReadyAsync<T>(TestClient client, T request)
        where T : IMessage<T>
    {
        for (int left = 10_000; ; left--)
        {
            Reply reply = await client.AskAsync(request);
            bool isWaiting = reply.Header.Kind == FrameKind.Error && reply.Error().Code == ErrorCode.NotReady;
            if (!isWaiting || left == 0)
                return reply;
        }
    }
}
