using System.Diagnostics;
using System.Globalization;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Torture;

/// <summary>
/// A small ext4 of its own is filled again and again: by the producers up to the broker's free reserve, or by another program to
/// the last block. While it is full, everything is read, topics are deleted, and the broker is killed and started; when there is
/// room again, it must take records within <see cref="ResumeMax"/>.
/// </summary>
public sealed class DiskFull : ITortureRow
{
    private const long DiskBytes = 64L << 20;
    private const long Reserve = 8L << 20;

    private static readonly TimeSpan ResumeMax = TimeSpan.FromSeconds(5);

    public string Name => "disk-full";

    public string Description => "a small ext4 is filled by producers or by others, read and deleted from while full, freed, and written again";

    public string? Missing(TortureContext context) => LoopDisk.Missing(LoopDisk.Ext4);

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int rounds = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 2,
            TortureTier.Full => 30,
            _ => 300,
        };
        using var disk = LoopDisk.Create(context.WorkDirectory, LoopDisk.Ext4, DiskBytes);
        var run = new Run(context, disk.Path);
        await run.RunAsync(rounds, cancellationToken);
        return run.Result(Name);
    }

    private sealed class Run(TortureContext context, string root)
    {
        private const int PartitionCount = 2;
        private const int ProducerCount = 2;

        // What the producers fill until they meet the reserve: more would only be more to read.
        private const long RoomBytes = 4L << 20;

        private const int ProbeBytes = 100_000;

        // The broker looks each second.
        private static readonly TimeSpan LookMax = TimeSpan.FromSeconds(2);

        private static readonly ConfigEntry[] TopicSettings = [new("flush", "ack"), new("segment.bytes", "262144")];

        private readonly Prng _prng = new(context.Seed);
        private readonly StormTally _tally = new();
        private readonly string _data = Path.Combine(root, "data");
        private readonly string _filler = Path.Combine(root, "filler");
        private StormServer _server = null!;
        private TimeSpan _worstResume;
        private int _rounds;
        private int _byOthers;
        private int _refusals;

        public async Task RunAsync(int rounds, CancellationToken cancellationToken)
        {
            _server = await StartAsync(cancellationToken);
            try
            {
                while (_rounds < rounds && _tally.Violations.Count == 0)
                {
                    await RoundAsync(cancellationToken);
                    _rounds++;
                }

                if (_server.Process.Exited.IsCompleted)
                    _tally.Violations.Add($"the broker ended by itself: {_server.Process.ErrorText}");
            }
            finally
            {
                _server.Dispose();
            }
        }

        public TortureResult Result(string name) => _tally.Result(name, context.Seed, string.Create(
            CultureInfo.InvariantCulture,
            $"{_rounds} times full, {_byOthers} of them to the last block by another program, {_tally.Figures.Kills} kills while full; {_refusals} typed refusals; worst time from room to a record {_worstResume.TotalSeconds:0.00} s"));

        private Task<StormServer> StartAsync(CancellationToken cancellationToken) => StormServer.StartAsync(
            context, _data, _tally, cancellationToken, wrapper: null, "--set", $"storage.freeReserve={Reserve}");

        private async Task RoundAsync(CancellationToken cancellationToken)
        {
            bool byOthers = _rounds % 2 == 1;
            var crew = new StormCrew(1 + (_rounds * ProducerCount), ProducerCount, InFlightMax: 64);
            var topic = new StormTopic($"full-{_rounds}", PartitionCount, crew, TopicSettings, _prng);
            string victim = $"victim-{_rounds}";
            await topic.CreateAsync(_server.Client, cancellationToken);
            await _server.Client.Admin.CreateTopicAsync(victim, 1, 1, TopicSettings, cancellationToken);

            // A producer ends at its first refusal: when all have ended, the disk is full.
            Fill(Reserve + RoomBytes);
            Task producing = topic.ProduceAsync(_server.Address, cancellationToken);
            if (byOthers)
                Fill(0);
            await producing;
            _byOthers += byOthers ? 1 : 0;

            // The broker has seen by now how little is left, also where it met the last block first.
            await Task.Delay(LookMax, cancellationToken);
            await CheckRefusalAsync(victim, cancellationToken);
            await CheckAsync(topic, cancellationToken);
            if (!byOthers)
            {
                await _server.Client.Admin.DeleteTopicAsync(victim, cancellationToken);
                await RestartAsync(cancellationToken);
                await CheckAsync(topic, cancellationToken);
            }

            long before = topic.Acknowledged;
            File.Delete(_filler);
            await ResumeAsync(topic, before, cancellationToken);
            await CheckAsync(topic, cancellationToken);
            _tally.Close(topic.Report());
            await _server.Client.Admin.DeleteTopicAsync(topic.Name, cancellationToken);
            if (byOthers)
                await _server.Client.Admin.DeleteTopicAsync(victim, cancellationToken);
        }

        private async Task RestartAsync(CancellationToken cancellationToken)
        {
            await _server.Process.KillAsync();
            _tally.Add(new TortureFigures { Kills = 1, Points = 1 });
            _server.Dispose();
            _server = await StartAsync(cancellationToken);
        }

        private async Task CheckAsync(StormTopic topic, CancellationToken cancellationToken) =>
            _tally.Violations.AddRange(await topic.CheckAsync(_server.Client, cancellationToken));

        // Files that waited for their use give a little room back: that may be used up first.
        private async Task CheckRefusalAsync(string topic, CancellationToken cancellationToken)
        {
            await using Producer producer = _server.Client.CreateProducer(new ProducerOptions { Acks = ProduceAcks.All, Retries = false });
            try
            {
                for (long taken = 0; taken < RoomBytes; taken += ProbeBytes)
                    await producer.ProduceAsync(topic, new ProducerRecord(new byte[ProbeBytes]), cancellationToken);
                _tally.Violations.Add($"{topic}: a full disk took {RoomBytes} bytes");
            }
            catch (FastLogException refused) when (refused.Code == ErrorCode.DiskFull)
            {
                _refusals++;
            }
        }

        /// <summary>Until a record is acknowledged: producers that are refused begin again.</summary>
        private async Task ResumeAsync(StormTopic topic, long before, CancellationToken cancellationToken)
        {
            long began = Stopwatch.GetTimestamp();
            while (topic.Acknowledged == before)
            {
                if (Stopwatch.GetElapsedTime(began) > ResumeMax)
                {
                    _tally.Violations.Add($"{topic.Name}: nothing was acknowledged for {ResumeMax.TotalSeconds} s after there was room");
                    return;
                }

                using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                Task producing = topic.ProduceAsync(_server.Address, stop.Token);
                while (topic.Acknowledged == before && !producing.IsCompleted)
                    await Task.WhenAny(producing, Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken));
                TimeSpan took = Stopwatch.GetElapsedTime(began);
                await stop.CancelAsync();
                await producing;
                if (topic.Acknowledged > before && took > _worstResume)
                    _worstResume = took;
            }
        }

        /// <summary>Another program: takes blocks until no more than so many bytes are left, 0: until there is none.</summary>
        private void Fill(long leave)
        {
            using var file = new FileStream(_filler, FileMode.Append);
            byte[] block = new byte[64 << 10];
            var drive = new DriveInfo(root);
            try
            {
                while (leave == 0 || drive.AvailableFreeSpace > leave)
                {
                    file.Write(block);
                    file.Flush();
                }
            }
            catch (IOException)
            {
                // The last block is taken.
            }
        }
    }
}
