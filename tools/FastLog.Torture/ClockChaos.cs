using System.Globalization;
using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Torture;

/// <summary>
/// A broker whose wall clock jumps three days to and fro, runs five times as fast and backwards, and is another one after each
/// start, while producers write and segments roll: retention must delete nothing early, and all is there in order.
/// </summary>
public sealed class ClockChaos : ITortureRow
{
    private const int PartitionCount = 1;
    private const int ProducerCount = 2;
    private const int JumpsPerLife = 8;

    // Enough for some segments, each of which has the log looked at; a slow machine has a limit.
    private const long RecordsPerLife = 800;
    private const int JumpsMax = 80;
    private const string Library = "libfaketimeMT.so.1";

    private static readonly string[] Clocks = ["+0", "+3d", "-3d", "+0 x5", "+3d x5", "-3d x5", "+1h", "-70m", "-3d x0.2"];

    // Jumps inside of a life count for nothing, whatever they are.
    private static readonly ConfigEntry[] Hour = Settings(TimeSpan.FromHours(1));

    // A start counts a day of its clock at most.
    private static readonly ConfigEntry[] TwoDays = Settings(TimeSpan.FromDays(2));

    public string Name => "clock-chaos";

    public string Description => "the broker's wall clock jumps by days, runs too fast and backwards; retention may delete nothing early";

    public string? Missing(TortureContext context) =>
        FindLibrary() is null ? $"{Library} is not installed (faketime)" : null;

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int rounds = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 2,
            TortureTier.Full => 40,
            _ => 400,
        };
        var run = new Run(context);
        for (int i = 0; i < rounds && run.Tally.Violations.Count == 0; i++)
            await run.RoundAsync(i, cancellationToken);
        return run.Result(Name);
    }

    private static ConfigEntry[] Settings(TimeSpan retention) =>
    [
        new("flush", "ack"),
        new("segment.bytes", "65536"),
        new("message.timestamp.after.max.ms", "30d"),
        new("retention.ms", retention.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture)),
    ];

    private static string? FindLibrary()
    {
        string[] folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib", .. Directory.GetDirectories("/usr/lib", "*-linux-gnu")];
        return folders
            .SelectMany(folder => new[] { Path.Combine(folder, "faketime", Library), Path.Combine(folder, Library) })
            .FirstOrDefault(File.Exists);
    }

    private sealed class Run(TortureContext context)
    {
        private readonly Prng _prng = new(context.Seed);
        private readonly string _clock = Path.Combine(context.WorkDirectory, "clock");
        private int _lives;
        private int _jumps;
        private long _deleted;

        public StormTally Tally { get; } = new();

        public TortureResult Result(string name)
        {
            Tally.Add(new TortureFigures { Points = _jumps });
            return Tally.Result(name, context.Seed, FormattableString.Invariant(
                $"{_lives} lives, {_jumps} clocks; {_deleted} records deleted early"));
        }

        /// <summary>Two lives of one directory: jumps inside of the first, another clock at the start of the second.</summary>
        public async Task RoundAsync(int number, CancellationToken cancellationToken)
        {
            string data = Path.Combine(context.WorkDirectory, $"data-{number}");
            StormTopic[] topics =
            [
                new StormTopic("hour", PartitionCount, new StormCrew(1, ProducerCount), Hour, _prng),
                new StormTopic("days", PartitionCount, new StormCrew(1 + ProducerCount, ProducerCount), TwoDays, _prng),
            ];
            SetClock();
            using (StormServer server = await StartAsync(data, cancellationToken))
            {
                foreach (StormTopic topic in topics)
                    await topic.CreateAsync(server.Client, cancellationToken);
                await JumpAsync(server, topics, cancellationToken);
                await CheckAsync(server, topics, cancellationToken);
                await server.Process.KillAsync();
                Tally.Add(new TortureFigures { Kills = 1 });
            }

            SetClock();
            using (StormServer server = await StartAsync(data, cancellationToken))
            {
                await JumpAsync(server, topics[1..], cancellationToken);
                await CheckAsync(server, topics[1..], cancellationToken);
            }

            foreach (StormTopic topic in topics)
                Tally.Close(topic.Report());
            Directory.Delete(data, recursive: true);
            context.Tell($"round {number + 1}: {_jumps} clocks, {_deleted} records deleted early, violations {Tally.Violations.Count}");
        }

        private async Task JumpAsync(StormServer server, StormTopic[] topics, CancellationToken cancellationToken)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task producing = Task.WhenAll(topics.Select(topic => topic.ProduceAsync(server.Address, stop.Token)));
            long enough = RecordsPerLife + topics.Min(topic => topic.Acknowledged);
            for (int i = 0; i < JumpsMax && (i < JumpsPerLife || topics.Min(topic => topic.Acknowledged) < enough); i++)
            {
                await Task.Delay((int)_prng.Next(20, 200), cancellationToken);
                SetClock();
            }

            await Task.Delay(100, cancellationToken);
            await stop.CancelAsync();
            await producing;
        }

        private async Task CheckAsync(StormServer server, StormTopic[] topics, CancellationToken cancellationToken)
        {
            foreach (StormTopic topic in topics)
            {
                long deleted = await StormReader.DeletedAsync(server.Client, topic.Name, cancellationToken);
                _deleted += deleted;
                if (deleted > 0)
                    Tally.Violations.Add($"{topic.Name}: {deleted} records were deleted early");
                Tally.Violations.AddRange(await topic.CheckAsync(server.Client, cancellationToken));
            }
        }

        // The broker reads the file at each look at the clock; its monotonic clock stays the machine's.
        private void SetClock()
        {
            _jumps++;
            File.WriteAllText(_clock, Clocks[(int)_prng.Next(Clocks.Length)] + "\n");
        }

        private async Task<StormServer> StartAsync(string data, CancellationToken cancellationToken)
        {
            _lives++;
            string[] wrapper =
            [
                "env", $"LD_PRELOAD={FindLibrary()}", $"FAKETIME_TIMESTAMP_FILE={_clock}", "FAKETIME_NO_CACHE=1",
                "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1",
            ];
            return await StormServer.StartAsync(context, data, Tally, cancellationToken, wrapper);
        }
    }
}
