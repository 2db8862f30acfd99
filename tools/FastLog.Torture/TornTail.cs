using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Simulator;
using FastLog.Storage;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;

namespace FastLog.Torture;

/// <summary>
/// The unflushed end of a log is cut, zeroed, overwritten with noise, loses a sector or has a bit flipped, at every byte of its last
/// three batches: a start keeps exactly the batches before the first byte that differs, whole, and the log goes on. On the
/// simulated disk.
/// </summary>
public sealed class TornTail : ITortureRow
{
    private const string Root = "/data";
    private const string Topic = "torn";
    private const int HeaderSize = 4096;
    private const int SectorSize = 512;
    private const int TornBatches = 3;
    private const int SmallSegment = 8 << 10;

    // About two batches fit in, the third one rolls.
    private const int RoomLeft = 400;

    private static readonly string[] Harms = ["cut", "zeroed", "noise", "sector lost", "bit flipped"];
    private static readonly TopicPartition Id = new(new TopicId(new Uid128(0x70, 0x71)), new PartitionId(0));

    public string Name => "torn-tail";

    public string Description => "the log's end is torn at every byte of its last three batches; exactly the whole batches before it are kept";

    public Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int logs = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 1,
            TortureTier.Full => 20,
            _ => 400,
        };
        var run = new Run(context, logs);
        run.RunAll(cancellationToken);
        return Task.FromResult(run.Result(Name));
    }

    /// <summary>A batch as it lies on the disk.</summary>
    private readonly record struct Written(string Path, int Position, int Size);

    private sealed class Run(TortureContext context, int logs)
    {
        private readonly Prng _prng = new(context.Seed);
        private readonly List<string> _violations = [];
        private readonly List<string> _values = [];
        private PartitionLogOptions _options = new();
        private List<Written> _batches = [];
        private SimulatedDisk _disk = null!;
        private long _points;
        private long _read;
        private long _lost;

        public void RunAll(CancellationToken cancellationToken)
        {
            for (int i = 0; i < logs && _violations.Count == 0; i++)
            {
                // Every other log rolls in its last batches: then these lie in two segments.
                bool rolls = i % 2 == 1;
                _options = new PartitionLogOptions { Flush = FlushPolicy.Os, SegmentSizeMax = rolls ? SmallSegment : 1 << 20 };
                Make(_prng.NextUInt64(), rolls);
                context.Tell($"log {i} of {logs}: {_points} points");
                foreach (Written batch in _batches.TakeLast(TornBatches))
                {
                    for (int at = batch.Position; at < batch.Position + batch.Size; at++)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        foreach (string harm in Harms)
                            RunPoint(batch.Path, at, harm);
                    }
                }
            }
        }

        public TortureResult Result(string name)
        {
            string summary = string.Create(
                CultureInfo.InvariantCulture,
                $"{_points} torn tails of {logs} logs: {_read} records read right, whole batches lost {_lost}; violations {_violations.Count}");
            TortureOutcome outcome = _violations.Count == 0 ? TortureOutcome.Passed : TortureOutcome.Failed;
            return new TortureResult(name, outcome, context.Seed, summary, _violations)
            {
                Figures = new TortureFigures { Points = _points, Faults = _points, Read = _read, Lost = _lost },
            };
        }

        private void Make(ulong seed, bool rolls)
        {
            _disk = new SimulatedDisk(seed);
            _values.Clear();
            RunLife(_disk, seed, async log =>
            {
                for (int i = 0; i < 6; i++)
                    await AppendAsync(log);
            });
            _disk.ProcessKill();
            RunLife(_disk, seed + 1, async log =>
            {
                for (int i = 0; i < 4 || (rolls && UsedBytes() < SmallSegment - RoomLeft); i++)
                    await AppendAsync(log);

                // Killed before the background flush comes to them.
                for (int i = 0; i < TornBatches; i++)
                    await AppendAsync(log);
            });
            _disk.ProcessKill();
            _batches = Batches();
            Invariant.Check(_batches.Count == _values.Count);
        }

        /// <summary>Of the last segment's file.</summary>
        private int UsedBytes() => _disk.Peek(_disk.Files().Last(file => file.Path.EndsWith(".log", StringComparison.Ordinal)).Path)
            .AsSpan().LastIndexOfAnyExcept((byte)0) + 1;

        private void RunPoint(string path, int at, string harm)
        {
            ulong seed = _prng.NextUInt64();
            SimulatedDisk disk = _disk.Clone(seed);
            Tear(disk, path, at, harm);
            int kept = KeptBatches(disk);
            string place = $"{path} {harm} at {at}, {kept} of {_batches.Count} batches are whole";
            _points++;
            try
            {
                bool goesOn = _points % 8 == 0;
                RunLife(disk, seed, async log =>
                {
                    Check(log, kept, place);
                    if (goesOn)
                        await GoOnAsync(log, kept, place);
                });
                if (!goesOn)
                    return;
                disk.ProcessKill();
                RunLife(disk, seed + 1, log =>
                {
                    Check(log, kept, place + ", once more", appended: 1);
                    return Task.CompletedTask;
                });
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                _violations.Add($"{place}: {failure}");
            }
        }

        private void Tear(SimulatedDisk disk, string path, int at, string harm)
        {
            int length = disk.Peek(path).Length;
            Written last = _batches.Last(batch => batch.Path == path);
            int end = last.Position + last.Size;
            using IDiskFile file = disk.Open(path, DiskOpenMode.ReadWrite);
            switch (harm)
            {
                case "cut":
                    file.SetLength(at);
                    break;
                case "zeroed":
                    file.Write(new FilePosition(at), new byte[end - at]);
                    break;
                case "noise":
                    byte[] noise = new byte[end - at];
                    _prng.Fill(noise);
                    file.Write(new FilePosition(at), noise);
                    break;
                case "sector lost":
                    // What lies before the last batches was flushed, or may have been: it is not lost.
                    int first = _batches.TakeLast(TornBatches).First(batch => batch.Path == path).Position;
                    int sector = Math.Max(first, at / SectorSize * SectorSize);
                    int to = Math.Min(length, (at / SectorSize * SectorSize) + SectorSize);
                    file.Write(new FilePosition(sector), new byte[to - sector]);
                    break;
                default:
                    byte[] flipped = [(byte)(disk.Peek(path)[at] ^ (1 << (int)_prng.Next(0, 8)))];
                    file.Write(new FilePosition(at), flipped);
                    break;
            }
        }

        /// <summary>How many batches lie before the first byte that differs from what was written.</summary>
        private int KeptBatches(SimulatedDisk disk)
        {
            for (int i = 0; i < _batches.Count; i++)
            {
                Written batch = _batches[i];
                byte[] now = disk.Peek(batch.Path);
                bool isWhole = now.Length >= batch.Position + batch.Size
                    && now.AsSpan(batch.Position, batch.Size).SequenceEqual(_disk.Peek(batch.Path).AsSpan(batch.Position, batch.Size));
                if (!isWhole)
                    return i;
            }

            return _batches.Count;
        }

        private void Check(PartitionLog log, int kept, string place, int appended = 0)
        {
            if (log.LogEnd.Value != kept + appended)
                _violations.Add($"{place}: the log ends at {log.LogEnd}");
            if (log.Defects.Count > 0)
                _violations.Add($"{place}: called damage: {log.Defects[0]}");
            int right = 0;
            for (LogOffset next = LogOffset.Zero; next < log.ReadableEnd;)
            {
                ReadResult result = log.Read(next, 1 << 20, log.ReadableEnd);
                if (result.Status != ReadStatus.Ok || result.Region.IsEmpty)
                    break;
                byte[] bytes = new byte[result.Region.Length];
                result.Region.File!.Read(result.Region.Position, bytes);
                result.Region.Release();
                right += Right(bytes, kept);
                next = result.NextOffset;
            }

            _read += right;
            _lost += kept - right;
            if (right != kept)
                _violations.Add($"{place}: {right} records are right");
        }

        private int Right(byte[] bytes, int kept)
        {
            int right = 0;
            var batches = new BatchReader(bytes, BatchCheck.Checksum);
            using var inflate = new InflateBuffer(BufferPool.Shared);
            while (batches.Read() && batches.TryOpenRecords(inflate, out RecordReader record) == BatchStatus.Ok)
            {
                while (record.Read())
                {
                    long offset = record.Offset.Value;
                    if (offset < kept && Encoding.UTF8.GetString(record.Value.Span) == _values[(int)offset])
                        right++;
                }
            }

            return right;
        }

        private async Task GoOnAsync(PartitionLog log, int kept, string place)
        {
            AppendResult result = await log.AppendAsync(Batch("on"), AppendMode.Confirmed);
            if (result.Status != AppendStatus.Ok || result.BaseOffset.Value != kept)
                _violations.Add($"{place}: an append ended with {result.Status} at {result.BaseOffset}");
        }

        private async Task AppendAsync(PartitionLog log)
        {
            string value = $"{_values.Count}-{new string('v', (int)_prng.Next(1, 120))}";
            AppendResult result = await log.AppendAsync(Batch(value), AppendMode.Confirmed);
            Invariant.Check(result.Status == AppendStatus.Ok);
            _values.Add(value);
        }

        private static byte[] Batch(string value)
        {
            var builder = new BatchBuilder(new byte[4096]);
            Invariant.Check(builder.TryAppend(new Timestamp(1_700_000_000_000), default, Encoding.UTF8.GetBytes(value)));
            return builder.Build().ToArray();
        }

        private List<Written> Batches()
        {
            var found = new List<Written>();
            foreach ((string path, long _) in _disk.Files().Where(file => file.Path.EndsWith(".log", StringComparison.Ordinal)))
            {
                byte[] bytes = _disk.Peek(path);
                for (int at = HeaderSize; at + 61 <= bytes.Length;)
                {
                    int size = 12 + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 8));
                    if (size == 12)
                        break;
                    found.Add(new Written(path, at, size));
                    at += size;
                }
            }

            return found;
        }

        private void RunLife(SimulatedDisk disk, ulong seed, Func<PartitionLog, Task> work)
        {
            var scheduler = new SimulatedScheduler(seed);
            Task life = scheduler.Main.Start(async () =>
            {
                LogDirectory directory = LogDirectory.Open(
                    disk.Attach(), Root, new LogDirectoryOptions { NodeId = new NodeId(1) }, scheduler.Main.Ports);
                PartitionLog log = await directory.OpenPartitionAsync(Id, Topic, _options, CancellationToken.None);
                await work(log);
            });
            scheduler.RunUntil(() => life.IsCompleted, "the life hangs");
            life.GetAwaiter().GetResult();
        }
    }
}
