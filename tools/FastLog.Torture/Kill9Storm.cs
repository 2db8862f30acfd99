using System.Globalization;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol.Messages;
using FastLog.Simulator;

namespace FastLog.Torture;

/// <summary>
/// kill -9 at random moments while several connections produce with flush=ack, in some rounds while the broker still starts
/// or recovers; after every few rounds all is read and checked.
/// </summary>
public sealed class Kill9Storm : ITortureRow
{
    private const int PartitionCount = 4;
    private const int ProducerCount = 4;
    private const int CheckEvery = 10;
    private const string Topic = "storm";
    private const double EarlyKillShare = 0.25;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    // Small segments, so that rolls and sealed segments are among what is killed.
    private static readonly ConfigEntry[] TopicSettings = [new("flush", "ack"), new("segment.bytes", "1048576")];

    public string Name => "kill9-storm";

    public string Description => "kill -9 at random moments during produce and recovery; nothing acknowledged may be missing";

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var storm = new Run(context, Rounds(context));
        await storm.RunAsync(cancellationToken);
        return storm.Result(Name);
    }

    private static int Rounds(TortureContext context) => context.Rounds ?? context.Tier switch
    {
        TortureTier.Ci => 12,
        TortureTier.Full => 300,
        _ => 5_000,
    };

    private sealed class Run(TortureContext context, int rounds)
    {
        private readonly Prng _prng = new(context.Seed);
        private readonly HistoryChecker _history = new();
        private readonly List<string> _violations = [];
        private readonly string _data = Path.Combine(context.WorkDirectory, "data");
        private readonly StormProducer[] _producers = new StormProducer[ProducerCount];
        private int _roundsDone;
        private int _earlyKills;
        private int _passes;

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            for (int i = 0; i < ProducerCount; i++)
                _producers[i] = new StormProducer(i + 1, Topic, PartitionCount, _history, _prng.NextUInt64());
            await FirstStartAsync(cancellationToken);
            while (_roundsDone < rounds && _violations.Count == 0)
            {
                await RoundAsync(cancellationToken);
                _roundsDone++;
                if (_roundsDone % CheckEvery == 0 || _roundsDone == rounds)
                    await CheckAsync(cancellationToken);
            }
        }

        public TortureResult Result(string name)
        {
            HistoryReport report = _history.Check();
            string summary = string.Create(
                CultureInfo.InvariantCulture,
                $"{_roundsDone} rounds, {_earlyKills} of them during start or recovery; {report.Acknowledged} acknowledged, "
                + $"{report.Unknown} unknown, {report.Failed} failed, {report.Read} read; violations {_violations.Count}");
            if (report.Acknowledged == 0)
                _violations.Add("nothing was acknowledged: the storm proves nothing");
            TortureOutcome outcome = _violations.Count == 0 ? TortureOutcome.Passed : TortureOutcome.Failed;
            return new TortureResult(name, outcome, context.Seed, summary, _violations);
        }

        private ServerProcess Start() => ServerProcess.Start(context.Program, ServerProcess.ServeArguments(_data));

        private async Task FirstStartAsync(CancellationToken cancellationToken)
        {
            using ServerProcess server = Start();
            await using FastLogClient client = await ConnectAsync(server, cancellationToken);
            await client.Admin.CreateTopicAsync(Topic, PartitionCount, 1, TopicSettings, cancellationToken);
            await server.KillAsync();
        }

        private async Task RoundAsync(CancellationToken cancellationToken)
        {
            bool early = _prng.Chance(EarlyKillShare);
            TimeSpan delay = TimeSpan.FromMilliseconds(early ? _prng.Next(5, 250) : _prng.Next(20, 400));
            using ServerProcess server = Start();
            if (early)
            {
                _earlyKills++;
                await Task.Delay(delay, cancellationToken);
                await server.KillAsync();
                return;
            }

            string address = await server.Address.WaitAsync(StartPatience, cancellationToken);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task[] producing = [.. _producers.Select(producer => Task.Run(() => producer.RunAsync(address, stop.Token), CancellationToken.None))];
            await server.Ready.WaitAsync(StartPatience, cancellationToken);
            await Task.Delay(delay, cancellationToken);
            await server.KillAsync();
            await stop.CancelAsync();
            await Task.WhenAll(producing);
        }

        private async Task CheckAsync(CancellationToken cancellationToken)
        {
            using ServerProcess server = Start();
            await using (FastLogClient client = await ConnectAsync(server, cancellationToken))
                _violations.AddRange(await StormReader.ReadAllAsync(client, Topic, _passes++, _history, cancellationToken));
            HistoryReport report = _history.Check();
            _violations.AddRange(report.Violations.Select(violation => violation.ToString()));
            context.Tell($"round {_roundsDone} of {rounds}: {report.Acknowledged} acknowledged, violations {_violations.Count}");
            await server.KillAsync();
        }

        private static async Task<FastLogClient> ConnectAsync(ServerProcess server, CancellationToken cancellationToken)
        {
            string address = await server.Address.WaitAsync(StartPatience, cancellationToken);
            await server.Ready.WaitAsync(StartPatience, cancellationToken);
            return FastLogClient.Connect(new ClientOptions { Servers = [address], ClientName = "fastlog-torture" });
        }
    }
}
