using System.Net;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol.Messages;
using FastLog.Simulator;

namespace FastLog.Torture;

/// <summary>
/// Producers whose connections are cut between an append and its acknowledgement, over and over, while the broker is killed
/// and started again: each record must be in the log once, in order, and each batch that is sent again is told the same offset.
/// </summary>
public sealed class IdempotentRetry : ITortureRow
{
    private const int PartitionCount = 4;
    private const int ProducerCount = 4;
    private const int InFlightMax = 2_000;
    private const int RetriesPerLife = 50;
    private const double CutShare = 0.2;
    private const string Topic = "retries";

    private static readonly TimeSpan StallPatience = TimeSpan.FromMinutes(1);

    // Small segments and few of them, so that what is sent again was often rolled away meanwhile, and sometimes deleted.
    private static readonly ConfigEntry[] Settings =
        [new("flush", "ack"), new("segment.bytes", "65536"), new("retention.bytes", "262144")];

    public string Name => "idempotent-retry";

    public string Description => "connections cut between append and acknowledgement, the broker killed and segments deleted in between; nothing may be there twice";

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        using var run = new Run(context, Retries(context));
        await run.RunAsync(cancellationToken);
        return run.Result(Name);
    }

    /// <summary>Batches whose answer was cut off and that the broker answered again.</summary>
    private static int Retries(TortureContext context) => context.Rounds ?? context.Tier switch
    {
        TortureTier.Ci => 300,
        TortureTier.Full => 10_000,
        _ => 200_000,
    };

    private sealed class Run : IDisposable
    {
        private readonly TortureContext _context;
        private readonly int _retries;
        private readonly string _data;
        private readonly StormTally _tally = new();
        private readonly HistoryChecker _history = new();
        private readonly AnswerLedger _ledger = new();
        private readonly CuttingProxy _proxy;
        private readonly CancellationTokenSource _enough = new();
        private int _kills;
        private long _deleted;

        public Run(TortureContext context, int retries)
        {
            _context = context;
            _retries = retries;
            _data = Path.Combine(context.WorkDirectory, "data");
            _proxy = new CuttingProxy(context.Seed, _ledger);
        }

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            StormServer server = await StartAsync(cancellationToken);
            try
            {
                await server.Client.Admin.CreateTopicAsync(Topic, PartitionCount, 1, Settings, cancellationToken);
                _proxy.CutShare = CutShare;
                Task[] producing = [.. Enumerable.Range(1, ProducerCount).Select(number =>
                    Task.Run(() => ProduceAsync(number, cancellationToken), CancellationToken.None))];
                while (_ledger.RepeatedAnswers < _retries && _ledger.Violations.Count == 0)
                {
                    await UntilAsync(Math.Min(_retries, _ledger.RepeatedAnswers + RetriesPerLife), cancellationToken);
                    _proxy.Target = null;
                    await server.Process.KillAsync();
                    _kills++;
                    server.Dispose();
                    server = await StartAsync(cancellationToken);
                    _context.Tell($"{_ledger.RepeatedAnswers} of {_retries} answered again, {_ledger.Retries} sent again, {_proxy.Cuts} cuts, {_kills} kills");
                }

                _proxy.CutShare = 0;
                await _enough.CancelAsync();
                await Task.WhenAll(producing);
                _tally.Violations.AddRange(await StormReader.ReadAllAsync(server.Client, Topic, 0, _history, cancellationToken));
                _deleted = await StormReader.DeletedAsync(server.Client, Topic, cancellationToken);
                if (_deleted == 0)
                    _tally.Violations.Add("retention deleted nothing: this proves less than it says");
            }
            finally
            {
                server.Dispose();
            }
        }

        public TortureResult Result(string name)
        {
            HistoryReport report = _history.Check();
            _tally.Violations.AddRange(_ledger.Violations);
            _tally.Violations.AddRange(report.Violations.Select(violation => violation.ToString()));
            if (report.Unknown + report.Failed > 0)
                _tally.Violations.Add($"{report.Unknown} sends ended unknown and {report.Failed} failed, where all can be sent again");
            _tally.Add(new TortureFigures { Kills = _kills, Faults = _proxy.Cuts, Points = _ledger.Retries });
            _tally.Close(report);
            return _tally.Result(name, _context.Seed, FormattableString.Invariant(
                $"{_ledger.Retries} batches sent again, {_proxy.Cuts} cuts, {_kills} kills; {_ledger.RepeatedAnswers} answered again with the same offset, {_ledger.Refusals} refused for a while; {_deleted} records deleted by retention; duplicates {report.Duplicates}"));
        }

        public void Dispose()
        {
            _proxy.Dispose();
            _enough.Dispose();
        }

        private async Task<StormServer> StartAsync(CancellationToken cancellationToken)
        {
            StormServer server = await StormServer.StartAsync(
                _context, _data, _tally, cancellationToken, null, "--set", $"broker.advertise=127.0.0.1:{_proxy.Port}");
            _proxy.Target = IPEndPoint.Parse(server.Address);
            return server;
        }

        private async Task UntilAsync(long retries, CancellationToken cancellationToken)
        {
            DateTime limit = DateTime.UtcNow + StallPatience;
            while (_ledger.RepeatedAnswers < retries && _ledger.Violations.Count == 0)
            {
                if (DateTime.UtcNow > limit)
                    throw new TimeoutException($"{_ledger.RepeatedAnswers} answered again, and no more for {StallPatience.TotalSeconds:0} s");
                await Task.Delay(5, cancellationToken);
            }
        }

        private async Task ProduceAsync(int number, CancellationToken cancellationToken)
        {
            await using FastLogClient client = FastLogClient.Connect(new ClientOptions
            {
                Servers = [$"127.0.0.1:{_proxy.Port}"],
                ClientName = "fastlog-torture",
                RetryBackoffMin = TimeSpan.FromMilliseconds(1),
                RetryBackoffMax = TimeSpan.FromMilliseconds(50),
            });
            await using Producer producer = client.CreateProducer(new ProducerOptions
            {
                BatchBytes = 2 << 10,
                RequestBytesMax = 8 << 10,
                DeliveryTimeout = TimeSpan.FromMinutes(10),
            });
            TopicProducer topic = await OpenAsync(producer, cancellationToken);
            var prng = new Prng(_context.Seed + (ulong)number);
            var open = new Queue<Task>();
            for (long n = 0; !_enough.IsCancellationRequested; n++)
            {
                ulong value = StormValue.Number(number, n);
                var partition = new PartitionId((int)prng.Next(PartitionCount));
                _history.SendStarted(number, value, partition);
                PendingReceipt receipt = await topic.SendAsync(
                    new ProducerRecord(StormValue.Create(value)) { Partition = partition }, cancellationToken);
                open.Enqueue(SettleAsync(receipt, value));
                while (open.Count > InFlightMax)
                    await open.Dequeue();
            }

            await Task.WhenAll(open);
        }

        /// <summary>The look-ups before the first record are cut too.</summary>
        private static async Task<TopicProducer> OpenAsync(Producer producer, CancellationToken cancellationToken)
        {
            while (true)
            {
                try
                {
                    return await producer.OpenTopicAsync(Topic, cancellationToken);
                }
                catch (FastLogException cause) when (cause.IsRetriable)
                {
                    await Task.Delay(20, cancellationToken);
                }
            }
        }

        private async Task SettleAsync(PendingReceipt receipt, ulong value)
        {
            try
            {
                ProduceReceipt done = await receipt;
                _history.Acknowledged(value, done.Partition, done.Offset);
            }
            catch (FastLogException failure)
            {
                if (failure.IsOutcomeUnknown)
                    _history.Unknown(value);
                else
                    _history.Failed(value);
            }
        }
    }
}
