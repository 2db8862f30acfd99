using System.Diagnostics;
using System.Globalization;
using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;

namespace FastLog.Torture;

/// <summary>
/// Mutates the files of a data directory (cut, longer, overwritten with noise, zeros or other files' bytes, swapped, copied, gone),
/// then opens it, reads all and scrubs: it ends in a typed outcome within 2 s and 64 MiB, and nothing wrong is served. On
/// the simulated disk.
/// </summary>
public sealed class FileFuzz : ITortureRow
{
    private const int DirectoriesASample = 250;
    private const long AllocatedMax = 64 << 20;
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(2);

    public string Name => "file-fuzz";

    public string Description => "mutated data directories open with a typed outcome, in bounded time and memory, and serve nothing wrong";

    public Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int directories = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 400,
            TortureTier.Full => 20_000,
            _ => 200_000,
        };
        var fuzz = new Fuzz(context, directories);
        fuzz.Run(cancellationToken);
        return Task.FromResult(fuzz.Result(Name));
    }

    private sealed class Fuzz(TortureContext context, int directories)
    {
        private readonly Prng _prng = new(context.Seed);
        private readonly List<string> _violations = [];
        private readonly List<string> _mutations = [];
        private StoredSample _sample = null!;
        private int _done;
        private int _refused;
        private int _damaged;
        private long _read;
        private long _misdirected;
        private long _allocatedMax;
        private TimeSpan _timeMax;

        public void Run(CancellationToken cancellationToken)
        {
            while (_done < directories && _violations.Count == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_done % DirectoriesASample == 0)
                {
                    _sample = StoredSample.Make(_prng.NextUInt64(), stop: _prng.Chance(0.5));
                    context.Tell($"directory {_done} of {directories}: {_refused} refused, {_damaged} opened with damage");
                }

                RunOne(_prng.NextUInt64());
                _done++;
            }
        }

        public TortureResult Result(string name)
        {
            string summary = string.Create(
                CultureInfo.InvariantCulture,
                $"{_done} directories: {_refused} with a typed refusal, {_damaged} opened with reported damage; {_read} records read right, {_misdirected} of "
                + $"another partition's at their offsets where the index was lost too; slowest "
                + $"{_timeMax.TotalMilliseconds:0} ms, most allocated {_allocatedMax / 1048576.0:0.0} MiB; violations {_violations.Count}");
            TortureOutcome outcome = _violations.Count == 0 ? TortureOutcome.Passed : TortureOutcome.Failed;
            return new TortureResult(name, outcome, context.Seed, summary, _violations)
            {
                Figures = new TortureFigures { Faults = _done, Read = _read },
            };
        }

        private void RunOne(ulong seed)
        {
            SimulatedDisk disk = _sample.Disk.Clone(seed);
            _mutations.Clear();
            int mutations = (int)_prng.Next(1, 5);
            for (int i = 0; i < mutations; i++)
                Mutate(disk);
            var examination = new SampleExamination(_sample, disk, seed) { MayBeShorter = true };
            Dictionary<string, long> before = disk.Files().ToDictionary(file => file.Path, file => file.Length);
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            long began = Stopwatch.GetTimestamp();
            examination.Run();
            TimeSpan took = Stopwatch.GetElapsedTime(began);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated - DiskGrowth(disk, before);
            _timeMax = took > _timeMax ? took : _timeMax;
            _allocatedMax = Math.Max(_allocatedMax, allocated);
            _read += examination.Read;
            _misdirected += examination.Misdirected;
            if (examination.Refusals.Count > 0)
                _refused++;
            else if (examination.Events.Exists(told => told.IsWarning))
                _damaged++;
            string place = $"directory {_done} ({string.Join("; ", _mutations)})";
            _violations.AddRange(examination.Violations.Select(violation => $"{place}: {violation}"));
            if (took > TimeMax)
                _violations.Add($"{place}: took {took.TotalSeconds:0.0} s");
            if (allocated > AllocatedMax)
                _violations.Add($"{place}: allocated {allocated} bytes");
        }

        /// <summary>What the simulated disk took for bytes that were written: as read and as on the device.</summary>
        private static long DiskGrowth(SimulatedDisk disk, Dictionary<string, long> before) =>
            2 * disk.Files().Sum(file => Math.Max(0, file.Length - before.GetValueOrDefault(file.Path)));

        private void Mutate(SimulatedDisk disk)
        {
            IReadOnlyList<(string Path, long Length)> files = disk.Files();
            (string path, long length) = files[(int)_prng.Next(0, files.Count)];
            (string other, long otherLength) = files[(int)_prng.Next(0, files.Count)];
            int kind = (int)_prng.Next(0, 8);
            _mutations.Add($"{kind}: {path} ({other})");
            switch (kind)
            {
                case 0:
                    SetLength(disk, path, _prng.Next(0, length + 1));
                    break;
                case 1:
                    Write(disk, path, length, Noise((int)_prng.Next(1, 5_000)));
                    break;
                case 2:
                    Write(disk, path, _prng.Next(0, length + 1), Noise((int)_prng.Next(1, 600)));
                    break;
                case 3:
                    Write(disk, path, _prng.Next(0, length + 1), new byte[_prng.Next(1, 5_000)]);
                    break;
                case 4:
                    byte[] bytes = disk.Peek(other);
                    int from = (int)_prng.Next(0, otherLength + 1);
                    int count = (int)_prng.Next(0, Math.Min(8_192, otherLength - from) + 1);
                    Write(disk, path, _prng.Next(0, length + 1), bytes.AsSpan(from, count).ToArray());
                    break;
                case 5:
                    Swap(disk, path, other);
                    break;
                case 6:
                    Replace(disk, path, disk.Peek(other));
                    break;
                default:
                    disk.DeleteFile(path);
                    break;
            }
        }

        private byte[] Noise(int count)
        {
            byte[] bytes = new byte[count];
            for (int i = 0; i < count; i++)
                bytes[i] = (byte)_prng.Next(0, 256);
            return bytes;
        }

        private static void Swap(SimulatedDisk disk, string path, string other)
        {
            byte[] first = disk.Peek(path);
            byte[] second = disk.Peek(other);
            Replace(disk, path, second);
            Replace(disk, other, first);
        }

        private static void Replace(SimulatedDisk disk, string path, byte[] bytes)
        {
            SetLength(disk, path, 0);
            Write(disk, path, 0, bytes);
        }

        private static void SetLength(SimulatedDisk disk, string path, long length)
        {
            using IDiskFile file = disk.Open(path, DiskOpenMode.ReadWrite);
            file.SetLength(length);
            file.FlushData();
        }

        private static void Write(SimulatedDisk disk, string path, long position, byte[] bytes)
        {
            using IDiskFile file = disk.Open(path, DiskOpenMode.ReadWrite);
            file.Write(new FilePosition(position), bytes);
            file.FlushData();
        }
    }
}
