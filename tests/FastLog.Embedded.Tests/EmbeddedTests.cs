using System.Text;
using FastLog.Broker;
using FastLog.Client;
using FastLog.Protocol;
using FastLog.Protocol.Messages;
using FastLog.Storage;
using FastLog.Storage.Flushing;

namespace FastLog.Embedded.Tests;

/// <summary>Broker and client in this process, on a real directory.</summary>
public sealed class EmbeddedTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("fastlog-embedded-").FullName, "log");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Fact]
    public async Task Records_and_commits_are_there_when_it_is_opened_again()
    {
        await using (FastLogEmbedded log = FastLogEmbedded.Open(_path))
        {
            await using Producer producer = log.Client.CreateProducer();
            ProduceReceipt receipt = await producer.ProduceAsync("orders", Record("1 apple"));
            Assert.Equal(Durability.ThisDisk, receipt.Durability);
            await producer.ProduceAsync("orders", Record("2 pears"));
            Assert.Equal(["1 apple"], await ReadAsync(log, max: 1));
        }

        await using FastLogEmbedded again = await FastLogEmbedded.OpenAsync(_path);
        Assert.Equal(["2 pears"], await ReadAsync(again, max: 9));
    }

    [Fact]
    public async Task What_was_closed_was_closed_cleanly()
    {
        var told = new Told();
        await using (FastLogEmbedded log = FastLogEmbedded.Open(_path))
            await log.Client.Admin.CreateTopicAsync("t");
        await using FastLogEmbedded again = FastLogEmbedded.Open(_path, new EmbeddedOptions { BrokerLog = told });
        await again.Ready;
        Assert.Contains(told.Events, one => one.Contains("the last stop was clean", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_directory_in_use_is_refused_and_free_again_when_it_is_closed()
    {
        await using (FastLogEmbedded log = FastLogEmbedded.Open(_path))
        {
            StorageException inUse = Assert.Throws<StorageException>(() => { FastLogEmbedded.Open(_path); });
            Assert.Equal(StorageErrorKind.InUse, inUse.Kind);
            await log.Client.Admin.CreateTopicAsync("t");
            await log.DisposeAsync();
            await log.DisposeAsync();
        }

        await using FastLogEmbedded again = FastLogEmbedded.Open(_path);
        Assert.Equal("t", Assert.Single(await again.Client.Admin.ListTopicsAsync()).Name);
    }

    [Fact]
    public async Task Options_reach_the_topics()
    {
        var options = new EmbeddedOptions
        {
            AutoCreateTopics = false,
            DefaultPartitionCount = 3,
            Flush = FlushMode.Os,
            TopicDefaults = [new ConfigEntry("segment.bytes", "1MiB")],
        };
        await using FastLogEmbedded log = FastLogEmbedded.Open(_path, options);
        await using Producer producer = log.Client.CreateProducer();
        FastLogException missing = await Assert.ThrowsAsync<FastLogException>(
            async () => await producer.ProduceAsync("t", Record("x")));
        Assert.Equal(ErrorCode.UnknownTopic, missing.Code);
        CreateTopicResponse made = await log.Client.Admin.CreateTopicAsync("t");
        Assert.Equal(3, made.PartitionCount);
        Assert.Equal(Durability.PageCache, (await producer.ProduceAsync("t", Record("x"))).Durability);
        DescribeTopicResponse told = await log.Client.Admin.DescribeTopicAsync("t");
        Assert.Contains(new ConfigValue("segment.bytes", "1048576", ConfigSource.Broker), told.Configs);
        Assert.Throws<BrokerOptionsException>(
            () => { FastLogEmbedded.Open(_path + "2", options with { TopicDefaults = [new ConfigEntry("flsh", "os")] }); });
    }

    [Fact]
    public async Task Large_batches_and_many_producers_at_once_come_back_byte_for_byte()
    {
        const int producers = 8;
        const int each = 400;
        await using FastLogEmbedded log = FastLogEmbedded.Open(_path);
        await log.Client.Admin.CreateTopicAsync("orders", 2);
        await Task.WhenAll(Enumerable.Range(0, producers).Select(async number =>
        {
            await using Producer producer = log.Client.CreateProducer();
            for (int i = 0; i < each; i++)
                await producer.SendAsync("orders", Record($"{number}:{i}:{new string((char)('a' + number), 1 + (i * 7 % 3_000))}"));
            await producer.FlushAsync();
        }));
        List<string> values = await ReadAsync(log, int.MaxValue);
        Assert.Equal(producers * each, values.Count);
        foreach (string value in values)
        {
            string[] parts = value.Split(':');
            Assert.Equal(new string((char)('a' + int.Parse(parts[0])), 1 + (int.Parse(parts[1]) * 7 % 3_000)), parts[2]);
        }

        Assert.Equal(values.Count, values.Distinct().Count());
    }

    [Fact]
    public async Task Open_does_not_wait_for_a_thread_that_waits_for_it()
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new NeverRuns());
        FastLogEmbedded log;
        try
        {
            log = FastLogEmbedded.Open(_path);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        await log.DisposeAsync();
    }

    private static ProducerRecord Record(string value) => new(null, Encoding.UTF8.GetBytes(value));

    private static async Task<List<string>> ReadAsync(FastLogEmbedded log, int max)
    {
        await using Consumer consumer = await log.Client.CreateConsumerAsync(new ConsumerOptions
        {
            Assignments = [new ConsumerAssignment("orders", StartPosition.Earliest)],
            GroupId = "g",
            StopAtEnd = true,
        });
        List<string> values = [];
        await foreach (ConsumedRecord record in consumer.ReadRecordsAsync())
        {
            values.Add(Encoding.UTF8.GetString(record.Value!.Value.Span));
            if (values.Count == max)
                break;
        }

        await consumer.CommitAsync();
        return values;
    }

    private sealed class Told : IBrokerLog
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _events = new();

        public IReadOnlyCollection<string> Events => _events;

        public void Report(in BrokerEvent occurred) => _events.Enqueue(occurred.Message);
    }

    /// <summary>A thread of a user interface that waits for the call to end.</summary>
    private sealed class NeverRuns : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }
}
