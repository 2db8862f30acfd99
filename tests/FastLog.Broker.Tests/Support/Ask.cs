using System.Text;
using FastLog.Primitives;
using FastLog.Protocol.Messages;
using FastLog.Records;

namespace FastLog.Broker.Tests.Support;

/// <summary>Requests and batches as the tests need them.</summary>
internal static class Ask
{
    public static byte[] Batch(Timestamp at, params string[] values)
    {
        var builder = new BatchBuilder(new byte[1024 + values.Sum(value => value.Length + 32)]);
        foreach (string value in values)
            Assert.True(builder.TryAppend(at, (byte[]?)null, Encoding.UTF8.GetBytes(value)));
        return builder.Build().ToArray();
    }

    public static async Task<TopicId> CreateAsync(
        this TestClient client, string name, int partitions = 1, params ConfigEntry[] configs)
    {
        CreateTopicResponse made = await client.AskAsync<CreateTopicRequest, CreateTopicResponse>(
            new CreateTopicRequest(name, partitions, 1, configs));
        return made.Id;
    }

    public static ProduceRequest Produce(TopicId topic, int size, int partition = 0, ProduceAcks acks = ProduceAcks.All) => new(
        acks, TimeSpan.FromSeconds(30), new[] { new ProducePartitionRequest(new TopicPartition(topic, new(partition)), size) });

    public static async Task<ProducePartitionResponse> ProduceAsync(
        this TestClient client, TopicId topic, byte[] batch, int partition = 0, ProduceAcks acks = ProduceAcks.All)
    {
        ProduceResponse response = (await client.AskAsync(Produce(topic, batch.Length, partition, acks), batch)).Read<ProduceResponse>();
        Assert.Equal(1, response.Partitions.Length);
        return response.Partitions.Span[0];
    }

    public static FetchPartitionRequest At(
        TopicId topic, long offset, int partition = 0, int bytesMax = 1 << 20, int lastEpoch = -1, int currentEpoch = -1) => new(
        new TopicPartition(topic, new(partition)), new LogOffset(offset), new LeaderEpoch(lastEpoch), new LeaderEpoch(currentEpoch),
        bytesMax);

    public static FetchRequest Fetch(int waitMs, int bytesMin, params FetchPartitionRequest[] partitions) =>
        new(TimeSpan.FromMilliseconds(waitMs), bytesMin, 1 << 20, partitions);

    public static async Task<(FetchPartitionResponse Outcome, string[] Values)> FetchAsync(
        this TestClient client, TopicId topic, long offset, int partition = 0, int waitMs = 0)
    {
        Reply reply = await client.AskAsync(Fetch(waitMs, 1, At(topic, offset, partition)));
        FetchPartitionResponse outcome = reply.Read<FetchResponse>().Partitions.Span[0];
        return (outcome, Values(reply.Payload));
    }

    /// <summary>The values of all records of the batches, whose CRCs are checked.</summary>
    public static string[] Values(byte[] payload)
    {
        var values = new List<string>();
        var batches = new BatchReader(payload, BatchCheck.Checksum);
        while (batches.Read())
        {
            Assert.Equal(BatchStatus.Ok, batches.TryOpenRecords(new InflateBuffer(BufferPool.Shared), out RecordReader records));
            while (records.Read())
                values.Add(Encoding.UTF8.GetString(records.Value.Span));
        }

        Assert.Equal(BatchStatus.Ok, batches.Status);
        return [.. values];
    }
}
