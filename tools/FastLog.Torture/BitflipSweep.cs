using System.Buffers.Binary;
using System.Globalization;
using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage;

namespace FastLog.Torture;

/// <summary>
/// Flips one random bit of one file of a data directory, whatever files there are, opens it, reads all and scrubs: no wrong byte
/// is served, every flip under a checksum of the data is found, and no sealed segment is cut. On the simulated disk.
/// </summary>
public sealed class BitflipSweep : ITortureRow
{
    private const int SegmentHeaderSize = 4096;
    private const int SectorSize = 512;
    private const int FlipsASample = 500;

    public string Name => "bitflip-sweep";

    public string Description => "a random bit of any file flips; nothing wrong is served, what has a checksum is found, sealed data is never cut";

    public Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int flips = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 400,
            TortureTier.Full => 10_000,
            _ => 200_000,
        };
        var sweep = new Sweep(context, flips);
        sweep.Run(cancellationToken);
        return Task.FromResult(sweep.Result(Name));
    }

    private sealed class Sweep(TortureContext context, int flips)
    {
        private readonly Prng _prng = new(context.Seed);
        private readonly List<string> _violations = [];
        private readonly SortedDictionary<string, (int Flips, int Told)> _kinds = new(StringComparer.Ordinal);
        private StoredSample _sample = null!;
        private int _done;
        private int _covered;
        private int _found;
        private long _read;
        private long _missing;

        public void Run(CancellationToken cancellationToken)
        {
            while (_done < flips && _violations.Count == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (_done % FlipsASample == 0)
                {
                    _sample = StoredSample.Make(_prng.NextUInt64(), stop: _prng.Chance(0.5));
                    context.Tell($"flip {_done} of {flips}: {_found} of {_covered} under a checksum were found");
                }

                Flip(_prng.NextUInt64());
                _done++;
            }
        }

        public TortureResult Result(string name)
        {
            string kinds = string.Join(", ", _kinds.Select(kind => $"{kind.Key} {kind.Value.Told}/{kind.Value.Flips}"));
            string summary = string.Create(
                CultureInfo.InvariantCulture,
                $"{_done} flips, {_covered} in segments under a checksum, {_found} of these found; told by file kind: {kinds}; {_read} records read right, {_missing} "
                + $"in reported ranges; violations {_violations.Count}");
            if (_covered == 0)
                _violations.Add("no flip hit a batch: the sweep proves nothing");
            TortureOutcome outcome = _violations.Count == 0 ? TortureOutcome.Passed : TortureOutcome.Failed;
            return new TortureResult(name, outcome, context.Seed, summary, _violations)
            {
                Figures = new TortureFigures { Faults = _done, Read = _read },
            };
        }

        /// <summary>A kind of file first, so that small ones are hit as often as large ones.</summary>
        private void Flip(ulong seed)
        {
            string[] kinds = [.. _sample.Files.Where(file => file.Length > 0).Select(file => Kind(file.Path)).Distinct()];
            string kind = kinds[(int)_prng.Next(0, kinds.Length)];
            (string Path, long Length)[] files = [.. _sample.Files.Where(file => file.Length > 0 && Kind(file.Path) == kind)];
            (string path, long length) = files[(int)_prng.Next(0, files.Length)];
            long position = Position(path, length);
            byte mask = (byte)(1 << (int)_prng.Next(0, 8));
            SimulatedDisk disk = _sample.Disk.Clone(seed);
            disk.FlipBits(path, position, mask);
            byte[] flipped = disk.Peek(path);
            var examination = new SampleExamination(_sample, disk, seed);
            examination.Run();
            _read += examination.Read;
            _missing += examination.Missing;
            string place = $"bit {mask:x2} at {position} of {path} (flip {_done}, {(_sample.WasStopped ? "stopped" : "killed")})";
            _violations.AddRange(examination.Violations.Select(violation => $"{place}: {violation}"));
            bool isTold = examination.Refusals.Count > 0 || examination.Events.Exists(IsTold);
            (int hit, int told) = _kinds.GetValueOrDefault(kind);
            _kinds[kind] = (hit + 1, told + (isTold ? 1 : 0));
            if (kind != "log")
                return;
            if (IsCovered(flipped, path, position))
            {
                _covered++;
                if (isTold)
                    _found++;
                else
                    _violations.Add($"{place}: not found");
            }

            if (IsSealed(path) && !disk.Peek(path).AsSpan().SequenceEqual(flipped))
                _violations.Add($"{place}: sealed data was changed");
        }

        /// <summary>A start that is not clean is news where the stop was.</summary>
        private bool IsTold(StorageEvent told) =>
            told.IsWarning && (told.Id != StorageEventId.UncleanStart || _sample.WasStopped);

        /// <summary>In segments and indexes not in the zeros behind the data, which have no meaning.</summary>
        private long Position(string path, long length)
        {
            byte[] bytes = _sample.Disk.Peek(path);
            int end = bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
            return _prng.Next(0, Math.Max(1, Math.Min(length, end)));
        }

        private bool IsSealed(string path) => BinaryPrimitives.ReadUInt32BigEndian(_sample.Disk.Peek(path).AsSpan(SectorSize)) != 0;

        /// <summary>Identity, seal and batches; not the zeros of the header, which only the offline check looks at.</summary>
        private bool IsCovered(byte[] bytes, string path, long position) => position switch
        {
            < SectorSize => true,
            < 2 * SectorSize => IsSealed(path),
            < SegmentHeaderSize => false,
            _ => position < bytes.Length,
        };

        private static string Kind(string path)
        {
            string name = path[(path.LastIndexOf('/') + 1)..];
            int dot = name.LastIndexOf('.');
            return dot < 0 ? name : name[(dot + 1)..];
        }
    }
}
