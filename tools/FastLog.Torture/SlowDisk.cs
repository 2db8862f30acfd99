using System.Diagnostics;
using FastLog.Client;
using FastLog.Simulator;

namespace FastLog.Torture;

/// <summary>
/// Each flush takes half a second longer for a while, under producers that send as fast as they are let. They are slowed and
/// not refused, the broker's memory stays within its budget, reads and questions are answered, and when the device is fast
/// again so are the acknowledgements.
/// </summary>
public sealed class SlowDisk : ITortureRow
{
    private const int DelayMs = 500;
    private const int Senders = 4;
    private const long BufferBytes = 1 << 20;
    private const long RequestBytes = 32 << 20;
    private const long GrowthMax = 256L << 20;
    private const int QuickEnough = 10;
    private const string Topic = "slow";
    private static readonly TimeSpan ThrottledMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(DelayMs / 2);
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RecoveryMax = TimeSpan.FromMinutes(2);

    public string Name => "slow-disk";

    public string Description => "each flush takes 500 ms longer for a while: senders wait, nothing times out, memory stays bounded";

    public string? Missing(TortureContext context) => StraceFault.Missing();

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        TimeSpan slow = TimeSpan.FromSeconds(context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 3,
            TortureTier.Full => 30,
            _ => 180,
        });
        var run = new Run(context, slow);
        await run.RunAsync(cancellationToken);
        return run.Result(Name);
    }

    private sealed class Run(TortureContext context, TimeSpan slow)
    {
        private readonly string _data = Path.Combine(context.WorkDirectory, "data");
        private readonly string _trace = Path.Combine(context.WorkDirectory, "trace");
        private readonly HistoryChecker _history = new();
        private readonly StormTally _tally = new();
        private readonly Lock _gate = new();
        private TimeSpan _longestWait;
        private TimeSpan _waited;
        private TimeSpan _slowestAnswer;
        private TimeSpan _recovery;
        private long _throttled;
        private long _answers;
        private long _growth;

        public TortureResult Result(string name)
        {
            int delayed = StraceFault.Hits(_trace).Count;
            _tally.Add(new TortureFigures { Points = 1, Faults = delayed });
            Demand(delayed > 0, "no flush was delayed: this proves nothing");
            Demand(_waited >= Senders * slow / 2, $"senders waited {_waited.TotalSeconds:0.0} s in all: nothing held them back");
            Demand(_growth <= GrowthMax, $"the broker's memory grew by {_growth >> 20} MiB, more than {GrowthMax >> 20}");
            HistoryReport report = _history.Check();
            _tally.Violations.AddRange(report.Violations.Select(violation => violation.ToString()));
            _tally.Close(report);
            return _tally.Result(name, context.Seed, FormattableString.Invariant(
                $"{delayed} flushes {DelayMs} ms late; {_throttled} sends waited, {_longestWait.TotalMilliseconds:0} ms at most; {_answers} questions beside them, answered within {_slowestAnswer.TotalMilliseconds:0} ms; memory grew by {_growth >> 20} MiB; quick again after {_recovery.TotalSeconds:0.0} s"));
        }

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            // Counted for each thread: about as many as fit into the time, and few enough to see the end.
            var fault = new StraceFault(
                "fdatasync", $"delay_enter={DelayMs * 1_000}", From: 4, Once: false, Last: 4 + (int)(slow.TotalMilliseconds / DelayMs));
            using StormServer server = await StormServer.StartAsync(
                context, _data, _tally, cancellationToken, fault.Wrapper(_trace),
                "--set", "storage.flushLanes=1", "--set", $"network.requestBytesMax={RequestBytes}");
            await server.Client.Admin.CreateTopicAsync(Topic, 1, 1, [new("flush", "ack")], cancellationToken);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task watch = WatchAsync(server, stop.Token);
            Task follow = FollowAsync(server.Client, stop.Token);
            Task ask = AskAsync(server.Client, stop.Token);
            await Task.WhenAll(Enumerable.Range(1, Senders).Select(number => SendAsync(server.Address, number, cancellationToken)));
            context.Tell($"{StraceFault.Hits(_trace).Count} flushes delayed, {_throttled} sends waited; violations {_tally.Violations.Count}");
            await BecomeQuickAsync(server.Client, cancellationToken);
            await stop.CancelAsync();
            await Task.WhenAll(watch, follow, ask);
            _tally.Violations.AddRange(await StormReader.ReadAllAsync(server.Client, Topic, reader: 1, _history, cancellationToken));
            await server.Process.TerminateAsync();
        }

        /// <summary>As fast as the producer takes them, while the device is slow; in the end all must be acknowledged.</summary>
        private async Task SendAsync(string address, int number, CancellationToken cancellationToken)
        {
            await using FastLogClient client = StormServer.Connect(address);
            await using Producer producer = client.CreateProducer(new ProducerOptions { BufferBytes = BufferBytes });
            TopicProducer topic = await producer.OpenTopicAsync(Topic, cancellationToken);
            long began = Stopwatch.GetTimestamp();
            var settled = new List<Task>();
            for (long i = 0; Stopwatch.GetElapsedTime(began) < slow; i++)
            {
                ulong value = StormValue.Number(number, i);
                _history.SendStarted(number, value);
                long asked = Stopwatch.GetTimestamp();
                PendingReceipt receipt = await topic.SendAsync(new ProducerRecord(StormValue.Create(value)), cancellationToken);
                Waited(Stopwatch.GetElapsedTime(asked));
                settled.Add(SettleAsync(receipt, value));
            }

            await Task.WhenAll(settled);
        }

        private async Task SettleAsync(PendingReceipt receipt, ulong value)
        {
            try
            {
                ProduceReceipt done = await receipt;
                _history.Acknowledged(value, done.Partition, done.Offset);
            }
            catch (FastLogException refused)
            {
                _history.Unknown(value);
                Demand(false, $"a send failed while the device was only slow: {refused.Message}");
            }
        }

        /// <summary>One record after the other, until some in a row are acknowledged at once.</summary>
        private async Task BecomeQuickAsync(FastLogClient client, CancellationToken cancellationToken)
        {
            await using Producer producer = client.CreateProducer();
            TopicProducer topic = await producer.OpenTopicAsync(Topic, cancellationToken);
            long began = Stopwatch.GetTimestamp();
            int quick = 0;
            for (long i = 0; quick < QuickEnough; i++)
            {
                ulong value = StormValue.Number(Senders + 1, i);
                _history.SendStarted(Senders + 1, value);
                long sent = Stopwatch.GetTimestamp();
                await SettleAsync(await topic.SendAsync(new ProducerRecord(StormValue.Create(value)), cancellationToken), value);
                quick = Stopwatch.GetElapsedTime(sent) < Quick ? quick + 1 : 0;
                _recovery = Stopwatch.GetElapsedTime(began);
                if (_recovery < RecoveryMax)
                    continue;
                Demand(false, $"acknowledgements are still slow {_recovery.TotalSeconds:0} s after the senders have ended");
                return;
            }
        }

        /// <summary>Reads along.</summary>
        private async Task FollowAsync(FastLogClient client, CancellationToken cancellationToken)
        {
            try
            {
                await using Consumer consumer = await client.CreateConsumerAsync(
                    new ConsumerOptions { Assignments = [new ConsumerAssignment(Topic, StartPosition.Earliest)] }, cancellationToken);
                while (true)
                {
                    using ConsumedBatch? batch = await consumer.NextBatchAsync(cancellationToken);
                }
            }
            catch (OperationCanceledException)
            {
                // All is sent.
            }
            catch (FastLogException failure)
            {
                Demand(false, $"a consumer failed while the device was only slow: {failure.Message}");
            }
        }

        /// <summary>What needs no flush is answered as ever: the place of heartbeats.</summary>
        private async Task AskAsync(FastLogClient client, CancellationToken cancellationToken)
        {
            try
            {
                while (true)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
                    long asked = Stopwatch.GetTimestamp();
                    await client.Admin.ListOffsetsAsync(Topic, StartPosition.Latest, cancellationToken);
                    TimeSpan time = Stopwatch.GetElapsedTime(asked);
                    _answers++;
                    _slowestAnswer = time > _slowestAnswer ? time : _slowestAnswer;
                    Demand(time < AnswerMax, $"a question was answered after {time.TotalSeconds:0.0} s");
                }
            }
            catch (OperationCanceledException)
            {
                // All is sent.
            }
            catch (FastLogException failure)
            {
                Demand(false, $"a question failed while the device was only slow: {failure.Message}");
            }
        }

        private async Task WatchAsync(StormServer server, CancellationToken cancellationToken)
        {
            long before = server.Process.ResidentBytes;
            while (!cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None);
                _growth = Math.Max(_growth, server.Process.ResidentBytes - before);
            }
        }

        private void Waited(TimeSpan time)
        {
            lock (_gate)
            {
                _throttled += time >= ThrottledMin ? 1 : 0;
                _waited += time >= ThrottledMin ? time : TimeSpan.Zero;
                _longestWait = time > _longestWait ? time : _longestWait;
            }
        }

        private void Demand(bool holds, string otherwise)
        {
            lock (_gate)
            {
                if (!holds && _tally.Violations.Count < 20)
                    _tally.Violations.Add(otherwise);
            }
        }
    }
}
