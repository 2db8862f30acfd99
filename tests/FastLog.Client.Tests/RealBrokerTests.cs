using System.Net;
using System.Security.Cryptography;
using System.Text;
using FastLog.Broker;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Records;
using FastLog.Storage.Disk;
using FastLog.Transport.Network;

namespace FastLog.Client.Tests;

/// <summary>The client against the real broker, over loopback and a temporary directory.</summary>
public sealed class RealBrokerTests : IAsyncLifetime, IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"fastlog-client-{Guid.NewGuid():n}");
    private readonly BlockingThreads _blocking = new("flush", 2);
    private BrokerNode _broker = null!;
    private FastLogClient _client = null!;

    public async Task InitializeAsync()
    {
        _broker = await StartAsync(port: 0);
        _client = FastLogClient.Connect(new ClientOptions { Servers = [_broker.LocalAddress.ToString()!] });
    }

    public async Task DisposeAsync()
    {
        await _client.DisposeAsync();
        await _broker.DisposeAsync();
    }

    public void Dispose()
    {
        _blocking.Dispose();
        if (Directory.Exists(_path))
            Directory.Delete(_path, recursive: true);
    }

    [Theory]
    [InlineData(Codec.None, 1)]
    [InlineData(Codec.Gzip, 1)]
    [InlineData(Codec.None, 8)]
    public async Task What_was_produced_comes_back_byte_for_byte(Codec codec, int partitions)
    {
        const int count = 20_000;
        await _client.Admin.CreateTopicAsync("orders", partitions);
        await using Producer producer = _client.CreateProducer(
            new ProducerOptions { Compression = codec, BatchBytes = 32 << 10 });
        TopicProducer topic = await producer.OpenTopicAsync("orders");
        var values = new List<byte[]>();
        for (int i = 0; i < count; i++)
            values.Add(Encoding.UTF8.GetBytes($"{i} {Convert.ToHexString(SHA256.HashData(BitConverter.GetBytes(i)))}"));
        foreach (byte[] value in values)
        {
            while (!topic.TrySend(new ProducerRecord(value), out _))
                await topic.WaitForRoomAsync();
        }

        await producer.FlushAsync();
        await using Consumer consumer = await _client.CreateConsumerAsync(new ConsumerOptions
        {
            Assignments = [new ConsumerAssignment("orders", StartPosition.Earliest)],
            StopAtEnd = true,
            FetchBytesPerPartitionMax = 100_000,
        });
        List<string> got = [];
        var next = new long[partitions];
        while (await consumer.NextBatchAsync() is { } batch)
        {
            using (batch)
                Read(batch, next, got);
        }

        Assert.Equal(
            values.Select(Encoding.UTF8.GetString).Order(StringComparer.Ordinal), got.Order(StringComparer.Ordinal));
        if (partitions == 1)
            Assert.Equal(values.Select(Encoding.UTF8.GetString), got);
    }

    [Fact]
    public async Task Topics_are_made_listed_described_and_deleted()
    {
        CreateTopicResponse made = await _client.Admin.CreateTopicAsync(
            "a", 3, configs: [new ConfigEntry("flush", "os")]);
        FastLogException twice = await Assert.ThrowsAsync<FastLogException>(
            async () => await _client.Admin.CreateTopicAsync("a", 3));
        Assert.Equal(ErrorCode.TopicAlreadyExists, twice.Code);
        Assert.Equal(made.Id, Assert.Single(await _client.Admin.ListTopicsAsync()).Id);
        await using (Producer producer = _client.CreateProducer())
        {
            ProduceReceipt receipt = await producer.ProduceAsync(
                "a", new ProducerRecord("k"u8.ToArray(), "v"u8.ToArray()));
            Assert.Equal(Durability.PageCache, receipt.Durability);
        }

        DescribeTopicResponse described = await _client.Admin.DescribeTopicAsync("a");
        Assert.Equal(1, described.Partitions.Sum(static partition => partition.LogEnd.Value));
        Assert.Contains(described.Configs, static config => config is { Key: "flush", Value: "os" });
        IReadOnlyList<PartitionOffset> ends = await _client.Admin.ListOffsetsAsync("a", StartPosition.Latest);
        Assert.Equal(1, ends.Sum(static end => end.Offset.Value));
        await _client.Admin.DeleteTopicAsync("a");
        Assert.Empty(await _client.Admin.ListTopicsAsync());
        FastLogException gone = await Assert.ThrowsAsync<FastLogException>(
            async () => await _client.Admin.DescribeTopicAsync("a"));
        Assert.Equal(ErrorCode.UnknownTopic, gone.Code);
    }

    [Fact]
    public async Task Producer_and_consumer_go_on_when_the_broker_starts_again()
    {
        await _client.Admin.CreateTopicAsync("t", 1);
        await using Producer producer = _client.CreateProducer();
        ProduceReceipt first = await producer.ProduceAsync("t", new ProducerRecord("a"u8.ToArray()));
        Assert.Equal(Durability.ThisDisk, first.Durability);
        await using Consumer consumer = await _client.CreateConsumerAsync(
            new ConsumerOptions { Assignments = [new ConsumerAssignment("t", StartPosition.Earliest)] });
        (await consumer.NextBatchAsync())!.Dispose();
        int port = ((IPEndPoint)_broker.LocalAddress).Port;
        await _broker.DisposeAsync();
        PendingReceipt pending = await producer.SendAsync("t", new ProducerRecord("b"u8.ToArray()));
        _broker = await StartAsync(port);
        Assert.Equal(1, (await pending).Offset.Value);
        using ConsumedBatch? batch = await consumer.NextBatchAsync();
        Assert.Equal("b", Encoding.UTF8.GetString(batch!.ToRecords()[0].Value!.Value.Span));
    }

    [Fact]
    public async Task An_offset_out_of_range_names_the_range()
    {
        await _client.Admin.CreateTopicAsync("t", 1);
        await using Producer producer = _client.CreateProducer();
        await producer.ProduceAsync("t", new ProducerRecord("a"u8.ToArray()));
        await using Consumer consumer = await _client.CreateConsumerAsync(
            new ConsumerOptions { Assignments = [new ConsumerAssignment("t", StartPosition.At(new LogOffset(7)))] });
        OffsetOutOfRangeException error = await Assert.ThrowsAsync<OffsetOutOfRangeException>(
            async () => await consumer.NextBatchAsync());
        Assert.Contains("0 to 1", error.Message, StringComparison.Ordinal);
    }

    private static void Read(ConsumedBatch batch, long[] next, List<string> got)
    {
        foreach (ref readonly RecordReader record in batch)
        {
            Assert.Equal(next[batch.Partition.Value]++, record.Offset.Value);
            got.Add(Encoding.UTF8.GetString(record.Value.Span));
        }
    }

    private async Task<BrokerNode> StartAsync(int port)
    {
        Directory.CreateDirectory(_path);
        var options = new BrokerOptions { DataPath = _path, ListenAddress = new IPEndPoint(IPAddress.Loopback, port) };
        BrokerNode broker = await BrokerNode.StartAsync(
            new OsDisk(), SocketNetwork.Instance, SystemPorts.Create(_blocking), options);
        await broker.Ready;
        return broker;
    }
}
