using System.Globalization;
using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;

namespace FastLog.Torture;

/// <summary>
/// Indexes are missing, too short, too long, garbage, zeros, another segment's or unsorted, any number of them at once: all reads and
/// look-ups are right and nothing is called damaged. On the simulated disk; how fast lost indexes are made anew is measured
/// on the real one.
/// </summary>
public sealed class IndexHavoc : ITortureRow
{
    private const int RoundsASample = 200;
    private const double RateMin = 500;

    // Many tests share the machine in CI.
    private const double RateMinLoaded = 50;

    private static readonly string[] Harms = ["missing", "short", "long", "garbage", "zeroed", "foreign", "unsorted"];

    public string Name => "index-havoc";

    public string Description => "indexes are lost, cut, foreign, garbage or unsorted; all reads are right, and they are made anew fast";

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int rounds = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 200,
            TortureTier.Full => 5_000,
            _ => 100_000,
        };
        var havoc = new Havoc(context, rounds);
        havoc.Run(cancellationToken);
        bool isLoaded = context.Tier == TortureTier.Ci;
        RebuildRate rate = await RebuildRate.MeasureAsync(context.WorkDirectory, isLoaded ? 64L << 20 : 512L << 20);
        return havoc.Result(Name, rate, isLoaded ? RateMinLoaded : RateMin);
    }

    private sealed class Havoc(TortureContext context, int rounds)
    {
        private readonly Prng _prng = new(context.Seed);
        private readonly List<string> _violations = [];
        private StoredSample _sample = null!;
        private int _done;
        private int _harmed;
        private long _read;
        private long _lost;

        public void Run(CancellationToken cancellationToken)
        {
            for (; _done < rounds && _violations.Count == 0; _done++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_done % RoundsASample == 0)
                {
                    _sample = StoredSample.Make(_prng.NextUInt64(), stop: _prng.Chance(0.5));
                    context.Tell($"round {_done} of {rounds}: {_harmed} index files harmed");
                }

                RunOne(_prng.NextUInt64());
            }
        }

        public TortureResult Result(string name, RebuildRate rate, double rateMin)
        {
            if (rate.Slowest < rateMin)
                _violations.Add($"indexes are made anew at {rate}, at least {rateMin} are asked for");
            string summary = string.Create(
                CultureInfo.InvariantCulture,
                $"{_done} directories, {_harmed} index files harmed: {_read} records read right, lost {_lost}; made anew at {rate}; "
                + $"violations {_violations.Count}");
            TortureOutcome outcome = _violations.Count == 0 ? TortureOutcome.Passed : TortureOutcome.Failed;
            return new TortureResult(name, outcome, context.Seed, summary, _violations)
            {
                Figures = new TortureFigures { Points = _done, Faults = _harmed, Read = _read, Lost = _lost },
            };
        }

        private void RunOne(ulong seed)
        {
            SimulatedDisk disk = _sample.Disk.Clone(seed);
            string[] paths = [.. _sample.Files.Select(file => file.Path).Where(path => path.EndsWith("index", StringComparison.Ordinal))];
            double share = _prng.Chance(0.3) ? 1 : 0.3;
            var harms = new List<string>();
            foreach (string path in paths)
            {
                if (_prng.Chance(share))
                    harms.Add(Harm(disk, path, paths));
            }

            _harmed += harms.Count;
            var examination = new SampleExamination(_sample, disk, seed) { KnowsProducers = true, LooksUp = true };
            examination.Run();
            _read += examination.Read;
            _lost += examination.Missing;
            string place = $"directory {_done} ({(_sample.WasStopped ? "stopped" : "killed")}; {string.Join("; ", harms)})";
            _violations.AddRange(examination.Violations.Select(violation => $"{place}: {violation}"));
            if (examination.Missing > 0 || examination.Refusals.Count > 0 || examination.Defects.Count > 0)
                _violations.Add(
                    $"{place}: {examination.Missing} records are missing; {string.Join("; ", examination.Refusals)}; "
                    + string.Join("; ", examination.Defects));
        }

        private string Harm(SimulatedDisk disk, string path, string[] paths)
        {
            string harm = Harms[(int)_prng.Next(0, Harms.Length)];
            byte[] bytes = disk.Peek(path);
            if (harm == "missing")
            {
                disk.DeleteFile(path);
                return $"{path}: {harm}";
            }

            using IDiskFile file = disk.Open(path, DiskOpenMode.ReadWrite);
            byte[] content = Content(disk, harm, path, bytes, paths);
            file.SetLength(content.Length);
            file.Write(FilePosition.Zero, content);
            file.FlushData();
            return $"{path}: {harm}";
        }

        private byte[] Content(SimulatedDisk disk, string harm, string path, byte[] bytes, string[] paths)
        {
            const int header = 64;
            switch (harm)
            {
                case "short":
                    return bytes[..(int)_prng.Next(0, bytes.Length + 1)];
                case "long":
                    return [.. bytes, .. Noise((int)_prng.Next(1, 3_000))];
                case "garbage":
                    return Noise(bytes.Length);
                case "zeroed":
                    return new byte[bytes.Length];
                case "foreign":
                    string other = paths[(int)_prng.Next(0, paths.Length)];
                    return disk.FileExists(other) ? disk.Peek(other) : [];
                default:
                    int size = path.EndsWith("timeindex", StringComparison.Ordinal) ? 24 : 16;
                    byte[][] entries = bytes.Length <= header ? [] : [.. bytes[header..].Chunk(size)];
                    return [.. bytes.AsSpan(0, Math.Min(header, bytes.Length)), .. entries.Reverse().SelectMany(static entry => entry)];
            }
        }

        private byte[] Noise(int count)
        {
            byte[] bytes = new byte[count];
            _prng.Fill(bytes);
            return bytes;
        }
    }
}
