using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Torture;

/// <summary>
/// kill -9 at random moments while several connections produce with flush=ack, in some rounds while the broker still starts
/// or recovers; after every few rounds all is read and checked.
/// </summary>
public sealed class Kill9Storm : ITortureRow
{
    private const int PartitionCount = 4;
    private const int ProducerCount = 4;
    private const int RecyclingPartitionCount = 1;

    // As many records as no log that retention works on still holds.
    private const long SurelyDeleted = 8_000;
    private const int CheckEvery = 10;
    private const double EarlyKillShare = 0.25;
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    // Small segments, so that rolls and sealed segments are among what is killed.
    private static readonly ConfigEntry[] TopicSettings = [new("flush", "ack"), new("segment.bytes", "1048576")];

    // So small that retention deletes and files are used again all the time.
    private static readonly ConfigEntry[] RecyclingSettings =
        [new("flush", "ack"), new("segment.bytes", "65536"), new("retention.bytes", "131072")];

    public string Name => "kill9-storm";

    public string Description => "kill -9 at random moments during produce, retention and recovery; nothing acknowledged may be missing";

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

    private sealed class Run
    {
        private readonly TortureContext _context;
        private readonly int _rounds;
        private readonly Prng _prng;
        private readonly StormTopic[] _topics;
        private readonly StormTally _tally = new();
        private readonly string _data;
        private int _roundsDone;
        private int _earlyKills;
        private long _deleted;

        public Run(TortureContext context, int rounds)
        {
            _context = context;
            _rounds = rounds;
            _prng = new Prng(context.Seed);
            _topics =
            [
                new StormTopic("storm", PartitionCount, new StormCrew(1, ProducerCount), TopicSettings, _prng),
                new StormTopic("recycling", RecyclingPartitionCount, new StormCrew(1 + ProducerCount, 1), RecyclingSettings, _prng),
            ];
            _data = Path.Combine(context.WorkDirectory, "data");
        }

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            using (StormServer server = await StartAsync(cancellationToken))
            {
                foreach (StormTopic topic in _topics)
                    await topic.CreateAsync(server.Client, cancellationToken);
            }

            while (_roundsDone < _rounds && _tally.Violations.Count == 0)
            {
                await RoundAsync(cancellationToken);
                _roundsDone++;
                if (_roundsDone % CheckEvery == 0 || _roundsDone == _rounds)
                    await CheckAsync(cancellationToken);
            }
        }

        public TortureResult Result(string name)
        {
            foreach (StormTopic topic in _topics)
                _tally.Close(topic.Report());
            if (_deleted == 0 && _topics[^1].Acknowledged > SurelyDeleted)
                _tally.Violations.Add("retention deleted nothing: this proves less than it says");
            return _tally.Result(name, _context.Seed, FormattableString.Invariant(
                $"{_roundsDone} rounds, {_earlyKills} of them during start or recovery; {_deleted} records deleted by retention; worst start {_tally.Figures.WorstRecovery.TotalSeconds:0.00} s"));
        }

        private Task<StormServer> StartAsync(CancellationToken cancellationToken) =>
            StormServer.StartAsync(_context, _data, _tally, cancellationToken);

        private async Task RoundAsync(CancellationToken cancellationToken)
        {
            bool early = _prng.Chance(EarlyKillShare);
            TimeSpan delay = TimeSpan.FromMilliseconds(early ? _prng.Next(5, 250) : _prng.Next(20, 400));
            using ServerProcess server = ServerProcess.Start(_context.Program, ServerProcess.ServeArguments(_data));
            _tally.Add(new TortureFigures { Kills = 1, Points = 1 });
            if (early)
            {
                _earlyKills++;
                await Task.Delay(delay, cancellationToken);
                await server.KillAsync();
                return;
            }

            // Produces while the partitions are still being recovered.
            string address = await server.Address.WaitAsync(StartPatience, cancellationToken);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task producing = Task.WhenAll(_topics.Select(topic => topic.ProduceAsync(address, stop.Token)));
            await server.Ready.WaitAsync(StartPatience, cancellationToken);
            await Task.Delay(delay, cancellationToken);
            await server.KillAsync();
            await stop.CancelAsync();
            await producing;
        }

        private async Task CheckAsync(CancellationToken cancellationToken)
        {
            using StormServer server = await StartAsync(cancellationToken);
            foreach (StormTopic topic in _topics)
                _tally.Violations.AddRange(await topic.CheckAsync(server.Client, cancellationToken));
            _deleted = await StormReader.DeletedAsync(server.Client, _topics[^1].Name, cancellationToken);
            _context.Tell($"round {_roundsDone} of {_rounds}: {_topics.Sum(topic => topic.Acknowledged)} acknowledged, {_deleted} deleted, violations {_tally.Violations.Count}");
        }
    }
}
