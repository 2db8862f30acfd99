using System.Diagnostics;
using System.Globalization;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Torture;

/// <summary>What one restart showed; times from the start of the process.</summary>
internal sealed record RestartFigures
{
    public required TimeSpan Listening { get; init; }

    public required TimeSpan FirstProduce { get; init; }

    public required TimeSpan FirstFetch { get; init; }

    public required TimeSpan Whole { get; init; }

    /// <summary>Beyond what a broker without data reads at its start.</summary>
    public required long CharactersRead { get; init; }

    public required long DeviceBytesRead { get; init; }

    /// <summary>What the broker says it read above recovery points: what was not flushed, or not recorded yet.</summary>
    public required long RecoveredBytes { get; init; }

    public required bool IsCold { get; init; }

    public required IReadOnlyList<string> Wrong { get; init; }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(IsCold ? "cold" : "page cache kept, for want of the right to drop it")}, port after {Listening.TotalSeconds:0.00} s, first produce {FirstProduce.TotalSeconds:0.00} s, first fetch {FirstFetch.TotalSeconds:0.00} s, all served {Whole.TotalSeconds:0.00} s, read {CharactersRead >> 20} MiB by calls and {DeviceBytesRead >> 20} MiB from the device ({RecoveredBytes >> 20} MiB lay above recovery points)");
}

/// <summary>Fills, kills, starts and checks, with one kind of flush.</summary>
internal sealed class RestartRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // Headers, seals, indexes, the producers' snapshot, and a page of each batch behind it.
    private const long PartitionBytes = 640 << 10;

    // What lies above the recovery point is read when it is checked and when it is written again, and windows overlap.
    private const int ReadsOfUnflushed = 4;

    private const long InFlightBytesMax = 32 << 20;

    private readonly TortureContext _context;
    private readonly string _data;
    private readonly long _bytes;
    private readonly string _flush;
    private readonly long _unflushedMax;
    private readonly long _inFlightMax;
    private readonly NumberedTopic _topic;
    private readonly List<string> _wrong = [];

    public RestartRun(TortureContext context, string data, long bytes, int partitions, string flush)
    {
        _context = context;
        _data = data;
        _bytes = bytes;
        _flush = flush;

        // The default's share of the log that the promise is given for, so that it tells something of a small one too.
        _unflushedMax = Math.Max(1L << 20, bytes / 20);
        _inFlightMax = Math.Min(InFlightBytesMax, bytes / 64);
        _topic = new NumberedTopic("restart", partitions, _inFlightMax, context.Seed);
    }

    public TortureFigures Counts { get; private set; } = TortureFigures.None;

    public async Task<RestartFigures> RunAsync(CancellationToken cancellationToken)
    {
        await FillAsync(cancellationToken);
        bool isCold = PageCache.TryDrop();
        ProcessFigures without = await StartWithoutDataAsync(cancellationToken);
        if (isCold)
            PageCache.TryDrop();

        // It is read whole: a constant, whatever the size of the log.
        long recoveryLog = new DirectoryInfo(Path.Combine(_data, "recovery")).GetFiles().Sum(static file => file.Length);
        RestartFigures found = await StartAsync(without, cancellationToken) with { IsCold = isCold };
        long unflushed = Math.Max(found.RecoveredBytes, _inFlightMax);
        long bound = recoveryLog + (ReadsOfUnflushed * unflushed) + (PartitionBytes * _topic.PartitionCount);

        // Past storage.unflushedBytesMax a flush begins, and appends do not wait for it: a small log may be written whole before.
        bool isJudged = _flush == "ack" || _bytes >= 1L << 30;
        if (isJudged && found.RecoveredBytes > _bytes / 2)
            _wrong.Add($"{found.RecoveredBytes} bytes lay above recovery points, which is no small part of the log");
        if (found.CharactersRead > bound)
            _wrong.Add($"the start read {found.CharactersRead} bytes, where {bound} would do");
        return found with { Wrong = _wrong };
    }

    private string[] Arguments(string data) => ServerProcess.ServeArguments(
        data, 0, "--set", string.Create(CultureInfo.InvariantCulture, $"storage.unflushedBytesMax={_unflushedMax}"));

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        using ServerProcess server = ServerProcess.Start(_context.Program, Arguments(_data));
        string address = await server.Address.WaitAsync(Patience, cancellationToken);
        await using (FastLogClient client = StormServer.Connect(address))
            await _topic.CreateAsync(client, Restart.Settings(_flush), cancellationToken);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task filling = Task.Run(() => _topic.FillAsync(address, stop.Token), CancellationToken.None);
        for (long told = 0; _topic.AcknowledgedBytes < _bytes && !filling.IsCompleted;)
        {
            await Task.Delay(10, cancellationToken);
            if (_topic.AcknowledgedBytes - told < 1L << 30)
                continue;
            told = _topic.AcknowledgedBytes;
            _context.Tell($"flush={_flush}: {told >> 20} of {_bytes >> 20} MiB");
        }

        await server.KillAsync();
        await stop.CancelAsync();
        await filling;
        Counts += new TortureFigures { Kills = 1, Points = 1, Acknowledged = _topic.Acknowledged, Unknown = _topic.Unknown };
    }

    /// <summary>The program's own files are read at each start.</summary>
    private async Task<ProcessFigures> StartWithoutDataAsync(CancellationToken cancellationToken)
    {
        using ServerProcess server = ServerProcess.Start(_context.Program, Arguments(_data + "-none"));
        await server.Ready.WaitAsync(Patience, cancellationToken);
        ProcessFigures figures = ProcessFigures.Of(server.Id);
        await server.KillAsync();
        return figures;
    }

    private async Task<RestartFigures> StartAsync(ProcessFigures without, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        using ServerProcess server = ServerProcess.Start(_context.Program, Arguments(_data));
        Task<TimeSpan> whole = WholeAsync(server, began, cancellationToken);
        string address = await server.Address.WaitAsync(Patience, cancellationToken);
        TimeSpan listening = Stopwatch.GetElapsedTime(began);
        await using FastLogClient client = FastLogClient.Connect(new ClientOptions
        {
            Servers = [address],
            ClientName = "fastlog-torture",
            RetryBackoffMin = TimeSpan.FromMilliseconds(2),
            RetryBackoffMax = TimeSpan.FromMilliseconds(20),
        });

        // The last one: in the order of opening its turn comes at the end.
        var partition = new PartitionId(_topic.PartitionCount - 1);
        Task<TimeSpan> fetching = FetchAsync(client, partition, began, cancellationToken);
        TimeSpan produced = await ProduceAsync(client, partition, began, cancellationToken);
        TimeSpan fetched = await fetching;
        TimeSpan served = await whole;
        ProcessFigures figures = ProcessFigures.Of(server.Id);
        (IReadOnlyList<string> wrong, long read, long lost) = await _topic.CheckAsync(client, cancellationToken);
        _wrong.AddRange(wrong);
        Counts += new TortureFigures { Read = read, Lost = lost, WorstRecovery = served };
        return new RestartFigures
        {
            Listening = listening,
            FirstProduce = produced,
            FirstFetch = fetched,
            Whole = served,
            CharactersRead = figures.CharactersRead - without.CharactersRead,
            DeviceBytesRead = figures.DeviceBytesRead - without.DeviceBytesRead,
            RecoveredBytes = RecoveredBytes(server.ErrorText),
            IsCold = false,
            Wrong = [],
        };
    }

    private static long RecoveredBytes(string log)
    {
        const string told = " bytes were read above their recovery points";
        int end = log.LastIndexOf(told, StringComparison.Ordinal);
        if (end < 0)
            throw new InvalidDataException($"the broker did not tell what it read: {log}");
        int begin = log.LastIndexOf(' ', end - 1) + 1;
        return long.Parse(log.AsSpan(begin, end - begin), NumberStyles.None, CultureInfo.InvariantCulture);
    }

    private static async Task<TimeSpan> WholeAsync(ServerProcess server, long began, CancellationToken cancellationToken)
    {
        await server.Ready.WaitAsync(Patience, cancellationToken);
        return Stopwatch.GetElapsedTime(began);
    }

    private async Task<TimeSpan> ProduceAsync(
        FastLogClient client, PartitionId partition, long began, CancellationToken cancellationToken)
    {
        await _topic.ProbeAsync(client, partition, cancellationToken);
        return Stopwatch.GetElapsedTime(began);
    }

    private async Task<TimeSpan> FetchAsync(
        FastLogClient client, PartitionId partition, long began, CancellationToken cancellationToken)
    {
        await using Consumer consumer = await client.CreateConsumerAsync(
            new ConsumerOptions { Assignments = [new ConsumerAssignment(_topic.Name, StartPosition.Earliest, [partition])] },
            cancellationToken);
        using ConsumedBatch? batch = await consumer.NextBatchAsync(cancellationToken);
        TimeSpan took = Stopwatch.GetElapsedTime(began);
        bool isGood = false;
        foreach (ref readonly RecordReader record in batch!)
        {
            isGood = record.Offset == LogOffset.Zero && _topic.IsValue(partition.Value, 0, record.Value.Span);
            break;
        }

        if (!isGood)
            _wrong.Add("the first record that was fetched is not the first of its partition");
        return took;
    }
}
