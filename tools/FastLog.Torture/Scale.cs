using System.Diagnostics;
using System.Globalization;
using FastLog.Client;
using FastLog.Primitives;

namespace FastLog.Torture;

/// <summary>
/// Very many partitions in a broker that has the open files of an old default (1,024, at most 4,096): each is appended to; then
/// kill -9, and all must be served with their records. Counts files, mappings and memory.
/// </summary>
public sealed class Scale : ITortureRow
{
    private const string Topic = "scale";
    private const int FilesMax = 4_096;
    private const int RoundsOfAppends = 2;
    private const long ResidentBytesMax = 400L << 20;

    // A quarter of what the kernel allows by default.
    private const int MapsMax = 65_530 / 4;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan IdleFor = TimeSpan.FromSeconds(5);
    private static readonly string[] Wrapper = ["/bin/sh", "-c", "ulimit -Sn 1024 && ulimit -Hn 4096 && exec \"$0\" \"$@\""];

    public string Name => "scale";

    public string Description => "very many partitions within the default limits of Linux; open files, mappings, memory, restart";

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int partitions = context.Partitions ?? (context.Tier == TortureTier.Ci ? 1_500 : 10_000);
        var run = new Run(context, partitions);
        return await run.RunAsync(Name, cancellationToken);
    }

    private sealed class Run(TortureContext context, int partitions)
    {
        private readonly string _data = Path.Combine(context.WorkDirectory, "data");
        private readonly List<string> _wrong = [];
        private readonly List<string> _words = [];
        private int _filesPeak;
        private int _mapsPeak;

        public async Task<TortureResult> RunAsync(string name, CancellationToken cancellationToken)
        {
            using (ServerProcess server = Start())
            {
                string address = await server.Address.WaitAsync(Patience, cancellationToken);
                Told("empty", ProcessFigures.Of(server.Id));
                await using FastLogClient client = Connect(address);
                long began = Stopwatch.GetTimestamp();
                await client.Admin.CreateTopicAsync(Topic, partitions, 1, [], cancellationToken);
                Told($"made in {Seconds(began)} s", ProcessFigures.Of(server.Id));
                began = Stopwatch.GetTimestamp();
                for (int round = 0; round < RoundsOfAppends; round++)
                    await AppendAsync(client, server, cancellationToken);
                Told($"appended to {RoundsOfAppends} times in {Seconds(began)} s", Judged(ProcessFigures.Of(server.Id)));
                await Task.Delay(IdleFor, cancellationToken);
                Told("idle", Judged(ProcessFigures.Of(server.Id)));
                await server.KillAsync();
            }

            bool isCold = PageCache.TryDrop();
            TimeSpan served = await RestartAsync(isCold, cancellationToken);
            string did = string.Create(
                CultureInfo.InvariantCulture,
                $"{partitions} partitions, at most {_filesPeak} files and {_mapsPeak} mappings; {string.Join("; ", _words)}; violations {_wrong.Count}");
            TortureOutcome outcome = _wrong.Count == 0 ? TortureOutcome.Passed : TortureOutcome.Failed;
            return new TortureResult(name, outcome, context.Seed, did, _wrong)
            {
                Figures = new TortureFigures
                {
                    Kills = 1,
                    Points = 1,
                    Acknowledged = (long)partitions * RoundsOfAppends,
                    Read = (long)partitions * RoundsOfAppends,
                    WorstRecovery = served,
                },
            };
        }

        private static string Seconds(long began) =>
            Stopwatch.GetElapsedTime(began).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);

        private static FastLogClient Connect(string address) => FastLogClient.Connect(
            new ClientOptions { Servers = [address], ClientName = "fastlog-torture", RequestTimeout = Patience });

        private ServerProcess Start() => ServerProcess.Start(context.Program, ServerProcess.ServeArguments(_data), Wrapper);

        private async Task<TimeSpan> RestartAsync(bool isCold, CancellationToken cancellationToken)
        {
            long began = Stopwatch.GetTimestamp();
            using ServerProcess server = Start();
            string address = await server.Address.WaitAsync(Patience, cancellationToken);
            string listening = Seconds(began);
            await server.Ready.WaitAsync(Patience, cancellationToken);
            TimeSpan served = Stopwatch.GetElapsedTime(began);
            Told($"killed and started{(isCold ? " cold" : "")}: port after {listening} s, all served after {Seconds(began)} s", Judged(ProcessFigures.Of(server.Id)));
            await using FastLogClient client = Connect(address);
            await CheckAsync(client, cancellationToken);
            return served;
        }

        private async Task AppendAsync(FastLogClient client, ServerProcess server, CancellationToken cancellationToken)
        {
            await using Producer producer = client.CreateProducer(new ProducerOptions { BatchBytes = 1 << 10, DeliveryTimeout = Patience });
            for (int i = 0; i < partitions; i++)
            {
                await producer.SendAsync(
                    Topic, new ProducerRecord(new byte[100]) { Partition = new PartitionId(i) }, cancellationToken);
                if (i % 250 == 0)
                    Judged(ProcessFigures.Of(server.Id));
            }

            await producer.FlushAsync(cancellationToken);
        }

        private async Task CheckAsync(FastLogClient client, CancellationToken cancellationToken)
        {
            IReadOnlyList<PartitionOffset> ends = await client.Admin.ListOffsetsAsync(Topic, StartPosition.Latest, cancellationToken);
            int whole = ends.Count(static end => end.Offset.Value == RoundsOfAppends);
            if (whole != partitions)
                _wrong.Add($"{whole} of {partitions} partitions have their {RoundsOfAppends} records");
        }

        private ProcessFigures Judged(ProcessFigures figures)
        {
            _filesPeak = Math.Max(_filesPeak, figures.Files);
            _mapsPeak = Math.Max(_mapsPeak, figures.Maps);
            if (figures.Files > FilesMax * 9 / 10)
                _wrong.Add($"{figures.Files} files are open, {FilesMax} may be");
            if (figures.Maps > MapsMax)
                _wrong.Add($"{figures.Maps} mappings");
            if (figures.ResidentBytes > ResidentBytesMax)
                _wrong.Add($"{figures.ResidentBytes >> 20} MiB are resident");
            return figures;
        }

        private void Told(string when, ProcessFigures figures)
        {
            _words.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{when}: {figures.Files} files, {figures.Maps} mappings, {figures.ResidentBytes >> 20} MiB resident"));
            context.Tell(_words[^1]);
        }
    }
}
