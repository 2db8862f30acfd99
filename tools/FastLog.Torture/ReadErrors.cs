using System.Buffers.Binary;
using System.Globalization;
using FastLog.Primitives;
using FastLog.Simulator;

namespace FastLog.Torture;

/// <summary>
/// The device fails to read a few pages of some file, from before the start on or while the log is open: only the batches in those
/// pages cannot be fetched, all else is served and appended to; where a start cannot know the log's end, that partition alone
/// refuses; once the device reads again all is there. On the simulated disk.
/// </summary>
public sealed class ReadErrors : ITortureRow
{
    private const int RoundsASample = 200;
    private const int PageSize = 4096;

    public string Name => "read-eio";

    public string Description => "pages cannot be read; only their batches are missing, and none once the device reads again";

    public Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int rounds = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 300,
            TortureTier.Full => 5_000,
            _ => 100_000,
        };
        var run = new Run(context, rounds);
        run.RunAll(cancellationToken);
        return Task.FromResult(run.Result(Name));
    }

    private sealed class Run(TortureContext context, int rounds)
    {
        private readonly Prng _prng = new(context.Seed);
        private readonly List<string> _violations = [];
        private StoredSample _sample = null!;
        private int _done;
        private int _whole;
        private int _refused;
        private long _read;
        private long _unreadable;
        private long _lost;

        public void RunAll(CancellationToken cancellationToken)
        {
            for (; _done < rounds && _violations.Count == 0; _done++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_done % RoundsASample == 0)
                {
                    _sample = StoredSample.Make(_prng.NextUInt64(), stop: _prng.Chance(0.5));
                    context.Tell($"round {_done} of {rounds}: {_refused} refusals, {_unreadable} records in unreadable pages");
                }

                RunOne();
            }
        }

        public TortureResult Result(string name)
        {
            string summary = string.Create(
                CultureInfo.InvariantCulture,
                $"{_done} unreadable ranges: {_whole} cost no record, {_refused} were refused alone; {_read} records read right, {_unreadable} in "
                + $"unreadable batches; lost after the device read again {_lost}; violations {_violations.Count}");
            if (_unreadable == 0)
                _violations.Add("no range hit a batch: this proves nothing");
            TortureOutcome outcome = _violations.Count == 0 ? TortureOutcome.Passed : TortureOutcome.Failed;
            return new TortureResult(name, outcome, context.Seed, summary, _violations)
            {
                Figures = new TortureFigures { Points = _done, Faults = _done, Read = _read, Lost = _lost },
            };
        }

        private void RunOne()
        {
            bool isData = _prng.Chance(0.7);
            (string Path, long Length)[] files = [.. _sample.Files.Where(file => file.Length > 0 && IsData(file.Path) == isData)];
            (string path, long length) = files[(int)_prng.Next(0, files.Length)];
            long used = Math.Max(1, _sample.Disk.Peek(path).AsSpan().LastIndexOfAnyExcept((byte)0) + 1);
            long position = _prng.Next(0, used);
            long size = Math.Min(_prng.Next(1, 3 * PageSize), length - position);
            bool fromStart = _prng.Chance(0.5);
            ulong seed = _prng.NextUInt64();
            SimulatedDisk disk = _sample.Disk.Clone(seed);
            bool isBegun = fromStart;
            if (fromStart)
                disk.MakeUnreadable(path, position, size);
            var examination = new SampleExamination(_sample, disk, seed)
            {
                Opened = () =>
                {
                    if (!isBegun && disk.FileExists(path))
                        disk.MakeUnreadable(path, position, size);
                    isBegun = true;
                },
            };
            examination.Run();
            _read += examination.Read;
            _refused += examination.Refusals.Count > 0 ? 1 : 0;
            string place = $"{size} bytes at {position} of {path} ({(_sample.WasStopped ? "stopped" : "killed")}, "
                + $"{(fromStart ? "from the start on" : "while open")}, round {_done})";
            _violations.AddRange(examination.Violations.Select(violation => $"{place}: {violation}"));
            Judge(examination, path, position, size, fromStart, place);
            Heal(disk, path, place, seed);
        }

        private void Judge(SampleExamination examination, string path, long position, long size, bool fromStart, string place)
        {
            if (!fromStart && examination.Refusals.Exists(refusal => refusal.Partition is not null))
                _violations.Add($"{place}: an open log refused: {string.Join("; ", examination.Refusals)}");
            bool isClosed = examination.IsClosed;
            if (isClosed && path.StartsWith($"{StoredSample.Root}/topics/", StringComparison.Ordinal))
                _violations.Add($"{place}: the directory refused: {string.Join("; ", examination.Refusals)}");
            bool costs = false;
            foreach (StoredPartition partition in _sample.Partitions)
            {
                bool isOwner = path.StartsWith(partition.Directory + "/", StringComparison.Ordinal);
                bool isRefused = examination.Refusals.Exists(refusal => refusal.Partition == partition.Id);
                costs |= isClosed || isRefused;
                if (isRefused && !isOwner)
                    _violations.Add($"{place}: {partition.Id} refused");
                if (isClosed || isRefused)
                    continue;
                HashSet<long> allowed = isOwner && IsData(path) ? Batches(path, position, size, fromStart) : [];
                long[] missing = [.. partition.Expected.Except(examination.Seen[partition.Id])];
                costs |= missing.Length > 0;
                _unreadable += missing.Length;
                if (missing.Any(offset => !allowed.Contains(offset)))
                    _violations.Add(
                        $"{place}: also offset {missing.First(offset => !allowed.Contains(offset))} of {partition.Id} cannot be read: "
                        + string.Join("; ", examination.Defects));
            }

            _whole += costs ? 0 : 1;
        }

        /// <summary>The error was one of the device: nothing that was done meanwhile may have cost a record.</summary>
        private void Heal(SimulatedDisk disk, string path, string place, ulong seed)
        {
            disk.ProcessKill();
            if (disk.FileExists(path))
                disk.MakeReadable(path);
            var examination = new SampleExamination(_sample, disk, seed);
            examination.Run();
            if (examination.Missing == 0 && examination.Violations.Count == 0 && examination.Refusals.Count == 0)
                return;
            _lost += examination.Missing;
            _violations.Add(
                $"{place}: once the device reads again {examination.Missing} records are missing; "
                + $"{string.Join("; ", examination.Refusals)} {string.Join("; ", examination.Violations)} {string.Join("; ", examination.Defects)}");
        }

        /// <summary>The offsets of the batches in the pages; of the whole segment when a start cannot read its header.</summary>
        private HashSet<long> Batches(string path, long position, long size, bool fromStart)
        {
            byte[] bytes = _sample.Disk.Peek(path);
            long from = position / PageSize * PageSize;
            long to = (position + size + PageSize - 1) / PageSize * PageSize;
            bool isAll = fromStart && from == 0;
            var offsets = new HashSet<long>();
            for (int at = PageSize; at + 61 <= bytes.Length;)
            {
                int batch = 12 + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 8));
                if (batch == 12)
                    break;
                long first = BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(at));
                long last = first + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 23));
                if (isAll || (at < to && at + batch > from))
                    offsets.UnionWith(Enumerable.Range((int)first, (int)(last - first + 1)).Select(offset => (long)offset));
                at += batch;
            }

            return offsets;
        }

        private static bool IsData(string path) => path.EndsWith(".log", StringComparison.Ordinal);
    }
}
