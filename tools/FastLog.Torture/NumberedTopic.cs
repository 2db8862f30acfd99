using System.Buffers.Binary;
using System.Globalization;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol.Messages;
using FastLog.Records;

namespace FastLog.Torture;

/// <summary>
/// A topic whose n-th record of each partition has the number n and bytes that follow from it: much of it is made and checked
/// quickly, with a few words of memory for each partition. One run at a time.
/// </summary>
internal sealed class NumberedTopic
{
    private const int ValueBytes = 8 << 10;
    private const int HeaderBytes = sizeof(int) + sizeof(long);
    private const int BlockBytes = 64 << 10;
    private const int BurstRecords = 32;

    private static readonly byte[] ProbeValue = "probe"u8.ToArray();

    private readonly byte[] _block = new byte[BlockBytes];
    private readonly int _inFlightMax;
    private readonly long[] _sent;
    private readonly long[] _acknowledged;
    private long _acknowledgedBytes;
    private (int Partition, long Offset) _probe = (-1, 0);

    /// <param name="name">The topic.</param>
    /// <param name="partitionCount">1 or more.</param>
    /// <param name="inFlightBytesMax">Of records without an answer.</param>
    /// <param name="seed">Of the records' bytes.</param>
    public NumberedTopic(string name, int partitionCount, long inFlightBytesMax, ulong seed)
    {
        Name = name;
        _inFlightMax = (int)(inFlightBytesMax / ValueBytes);
        new Prng(seed).Fill(_block);
        _sent = new long[partitionCount];
        _acknowledged = new long[partitionCount];
    }

    public string Name { get; }

    public int PartitionCount => _sent.Length;

    /// <summary>Any thread.</summary>
    public long AcknowledgedBytes => Volatile.Read(ref _acknowledgedBytes);

    public long Acknowledged => _acknowledged.Sum();

    /// <summary>Sent without an answer.</summary>
    public long Unknown => _sent.Sum() - Acknowledged;

    public Task CreateAsync(FastLogClient client, IReadOnlyList<ConfigEntry> settings, CancellationToken cancellationToken) =>
        client.Admin.CreateTopicAsync(Name, PartitionCount, 1, settings, cancellationToken).AsTask();

    /// <summary>Sends until the token is cancelled or the broker dies; ends when no answer comes any more.</summary>
    public async Task FillAsync(string address, CancellationToken cancellationToken)
    {
        await using FastLogClient client = FastLogClient.Connect(
            new ClientOptions { Servers = [address], ClientName = "fastlog-torture", RequestTimeout = TimeSpan.FromSeconds(30) });
        Producer producer = client.CreateProducer(new ProducerOptions { DisposeTimeout = TimeSpan.FromMilliseconds(1) });
        var open = new SendWindow(_inFlightMax);
        try
        {
            TopicProducer topic = await producer.OpenTopicAsync(Name, cancellationToken);
            for (int partition = 0; !cancellationToken.IsCancellationRequested; partition = (partition + 1) % PartitionCount)
            {
                for (int i = 0; i < BurstRecords; i++)
                    open.Add(await SendAsync(topic, partition, cancellationToken));
                if (!await open.AdvanceAsync(cancellationToken))
                    return;
            }
        }
        catch (Exception ending) when (ending is FastLogException or OperationCanceledException)
        {
            // The broker was killed.
        }
        finally
        {
            await producer.DisposeAsync();
            await open.SettleAsync();
        }
    }

    /// <summary>Appends one record that is not numbered, after a fill: it must land behind all that was acknowledged.</summary>
    public async Task ProbeAsync(FastLogClient client, PartitionId partition, CancellationToken cancellationToken)
    {
        await using Producer producer = client.CreateProducer();
        ProduceReceipt receipt = await producer.ProduceAsync(
            Name, new ProducerRecord(ProbeValue) { Partition = partition }, cancellationToken);
        _probe = (receipt.Partition.Value, receipt.Offset.Value);
    }

    /// <summary>Reads all of it; what is wrong, in words, and how many acknowledged records are missing.</summary>
    public async Task<(IReadOnlyList<string> Wrong, long Read, long Lost)> CheckAsync(
        FastLogClient client, CancellationToken cancellationToken)
    {
        var wrong = new List<string>();
        long[] next = new long[PartitionCount];
        await using Consumer consumer = await client.CreateConsumerAsync(
            new ConsumerOptions { Assignments = [new ConsumerAssignment(Name, StartPosition.Earliest)], StopAtEnd = true },
            cancellationToken);
        while (wrong.Count < 10 && await consumer.NextBatchAsync(cancellationToken) is { } batch)
        {
            using (batch)
                Walk(batch, next, wrong);
        }

        long lost = 0;
        for (int partition = 0; partition < PartitionCount && wrong.Count < 10; partition++)
        {
            long end = partition == _probe.Partition ? _probe.Offset : next[partition];
            long missing = _acknowledged[partition] - end;
            if (missing <= 0)
                continue;
            lost += missing;
            wrong.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"partition {partition} ends at {end}, acknowledged were {_acknowledged[partition]} records"));
        }

        return (wrong, next.Sum(), lost);
    }

    /// <summary>Whether a value is the n-th of its partition.</summary>
    public bool IsValue(int partition, long n, ReadOnlySpan<byte> value) =>
        value.Length == ValueBytes
        && BinaryPrimitives.ReadInt32BigEndian(value) == partition
        && BinaryPrimitives.ReadInt64BigEndian(value[sizeof(int)..]) == n
        && value[HeaderBytes..].SequenceEqual(BytesOf(partition, n));

    private void Walk(ConsumedBatch batch, long[] next, List<string> wrong)
    {
        int partition = batch.Partition.Value;
        foreach (ref readonly RecordReader record in batch)
        {
            long n = next[partition]++;
            bool isGood = (partition, n) == _probe
                ? record.Value.Span.SequenceEqual(ProbeValue)
                : IsValue(partition, n, record.Value.Span);
            if (record.Offset.Value == n && isGood)
                continue;
            wrong.Add(string.Create(
                CultureInfo.InvariantCulture, $"partition {partition}: record {n} lies at offset {record.Offset} or is not what was sent"));
            return;
        }
    }

    private async Task<Task<bool>> SendAsync(TopicProducer topic, int partition, CancellationToken cancellationToken)
    {
        long n = _sent[partition];
        byte[] value = new byte[ValueBytes];
        BinaryPrimitives.WriteInt32BigEndian(value, partition);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(sizeof(int)), n);
        BytesOf(partition, n).CopyTo(value.AsSpan(HeaderBytes));
        PendingReceipt receipt = await topic.SendAsync(
            new ProducerRecord(value) { Partition = new PartitionId(partition) }, cancellationToken);
        _sent[partition] = n + 1;
        return SettleAsync(receipt, partition);
    }

    private ReadOnlySpan<byte> BytesOf(int partition, long n)
    {
        const int Size = ValueBytes - HeaderBytes;
        return _block.AsSpan((int)(((n * 131) + (partition * 17L)) % (BlockBytes - Size)), Size);
    }

    private async Task<bool> SettleAsync(PendingReceipt receipt, int partition)
    {
        try
        {
            ProduceReceipt done = await receipt;
            _acknowledged[partition] = Math.Max(_acknowledged[partition], done.Offset.Value + 1);
            Interlocked.Add(ref _acknowledgedBytes, ValueBytes);
            return true;
        }
        catch (FastLogException)
        {
            return false;
        }
    }
}
