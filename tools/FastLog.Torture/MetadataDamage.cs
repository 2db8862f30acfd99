using System.Globalization;
using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;

namespace FastLog.Torture;

/// <summary>
/// Every small file of a data directory has a bit flipped at each byte, is cut at each length, and goes: nothing stored is deleted,
/// what is lost with it is known from elsewhere or an older one, or that partition refuses alone; with the right file back
/// all is there. On the simulated disk.
/// </summary>
public sealed class MetadataDamage : ITortureRow
{
    public string Name => "metadata-damage";

    public string Description => "every small file is flipped, cut and removed; nothing stored is deleted, and only what the file belongs to may refuse";

    public Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int points = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 400,
            TortureTier.Full => 8_000,
            _ => 100_000,
        };
        var damage = new Damage(context, points);
        damage.Run(cancellationToken);
        return Task.FromResult(damage.Result(Name));
    }

    private sealed class Damage(TortureContext context, int points)
    {
        private readonly Prng _prng = new(context.Seed);
        private readonly List<string> _violations = [];
        private readonly SortedDictionary<string, (int Points, int Refused)> _kinds = new(StringComparer.Ordinal);
        private StoredSample _sample = null!;
        private int _done;
        private long _read;
        private long _lost;

        public void Run(CancellationToken cancellationToken)
        {
            for (int samples = 0; _done < points && _violations.Count == 0; samples++)
            {
                _sample = StoredSample.Make(_prng.NextUInt64(), stop: samples % 2 == 0);
                context.Tell($"point {_done} of {points}");
                (string Path, int Length)[] files = [.. _sample.Files.Where(file => IsSmall(file.Path)).Select(file => (file.Path, LengthOf(file.Path)))];

                // Each sample takes its share, evenly over its files, so that a small number of points meets every kind.
                int share = Math.Max(files.Length, Math.Min(points / 2, 4_000));
                foreach ((string path, int length) in files)
                    RunFile(path, length, Math.Max(3, share / files.Length), cancellationToken);
            }
        }

        public TortureResult Result(string name)
        {
            string kinds = string.Join(", ", _kinds.Select(kind => $"{kind.Key} {kind.Value.Refused}/{kind.Value.Points}"));
            string summary = string.Create(
                CultureInfo.InvariantCulture,
                $"{_done} points, refused by file kind: {kinds}; {_read} records read right, lost {_lost}; violations {_violations.Count}");
            TortureOutcome outcome = _violations.Count == 0 ? TortureOutcome.Passed : TortureOutcome.Failed;
            return new TortureResult(name, outcome, context.Seed, summary, _violations)
            {
                Figures = new TortureFigures { Points = _done, Faults = _done, Read = _read, Lost = _lost },
            };
        }

        private void RunFile(string path, int length, int budget, CancellationToken cancellationToken)
        {
            int step = Math.Max(1, 2 * length / budget);
            int first = (int)_prng.Next(0, step);
            RunOne(path, "removed", disk => disk.DeleteFile(path));
            for (int at = first; at < length && _violations.Count == 0; at += step)
            {
                cancellationToken.ThrowIfCancellationRequested();
                byte mask = (byte)(1 << (int)_prng.Next(0, 8));
                RunOne(path, $"bit {mask:x2} flipped at {at}", disk => disk.FlipBits(path, at, mask));
                RunOne(path, $"cut to {at}", disk => Cut(disk, path, at));
            }
        }

        private void RunOne(string path, string what, Action<SimulatedDisk> harm)
        {
            ulong seed = _prng.NextUInt64();
            SimulatedDisk disk = _sample.Disk.Clone(seed);
            harm(disk);
            var examination = new SampleExamination(_sample, disk, seed) { KnowsProducers = true };
            examination.Run();
            _done++;
            _read += examination.Read;
            string place = $"{path} {what} ({(_sample.WasStopped ? "stopped" : "killed")})";
            _violations.AddRange(examination.Violations.Select(violation => $"{place}: {violation}"));
            CheckRefusals(path, place, examination);
            CheckKept(disk, place);
            (int count, int refused) = _kinds.GetValueOrDefault(Kind(path));
            _kinds[Kind(path)] = (count + 1, refused + (examination.Refusals.Count > 0 ? 1 : 0));
            if (examination.Refusals.Count > 0)
                RestoreAndCheck(disk, path, place, seed);
        }

        /// <summary>A partition's file may close that partition, one of the directory the directory; what is open misses nothing.</summary>
        private void CheckRefusals(string path, string place, SampleExamination examination)
        {
            StoredPartition? owner = _sample.Partitions.FirstOrDefault(partition => path.StartsWith(partition.Directory + "/", StringComparison.Ordinal));
            if (owner is not null && examination.Refusals.Exists(refusal => refusal.Partition != owner.Id))
                _violations.Add($"{place}: not that partition alone refused: {string.Join("; ", examination.Refusals)}");
            if (owner is null && examination.Refusals.Exists(refusal => refusal.Partition is not null))
                _violations.Add($"{place}: a partition refused: {string.Join("; ", examination.Refusals)}");
            foreach (StoredPartition partition in _sample.Partitions)
            {
                bool isClosed = examination.IsClosed || examination.Refusals.Exists(refusal => refusal.Partition == partition.Id);
                if (isClosed || examination.MissingOf(partition) == 0)
                    continue;
                _lost += examination.MissingOf(partition);
                _violations.Add($"{place}: {examination.MissingOf(partition)} records of {partition.Id} are not served");
            }
        }

        /// <summary>Every data file is there with all of its batches.</summary>
        private void CheckKept(SimulatedDisk disk, string place)
        {
            const int headerSize = 4096;
            foreach ((string path, long _) in _sample.Files.Where(file => file.Path.EndsWith(".log", StringComparison.Ordinal)))
            {
                byte[] stored = _sample.Disk.Peek(path);
                int end = stored.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
                if (end <= headerSize)
                    continue;
                bool isKept = disk.FileExists(path) && disk.Peek(path).AsSpan(headerSize).StartsWith(stored.AsSpan(headerSize, end - headerSize));
                if (!isKept)
                    _violations.Add($"{place}: '{path}' was deleted, cut or changed");
            }
        }

        private void RestoreAndCheck(SimulatedDisk disk, string path, string place, ulong seed)
        {
            byte[] good = _sample.Disk.Peek(path);
            disk.ProcessKill();
            disk.DeleteFile(path);
            using (IDiskFile file = disk.Open(path, DiskOpenMode.CreateNew))
                file.Write(FilePosition.Zero, good);
            var examination = new SampleExamination(_sample, disk, seed) { KnowsProducers = true };
            examination.Run();
            if (examination.Missing == 0 && examination.Refusals.Count == 0 && examination.Violations.Count == 0)
                return;
            _lost += examination.Missing;
            _violations.Add(
                $"{place}: with the right file back {examination.Missing} records are missing; {string.Join("; ", examination.Refusals)} "
                + string.Join("; ", examination.Violations));
        }

        private int LengthOf(string path) => _sample.Disk.Peek(path).AsSpan().LastIndexOfAnyExcept((byte)0) + 1;

        private static void Cut(SimulatedDisk disk, string path, int length)
        {
            using IDiskFile file = disk.Open(path, DiskOpenMode.ReadWrite);
            file.SetLength(length);
            file.FlushData();
        }

        private static bool IsSmall(string path) => Kind(path) is not ("log" or "index" or "timeindex" or "cut" or "spare" or "lock" or "tmp");

        private static string Kind(string path)
        {
            string name = path[(path.LastIndexOf('/') + 1)..];
            int dot = name.LastIndexOf('.');
            return dot < 0 ? name : name[(dot + 1)..];
        }
    }
}
