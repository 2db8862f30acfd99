using System.Diagnostics;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Torture;

/// <summary>
/// One data directory through many lives: in each, a broker serves producers and topic changes under one injected fault;
/// then it is killed, started without a fault, and everything is read and checked. One thread.
/// </summary>
internal sealed class SyscallRound : IDisposable
{
    private const int TopicRounds = 12;
    private const int PartitionCount = 3;
    private const int ProducerCount = 2;
    private const int RecordsBefore = 50;
    private const int RecordsEnough = 400;
    private static readonly TimeSpan WorkTimeMax = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    // The smallest segments, so that each fault meets rolls too.
    private static readonly ConfigEntry[] TopicSettings = [new("flush", "ack"), new("segment.bytes", "65536")];

    private readonly TortureContext _context;
    private readonly string _data;
    private readonly Prng _prng;
    private readonly TopicChurn _churn;
    private StormServer? _server;
    private StormTopic? _topic;
    private int _topics;
    private int _rounds;

    public SyscallRound(TortureContext context)
    {
        _context = context;
        _data = Path.Combine(context.WorkDirectory, "data");
        _prng = new Prng(context.Seed);
        _churn = new TopicChurn(new Prng(context.Seed + 1));
    }

    public StormTally Tally { get; } = new();

    /// <summary>Rounds in which a call of the data directory was hit.</summary>
    public int Met { get; private set; }

    /// <summary>Rounds in which the broker ended before it was told to.</summary>
    public int Deaths { get; private set; }

    /// <summary>Rounds in which a partition could not be opened, and said so.</summary>
    public int Unopened { get; private set; }

    /// <summary>Rounds in which the broker told at its start that it cannot serve, and ended.</summary>
    public int Refusals { get; private set; }

    /// <summary>Runs one life under the fault and one without, and checks.</summary>
    /// <param name="fault">What is injected.</param>
    /// <param name="readsGoOn">True: the broker must live on and serve what it has, whatever was hit.</param>
    public async Task RunAsync(StraceFault fault, bool readsGoOn, CancellationToken cancellationToken)
    {
        _server ??= await StormServer.StartAsync(_context, _data, Tally, cancellationToken);
        if (_rounds++ % TopicRounds == 0)
            await NextTopicAsync(_server.Client, cancellationToken);
        await WorkAsync(_server.Address, RecordsBefore, cancellationToken);
        await EndAsync(_server, graceful: _prng.Chance(0.5));
        _server = null;
        string trace = Path.Combine(_context.WorkDirectory, "trace");
        File.Delete(trace);
        int before = Tally.Violations.Count;
        await LiveAsync(fault, trace, readsGoOn, cancellationToken);
        Met += StraceFault.WasHit(trace, _data) ? 1 : 0;
        Tally.Add(new TortureFigures { Points = 1, Faults = StraceFault.Hits(trace).Count });
        _server = await StormServer.StartAsync(_context, _data, Tally, cancellationToken);
        await CheckAsync(_server.Client, cancellationToken);
        for (int i = before; i < Tally.Violations.Count; i++)
            Tally.Violations[i] = $"{fault}: {Tally.Violations[i]}";
    }

    /// <summary>The last topic's figures go into the tally.</summary>
    public void Close()
    {
        if (_topic is not null)
            Tally.Close(_topic.Report());
    }

    public void Dispose() => _server?.Dispose();

    private async Task LiveAsync(StraceFault fault, string trace, bool readsGoOn, CancellationToken cancellationToken)
    {
        StormServer server;
        try
        {
            server = await StormServer.StartAsync(_context, _data, Tally, cancellationToken, fault.Wrapper(trace),
                "--set", "storage.flushLanes=" + (_prng.Chance(0.5) ? "1" : "4"));
        }
        catch (InvalidOperationException refused)
        {
            Refusals++;
            Deaths++;
            if (readsGoOn && !refused.Message.Contains("exit code 1:", StringComparison.Ordinal))
                Tally.Violations.Add("a start that fails must end with exit code 1 and its reason: " + refused.Message);
            return;
        }

        using (server)
        {
            await WorkAsync(server.Address, RecordsEnough, cancellationToken);
            Deaths += server.Process.Exited.IsCompleted ? 1 : 0;
            if (readsGoOn)
                await ReadOnAsync(server, cancellationToken);
            Tally.Add(new TortureFigures { Kills = 1 });
        }
    }

    /// <summary>Produces and changes topics until so many records are acknowledged, or the producers have failed.</summary>
    private async Task WorkAsync(string address, int records, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        long enough = _topic!.Acknowledged + records;
        long began = Stopwatch.GetTimestamp();
        Task producing = _topic.ProduceAsync(address, stop.Token);
        Task changing = Task.Run(() => _churn.RunAsync(address, stop.Token), CancellationToken.None);
        while (!producing.IsCompleted && _topic.Acknowledged < enough && Stopwatch.GetElapsedTime(began) < WorkTimeMax)
            await Task.Delay(Glance, cancellationToken);
        await stop.CancelAsync();
        await Task.WhenAll(producing, changing);
    }

    private async Task ReadOnAsync(StormServer server, CancellationToken cancellationToken)
    {
        if (server.Process.Exited.IsCompleted)
        {
            Tally.Violations.Add($"the broker ended with exit code {await server.Process.Exited}: {server.Process.ErrorText}");
            return;
        }

        try
        {
            Tally.Violations.AddRange(await _topic!.CheckAsync(server.Client, cancellationToken));
        }
        catch (FastLogException refused) when (refused.Message.Contains("cannot be opened", StringComparison.Ordinal))
        {
            // The fault met the recovery of a partition, which is refused alone and with its cause.
            Unopened++;
        }
    }

    private async Task CheckAsync(FastLogClient client, CancellationToken cancellationToken)
    {
        Tally.Violations.AddRange(await _topic!.CheckAsync(client, cancellationToken));
        Tally.Violations.AddRange(await _churn.CheckAsync(client, cancellationToken));
    }

    private async Task NextTopicAsync(FastLogClient client, CancellationToken cancellationToken)
    {
        if (_topic is not null)
        {
            Tally.Close(_topic.Report());
            await client.Admin.DeleteTopicAsync(_topic.Name, cancellationToken);
        }

        var crew = new StormCrew(1 + (_topics * ProducerCount), ProducerCount, InFlightMax: 32);
        _topic = new StormTopic($"storm-{_topics++}", PartitionCount, crew, TopicSettings, _prng);
        await _topic.CreateAsync(client, cancellationToken);
    }

    private static async Task EndAsync(StormServer server, bool graceful)
    {
        if (graceful)
            await server.Process.TerminateAsync();
        server.Dispose();
    }
}
