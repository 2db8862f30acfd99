using System.Net;
using FastLog.Broker;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage.Disk;
using FastLog.Transport.Network;

namespace FastLog.Simulation.Tests;

/// <summary>
/// One seed of a whole broker and a whole client on one thread, over simulated network, disk and clock: a topic is made,
/// producers send, a consumer and a group's consumers follow while the broker dies in the middle of disk operations and comes
/// back; then all is healed, everything is read again and the history is checked.
/// </summary>
internal sealed class BrokerRun
{
    private const string Topic = "orders";
    private const string BrokerHost = "broker-1";
    private const double GroupKillChance = 0.3;
    private static readonly IPEndPoint Address = new(IPAddress.Loopback, 9500);
    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(30);

    private readonly ulong _seed;
    private readonly RunCounters _counters;
    private readonly Prng _random;
    private readonly SimulatedDisk _disk;
    private readonly SimulatedNetwork _network;
    private readonly HistoryChecker _history;
    private readonly GroupReader _group;
    private SimulatedProcess? _brokerProcess;
    private BrokerNode? _broker;
    private int _crashesLeft;
    private long _crashAt = long.MaxValue;
    private ulong _nextValue;
    private int _nextReader;
    private bool _produced;

    public BrokerRun(ulong seed, RunCounters counters)
    {
        _seed = seed;
        _counters = counters;
        _random = new Prng(seed);
        Plan = BrokerRunPlan.Draw(_random);
        _crashesLeft = Plan.Crashes;
        Scheduler = new SimulatedScheduler(seed, new SchedulerOptions { OverlapChance = Plan.OverlapChance });
        _disk = new SimulatedDisk(_random.NextUInt64(), Plan.LossMode) { BeforeOperation = CrashWhenDue };
        _disk.ConnectTo(Scheduler);
        _network = new SimulatedNetwork(Scheduler, Plan.Network);

        // Producers are idempotent: nothing may be there twice or out of order, whatever is sent again.
        _history = new HistoryChecker();
        _group = new GroupReader(Topic, _history, _random, _counters, () => _nextReader++);
    }

    public BrokerRunPlan Plan { get; }

    public SimulatedScheduler Scheduler { get; }

    public HistoryReport Run()
    {
        StartBroker();
        SimulatedProcess client = Scheduler.CreateProcess("client");
        INetwork network = _network.Attach(client, "client-1");
        Task work = client.Start(() => UseAsync(client.Ports, network));
        Scheduler.RunUntil(() => work.IsCompleted, "the client has not ended", RunLimit);
        work.GetAwaiter().GetResult();
        Task stop = _brokerProcess!.Start(() => _broker!.StopAsync());
        Scheduler.RunUntil(() => stop.IsCompleted, "the broker has not stopped", RunLimit);
        stop.GetAwaiter().GetResult();
        _counters.Add("network resets", _network.Resets);
        _counters.Add("network refusals", _network.Refusals);
        _counters.Add("network stalls", _network.Stalls);
        Assert.Empty(_disk.Violations);
        return _history.Check();
    }

    public override string ToString() => $"seed {_seed}: {Plan}";

    private void StartBroker()
    {
        SimulatedProcess process = Scheduler.CreateProcess("broker");
        _brokerProcess = process;
        _broker = null;
        if (_crashesLeft > 0)
            _crashAt = _disk.OperationCount + _random.Next(1, Plan.CrashWithin + 1);
        INetwork network = _network.Attach(process, BrokerHost);
        IDisk disk = _disk.Attach();
        _ = process.Start(async () =>
        {
            var options = new BrokerOptions { DataPath = "/data", ListenAddress = Address };
            try
            {
                _broker = await BrokerNode.StartAsync(disk, network, process.Ports, options);
            }
            catch (Exception failure) when (!process.IsDead)
            {
                // Left the simulated work, this fails the run with its place.
                process.Post(new ActionWork(() => throw new SimulationException("the broker did not start", failure)));
            }
        });
    }

    private void CrashWhenDue(DiskOperationInfo operation)
    {
        if (operation.Number < _crashAt || _produced)
            return;
        _crashAt = long.MaxValue;
        _crashesLeft--;
        bool powerCut = _random.Chance(Plan.PowerCutChance);
        _counters.Add(powerCut ? $"power cut at {operation.Operation}" : $"kill at {operation.Operation}");
        if (powerCut)
            _network.PowerOff(BrokerHost);
        _brokerProcess!.Kill();
        if (powerCut)
            _disk.PowerCut(_random);
        else
            _disk.ProcessKill();
        var downtime = new TimeSpan(_random.Next(Plan.DowntimeMax.Ticks + 1));
        Scheduler.Schedule(downtime, new ActionWork(StartBroker));
    }

    private async Task UseAsync(RuntimePorts ports, INetwork network)
    {
        var options = new ClientOptions
        {
            Servers = [$"{Address.Address}:{Address.Port}"],
            ConnectTimeout = TimeSpan.FromSeconds(2),
            RequestTimeout = TimeSpan.FromSeconds(10),
        };
        await using FastLogClient client = FastLogClient.Connect(options, network, ports);
        await CreateTopicAsync(client, ports);
        Task follow = FollowAsync(client, ports);
        Task group = FollowAsGroupAsync(options, ports);
        var producers = new List<Task>();
        for (int i = 0; i < Plan.Producers; i++)
            producers.Add(ProduceAsync(client, ports, i));
        await Task.WhenAll(producers);
        _produced = true;
        _network.IsHealed = true;
        await follow;
        await group;
        await ReadAllAsync(client, ports);
    }

    private async Task CreateTopicAsync(FastLogClient client, RuntimePorts ports)
    {
        await RetryAsync(ports, "create topic", async () =>
        {
            try
            {
                await client.Admin.CreateTopicAsync(Topic, Plan.Partitions);
            }
            catch (FastLogException exists) when (exists.Code == Protocol.ErrorCode.TopicAlreadyExists)
            {
                // The answer of an earlier attempt was lost.
            }
        });
    }

    private async Task ProduceAsync(FastLogClient client, RuntimePorts ports, int number)
    {
        var options = new ProducerOptions
        {
            RequestsInFlightMax = Plan.RequestsInFlightMax,
            BatchBytes = Plan.BatchBytes,
            RequestBytesMax = 4 * Plan.BatchBytes,
        };
        await using Producer producer = client.CreateProducer(options);
        var pending = new List<Task>();
        for (int i = 0; i < Plan.RecordsPerProducer; i++)
        {
            ulong value = ++_nextValue;
            byte[]? key = _random.Chance(0.5) ? [(byte)_random.Next(256)] : null;
            _history.SendStarted(number, value);
            try
            {
                PendingReceipt receipt =
                    await producer.SendAsync(Topic, new ProducerRecord(Memory(key), RecordValues.Make(value)));
                pending.Add(ObserveAsync(receipt, value));
            }
            catch (FastLogException failure)
            {
                Settle(failure, value);
            }

            if (_random.Chance(0.2))
                await ports.Timers.DelayAsync(TimeSpan.FromMicroseconds(_random.Next(20_000)), CancellationToken.None);
        }

        await Task.WhenAll(pending);
    }

    private async Task ObserveAsync(PendingReceipt receipt, ulong value)
    {
        try
        {
            ProduceReceipt done = await receipt;
            _history.Acknowledged(value, done.Partition, done.Offset);
        }
        catch (FastLogException failure)
        {
            Settle(failure, value);
        }
    }

    private void Settle(FastLogException failure, ulong value)
    {
        _counters.Add($"send failed: {failure.Code}, {(failure.IsOutcomeUnknown ? "unknown" : "certain")}");
        if (failure.IsOutcomeUnknown)
            _history.Unknown(value);
        else
            _history.Failed(value);
    }

    /// <summary>Reads along with the producers, through all crashes.</summary>
    private async Task FollowAsync(FastLogClient client, RuntimePorts ports)
    {
        int reader = _nextReader++;
        using var stop = new CancellationTokenSource();
        Consumer? consumer = null;
        Task watch = StopFollowingAsync(ports, stop);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                consumer ??= await client.CreateConsumerAsync(FromEarliest(stopAtEnd: false), stop.Token);
                using ConsumedBatch? batch = await consumer.NextBatchAsync(stop.Token);
                Record(reader, batch!);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (FastLogException failure)
            {
                _counters.Add($"follow: {failure.Code}");
                await ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(100), CancellationToken.None);
            }
        }

        await watch;
        if (consumer is not null)
            await consumer.DisposeAsync();
    }

    /// <summary>One process of the group after the other; some are killed.</summary>
    private async Task FollowAsGroupAsync(ClientOptions options, RuntimePorts ports)
    {
        using var stop = new CancellationTokenSource();
        Task watch = StopFollowingAsync(ports, stop);
        while (!stop.IsCancellationRequested)
        {
            SimulatedProcess process = Scheduler.CreateProcess("group");
            INetwork network = _network.Attach(process, "client-2");
            Task life = process.Start(() => _group.LiveAsync(options, network, process.Ports, stop.Token));
            if (_random.Chance(GroupKillChance))
            {
                await Task.WhenAny(life, ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(_random.Next(200)), CancellationToken.None));
                _counters.Add("group: killed", life.IsCompleted ? 0 : 1);
                process.Kill();
            }

            if (!process.IsDead || life.IsCompleted)
                await life;
        }

        await watch;
    }

    private async Task StopFollowingAsync(RuntimePorts ports, CancellationTokenSource stop)
    {
        while (!_produced)
            await ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(20), CancellationToken.None);
        stop.Cancel();
    }

    /// <summary>With everything healed: all partitions from their starts to their ends.</summary>
    private async Task ReadAllAsync(FastLogClient client, RuntimePorts ports)
    {
        IReadOnlyList<PartitionOffset> starts = [];
        IReadOnlyList<PartitionOffset> ends = [];
        await RetryAsync(ports, "list offsets", async () =>
        {
            starts = await client.Admin.ListOffsetsAsync(Topic, StartPosition.Earliest);
            ends = await client.Admin.ListOffsetsAsync(Topic, StartPosition.Latest);
        });
        await RetryAsync(ports, "read all", async () =>
        {
            int reader = _nextReader++;
            await using Consumer consumer = await client.CreateConsumerAsync(FromEarliest(stopAtEnd: true));
            while (await consumer.NextBatchAsync() is { } batch)
            {
                using (batch)
                    Record(reader, batch);
            }
        });
        await RetryAsync(ports, "group to the end", () => _group.EndAsync(client, ends));
        foreach ((PartitionOffset start, PartitionOffset end) in starts.Zip(ends))
            _history.ReadComplete(start.Partition, start.Offset, end.Offset);
    }

    private void Record(int reader, ConsumedBatch batch)
    {
        foreach (ref readonly RecordReader record in batch)
            _history.Read(reader, batch.Partition, record.Offset, RecordValues.Parse(record.Value.Span));
    }

    private async Task RetryAsync(RuntimePorts ports, string what, Func<Task> attempt)
    {
        for (int left = 100; ; left--)
        {
            try
            {
                await attempt();
                return;
            }
            catch (FastLogException failure) when (left > 0)
            {
                _counters.Add($"{what}: {failure.Code}");
                await ports.Timers.DelayAsync(TimeSpan.FromMilliseconds(200), CancellationToken.None);
            }
        }
    }

    private static ConsumerOptions FromEarliest(bool stopAtEnd) => new()
    {
        Assignments = [new ConsumerAssignment(Topic, StartPosition.Earliest)],
        StopAtEnd = stopAtEnd,
    };

    private static ReadOnlyMemory<byte>? Memory(byte[]? bytes) => bytes is null ? (ReadOnlyMemory<byte>?)null : bytes;
}
