using System.Security.Cryptography;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Simulator;

/// <summary>
/// A disk in memory that knows what a real one would have kept: each file has its durable bytes and its pending sectors,
/// each directory its pending operations. A power cut keeps, drops or tears what is pending, by the seed. A hook sees each
/// operation before it happens, so that a test can cut the power at every one; <see cref="Clone"/> makes it cheap to try
/// many outcomes of one moment. Thread-safe; the hooks run on the caller's thread.
/// </summary>
public sealed class SimulatedDisk : IDisk
{
    private DiskView _view;
    private readonly List<string> _violations = [];

    public SimulatedDisk(ulong seed, DirectoryLossMode lossMode = DirectoryLossMode.AnySubset, long capacityBytes = 1L << 40)
        : this(seed, new SimulatedVolume(lossMode, capacityBytes))
    {
    }

    private SimulatedDisk(ulong seed, SimulatedVolume volume)
    {
        Random = new Prng(seed);
        Faults = new DiskFaults(new Prng(Random.NextUInt64()));
        Volume = volume;
        _view = new DiskView(this);
    }

    /// <summary>Sees each operation before it happens. May cut the power or kill the process: the operation then fails.</summary>
    public Action<DiskOperationInfo>? BeforeOperation { get; set; }

    /// <summary>Runs in the middle of a flush, after it took what it covers and before that is durable.</summary>
    public Action? DuringFlush { get; set; }

    public DiskFaults Faults { get; }

    /// <summary>How many operations changed or flushed something.</summary>
    public long OperationCount { get; private set; }

    public long PowerCuts { get; private set; }

    public long ProcessKills { get; private set; }

    /// <summary>What a real machine would have answered with a signal; each was thrown too.</summary>
    public IReadOnlyList<string> Violations => _violations;

    /// <summary>Directory operations that a power cut may undo now.</summary>
    public int PendingDirectoryChanges
    {
        get
        {
            lock (Gate)
                return Volume.PendingDirectoryChanges;
        }
    }

    /// <summary>Bytes the device holds; what is allocated counts in blocks of 4 KiB.</summary>
    public long CapacityBytes
    {
        get => Volume.CapacityBytes;
        set
        {
            lock (Gate)
                Volume.CapacityBytes = value;
        }
    }

    internal Lock Gate { get; } = new();

    internal Prng Random { get; }

    internal SimulatedVolume Volume { get; }

    /// <summary>Joins the run: flushes overlap with other work, and each operation is in the trace hash.</summary>
    public void ConnectTo(SimulatedScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        DuringFlush = scheduler.Overlap;
        BeforeOperation += operation =>
            scheduler.Note("disk", (long)operation.Operation, (long)TraceText.Hash(operation.Path));
    }

    /// <summary>A disk for one process: dead after the next power cut or kill, where this object goes on.</summary>
    public IDisk Attach() => _view;

    /// <summary>The power goes and comes back: what was pending survives or not, all handles are dead.</summary>
    /// <param name="random">Decides what survives; the same draws give the same outcome.</param>
    /// <param name="outcome">How much survives.</param>
    public void PowerCut(Prng random, PowerCutOutcome outcome = PowerCutOutcome.Random)
    {
        ArgumentNullException.ThrowIfNull(random);
        lock (Gate)
        {
            PowerCuts++;
            NewView();
            Volume.PowerCut(random, outcome);
        }
    }

    /// <summary>What a power cut now may take, one by one, always in the same order.</summary>
    public IReadOnlyList<PendingChange> PendingChanges()
    {
        lock (Gate)
            return Volume.PendingChanges();
    }

    /// <summary>The power goes and comes back; of <see cref="PendingChanges"/> exactly the marked ones survive.</summary>
    public void PowerCut(ReadOnlySpan<bool> kept)
    {
        lock (Gate)
        {
            PowerCuts++;
            NewView();
            Volume.PowerCut(kept);
        }
    }

    /// <summary>A hash of all names and bytes as they are after a power cut: equal disks recover equally.</summary>
    public string ContentHash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        lock (Gate)
            Volume.AddTo(hash);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>The process ends: all that was written stays, all handles are dead, locks are free.</summary>
    public void ProcessKill()
    {
        lock (Gate)
        {
            ProcessKills++;
            NewView();
        }
    }

    /// <summary>A copy as of now, with its own generator, no hooks, no faults and no open handles.</summary>
    public SimulatedDisk Clone(ulong seed)
    {
        lock (Gate)
            return new SimulatedDisk(seed, Volume.Clone());
    }

    /// <summary>Flips bits of one byte, on the device and in the page cache.</summary>
    public void FlipBits(string path, long position, byte mask)
    {
        lock (Gate)
            Inode(path).Flip(position, mask);
    }

    /// <summary>From now on reads that touch the pages of these bytes fail with EIO, until they are written.</summary>
    public void MakeUnreadable(string path, long position, long length)
    {
        lock (Gate)
            Inode(path).MakeUnreadable(position, length);
    }

    /// <summary>The device reads all of the file again, as it was.</summary>
    public void MakeReadable(string path)
    {
        lock (Gate)
            Inode(path).MakeReadable();
    }

    /// <summary>Paths and sizes of all files, by path.</summary>
    public IReadOnlyList<(string Path, long Length)> Files()
    {
        lock (Gate)
            return Volume.Files().Select(file => (file.Path, file.Inode.Length)).ToList();
    }

    /// <summary>All bytes of a file, as reads see them; no operation is counted.</summary>
    public byte[] Peek(string path)
    {
        lock (Gate)
        {
            SimulatedInode inode = Inode(path);
            byte[] bytes = new byte[inode.Length];
            inode.Read(0, bytes);
            return bytes;
        }
    }

    /// <summary>The bytes of a file that a power cut cannot take away.</summary>
    public byte[] PeekDurable(string path)
    {
        lock (Gate)
        {
            SimulatedInode inode = Inode(path);
            byte[] bytes = new byte[inode.DurableLength];
            inode.ReadDurable(0, bytes);
            return bytes;
        }
    }

    public bool FileExists(string path) => _view.FileExists(path);

    public bool DirectoryExists(string path) => _view.DirectoryExists(path);

    public void CreateDirectory(string path) => _view.CreateDirectory(path);

    public IReadOnlyList<string> ListFiles(string path) => _view.ListFiles(path);

    public IReadOnlyList<string> ListDirectories(string path) => _view.ListDirectories(path);

    public IDiskFile Open(string path, DiskOpenMode mode) => _view.Open(path, mode);

    public void Rename(string source, string target) => _view.Rename(source, target);

    public void DeleteFile(string path) => _view.DeleteFile(path);

    public void DeleteDirectory(string path) => _view.DeleteDirectory(path);

    public void FlushDirectory(string path) => _view.FlushDirectory(path);

    public IDisposable? TryLock(string path) => _view.TryLock(path);

    public long FreeBytes(string path) => _view.FreeBytes(path);

    internal void Announce(DiskOperation operation, string path)
    {
        long number = 0;
        if (operation is not (DiskOperation.Open or DiskOperation.Read or DiskOperation.Lock))
        {
            lock (Gate)
                number = ++OperationCount;
        }

        BeforeOperation?.Invoke(new DiskOperationInfo(number, operation, path));
    }

    internal InvariantViolationException Violation(string text)
    {
        _violations.Add(text);
        return new InvariantViolationException(text);
    }

    private void NewView()
    {
        _view.Kill();
        _view = new DiskView(this);
    }

    private SimulatedInode Inode(string path) => Volume.Find(path) as SimulatedInode
        ?? throw DiskErrors.Of(DiskOperation.Read, path, DiskErrors.NoEntry, "no such file");
}
