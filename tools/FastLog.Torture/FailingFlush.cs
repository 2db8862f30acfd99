using System.Globalization;
using System.Text.RegularExpressions;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Simulator;

namespace FastLog.Torture;

/// <summary>
/// One fdatasync of a log fails, and later ones would end well, as after a real error of a device. What waited for it fails,
/// nothing that is sent afterwards is acknowledged, and after a restart everything acknowledged before is there.
/// </summary>
public sealed partial class FailingFlush : ITortureRow
{
    private const int Senders = 4;
    private static readonly TimeSpan FenceMax = TimeSpan.FromSeconds(1);

    // Many tests share the machine in CI.
    private static readonly TimeSpan FenceMaxLoaded = TimeSpan.FromSeconds(10);

    public string Name => "fsync-fails-once";

    public string Description => "one fdatasync fails: pending sends fail, nothing is acknowledged afterwards, a restart loses nothing";

    public string? Missing(TortureContext context) => StraceFault.Missing();

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int rounds = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 3,
            TortureTier.Full => 30,
            _ => 300,
        };
        var run = new Run(context, context.Tier == TortureTier.Ci ? FenceMaxLoaded : FenceMax);
        for (int i = 0; i < rounds && run.Tally.Violations.Count == 0; i++)
            await run.RoundAsync(i, cancellationToken);
        return run.Result(Name);
    }

    // "1234 1764045.123456 fdatasync(91</data/topics/t/0/00.log>) = -1 EIO (Input/output error) (INJECTED)"
    [GeneratedRegex(@"^\d+ +(\d+\.\d+) .*(?:\.log|\.recovery)>.*\(INJECTED\)$")]
    private static partial Regex FailedFlush();

    private readonly record struct Send(DateTime Began, DateTime Ended, bool Acknowledged);

    private sealed class Run(TortureContext context, TimeSpan fenceMax)
    {
        private readonly Prng _prng = new(context.Seed);
        private readonly string _data = Path.Combine(context.WorkDirectory, "data");
        private readonly Lock _gate = new();
        private readonly List<Send> _sends = [];
        private TimeSpan _worstFence;
        private int _met;
        private int _rounds;
        private long _refused;

        public StormTally Tally { get; } = new();

        public TortureResult Result(string name)
        {
            if (_met == 0)
                Tally.Violations.Add("no flush of a log failed: this proves nothing");
            return Tally.Result(name, context.Seed, FormattableString.Invariant(
                $"{_rounds} lives, {_met} with a failed flush of a log; {_refused} sends refused, fenced after {_worstFence.TotalMilliseconds:0} ms at worst"));
        }

        public async Task RoundAsync(int number, CancellationToken cancellationToken)
        {
            _rounds++;
            string topic = string.Create(CultureInfo.InvariantCulture, $"flush-{number}");
            var history = new HistoryChecker();
            using (StormServer plain = await StormServer.StartAsync(context, _data, Tally, cancellationToken))
            {
                await plain.Client.Admin.CreateTopicAsync(topic, 1, 1, [new("flush", "ack"), new("segment.bytes", "65536")], cancellationToken);
                await plain.Process.TerminateAsync();
            }

            string trace = Path.Combine(context.WorkDirectory, "trace");
            File.Delete(trace);
            var fault = new StraceFault("fdatasync", "error=EIO", From: (int)_prng.Next(4, 30), Once: true);
            using (StormServer server = await StormServer.StartAsync(
                context, _data, Tally, cancellationToken, fault.Wrapper(trace), "--set", "storage.flushLanes=1"))
            {
                await SendAsync(server, topic, number, history, cancellationToken);
                Tally.Add(new TortureFigures { Kills = 1, Points = 1, Faults = StraceFault.Hits(trace).Count });
            }

            Judge(trace, fault);
            using StormServer again = await StormServer.StartAsync(context, _data, Tally, cancellationToken);
            Tally.Violations.AddRange(await StormReader.ReadAllAsync(again.Client, topic, 0, history, cancellationToken));
            Tally.Violations.AddRange(history.Check().Violations.Select(violation => violation.ToString()));
            Tally.Close(history.Check());
            context.Tell($"life {_rounds}: {fault}, {_met} met, violations {Tally.Violations.Count}");
        }

        private async Task SendAsync(
            StormServer server, string topic, int round, HistoryChecker history, CancellationToken cancellationToken)
        {
            _sends.Clear();
            await using Producer producer = server.Client.CreateProducer(
                new ProducerOptions { Retries = false, DeliveryTimeout = TimeSpan.FromSeconds(10) });
            TopicProducer sender = await producer.OpenTopicAsync(topic, cancellationToken);
            await Task.WhenAll(Enumerable.Range(1, Senders).Select(
                number => SendEachAsync(sender, (round * Senders) + number, history, cancellationToken)));
        }

        /// <summary>One record after the other, until some were refused.</summary>
        private async Task SendEachAsync(TopicProducer topic, int number, HistoryChecker history, CancellationToken cancellationToken)
        {
            const int Enough = 120;
            const int RefusalsEnough = 5;
            int refusals = 0;
            for (int i = 0; i < Enough && refusals < RefusalsEnough; i++)
            {
                ulong value = StormValue.Number(number, i);
                DateTime began = DateTime.UtcNow;
                history.SendStarted(number, value);
                bool acknowledged = false;
                try
                {
                    ProduceReceipt receipt = await await topic.SendAsync(new ProducerRecord(StormValue.Create(value)), cancellationToken);
                    history.Acknowledged(value, receipt.Partition, receipt.Offset);
                    acknowledged = true;
                }
                catch (FastLogException)
                {
                    history.Unknown(value);
                    refusals++;
                    await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
                }

                lock (_gate)
                    _sends.Add(new Send(began, DateTime.UtcNow, acknowledged));
            }
        }

        private void Judge(string trace, StraceFault fault)
        {
            _refused += _sends.Count(send => !send.Acknowledged);
            Match? hit = File.Exists(trace)
                ? File.ReadLines(trace).Select(line => FailedFlush().Match(line)).FirstOrDefault(match => match.Success)
                : null;
            if (hit is null)
                return;
            _met++;
            DateTime failed = DateTime.UnixEpoch.AddSeconds(double.Parse(hit.Groups[1].Value, CultureInfo.InvariantCulture));
            int late = _sends.Count(send => send.Acknowledged && (send.Began > failed || send.Ended > failed + fenceMax));
            if (late > 0)
                Tally.Violations.Add($"{fault}: {late} sends were acknowledged after the flush had failed");
            Send[] refused = [.. _sends.Where(send => !send.Acknowledged)];
            if (refused.Length == 0)
            {
                Tally.Violations.Add($"{fault}: the flush failed and no send was refused");
                return;
            }

            TimeSpan fence = refused.Min(send => send.Ended) - failed;
            _worstFence = fence > _worstFence ? fence : _worstFence;
            if (fence > fenceMax)
                Tally.Violations.Add($"{fault}: the first refusal came {fence.TotalMilliseconds:0} ms after the failed flush");
        }
    }
}
