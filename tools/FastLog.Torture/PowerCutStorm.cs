using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Torture;

/// <summary>
/// Real power cuts: a broker works on a file system of its own in a loop-mounted image, producers and topic changes run, the
/// file system is shut down under all of them at a random moment (in some rounds while the broker still starts or recovers),
/// mounted again, and everything is read and checked.
/// </summary>
public sealed class PowerCutStorm : ITortureRow
{
    private readonly string _fileSystem;
    private readonly int _fullRounds;

    private PowerCutStorm(string name, string fileSystem, int fullRounds)
    {
        Name = name;
        _fileSystem = fileSystem;
        _fullRounds = fullRounds;
    }

    public static PowerCutStorm OnExt4 { get; } = new("power-cut-real", LoopDisk.Ext4, 200);

    public static PowerCutStorm OnXfs { get; } = new("power-cut-xfs", LoopDisk.Xfs, 50);

    public string Name { get; }

    public string Description =>
        $"the power of a real {_fileSystem} is cut at random moments of producing, topic changes and recovery";

    public string? Missing(TortureContext context) => LoopDisk.Missing(_fileSystem);

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int rounds = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 6,
            TortureTier.Full => _fullRounds,
            _ => _fullRounds * 10,
        };
        using var disk = LoopDisk.Create(context.WorkDirectory, _fileSystem);
        var storm = new Run(context, disk, rounds);
        await storm.RunAsync(cancellationToken);
        return storm.Result(Name);
    }

    private sealed class Run(TortureContext context, LoopDisk disk, int rounds)
    {
        // A topic lives so many rounds: histories stay short, and deleted topics are among what must stay away.
        private const int TopicRounds = 10;
        private const int PartitionCount = 4;
        private const int ProducerCount = 3;
        private const int EarlyCutEvery = 4;
        private const double JournalShare = 0.5;
        private const int TellEvery = 10;

        // The smallest segments: rolls come every few milliseconds.
        private static readonly ConfigEntry[] TopicSettings = [new("flush", "ack"), new("segment.bytes", "65536")];

        private readonly Prng _prng = new(context.Seed);
        private readonly StormTally _tally = new();
        private readonly TopicChurn _churn = new(new Prng(context.Seed + 1));
        private readonly string _data = Path.Combine(disk.Path, "data");
        private StormTopic? _topic;
        private int _topics;
        private int _rounds;
        private int _earlyCuts;

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            while (_rounds < rounds && _tally.Violations.Count == 0)
            {
                if (_rounds % EarlyCutEvery == EarlyCutEvery - 1)
                    await CutDuringStartAsync(cancellationToken);
                else
                    await CutDuringWorkAsync(cancellationToken);
                _rounds++;
                if (_rounds % TellEvery == 0)
                    context.Tell($"cut {_rounds} of {rounds}: {_topic!.Report().Acknowledged} acknowledged, violations {_tally.Violations.Count}");
            }

            using (StormServer server = await StartAsync(cancellationToken))
                await CheckAsync(server.Client, cancellationToken);
            _tally.Close(_topic!.Report());
        }

        public TortureResult Result(string name) => _tally.Result(name, context.Seed, FormattableString.Invariant(
            $"{_rounds} cuts, {_earlyCuts} of them during start or recovery; {_topics} topics, {_churn.Changes} topic changes; worst start {_tally.Figures.WorstRecovery.TotalSeconds:0.00} s"));

        private Task<StormServer> StartAsync(CancellationToken cancellationToken) =>
            StormServer.StartAsync(context, _data, _tally, cancellationToken);

        private async Task CutDuringStartAsync(CancellationToken cancellationToken)
        {
            _earlyCuts++;
            using ServerProcess server = ServerProcess.Start(context.Program, ServerProcess.ServeArguments(_data));
            await Task.Delay(TimeSpan.FromMilliseconds(_prng.Next(60, 500)), cancellationToken);
            await CutAsync(server);
        }

        private async Task CutDuringWorkAsync(CancellationToken cancellationToken)
        {
            using StormServer server = await StartAsync(cancellationToken);
            if (_topic is not null)
                await CheckAsync(server.Client, cancellationToken);
            if (_topic is null || _rounds % TopicRounds == 0)
                await NextTopicAsync(server.Client, cancellationToken);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task producing = _topic!.ProduceAsync(server.Address, stop.Token);
            Task changing = Task.Run(() => _churn.RunAsync(server.Address, stop.Token), CancellationToken.None);
            await Task.Delay(TimeSpan.FromMilliseconds(_prng.Next(10, 400)), cancellationToken);
            await CutAsync(server.Process);
            await stop.CancelAsync();
            await Task.WhenAll(producing, changing);
        }

        /// <summary>The file system goes first: what was acknowledged before is held to it, whatever the process still does.</summary>
        private async Task CutAsync(ServerProcess server)
        {
            _topic?.PowerGoes();
            _churn.PowerGoes();
            disk.CutPower(_prng.Chance(JournalShare));
            _tally.Add(new TortureFigures { Cuts = 1, Points = 1 });
            await server.KillAsync();
            disk.Restart();
        }

        private async Task CheckAsync(FastLogClient client, CancellationToken cancellationToken)
        {
            _tally.Violations.AddRange(await _topic!.CheckAsync(client, cancellationToken));
            _tally.Violations.AddRange(await _churn.CheckAsync(client, cancellationToken));
        }

        private async Task NextTopicAsync(FastLogClient client, CancellationToken cancellationToken)
        {
            if (_topic is not null)
            {
                _tally.Close(_topic.Report());
                await client.Admin.DeleteTopicAsync(_topic.Name, cancellationToken);
            }

            var crew = new StormCrew(1 + (_topics * ProducerCount), ProducerCount, InFlightMax: 64);
            _topic = new StormTopic($"storm-{_topics++}", PartitionCount, crew, TopicSettings, _prng);
            await _topic.CreateAsync(client, cancellationToken);
        }
    }
}
