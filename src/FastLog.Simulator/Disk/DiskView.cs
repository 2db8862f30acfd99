using FastLog.Storage.Disk;

namespace FastLog.Simulator;

/// <summary>
/// What one process sees of a simulated disk. Dead after the process was killed or the power cut: each call then fails, so
/// that what is left of the process cannot touch the files of its successor.
/// </summary>
internal sealed class DiskView(SimulatedDisk disk) : IDisk
{
    private readonly HashSet<string> _locks = new(StringComparer.Ordinal);
    private readonly List<SimulatedMapping> _mappings = [];

    public SimulatedDisk Disk { get; } = disk;

    public bool IsDead { get; private set; }

    private SimulatedVolume Volume => Disk.Volume;

    public bool FileExists(string path)
    {
        lock (Disk.Gate)
            return Alive(DiskOperation.Open, path).Find(path) is SimulatedInode;
    }

    public bool DirectoryExists(string path)
    {
        lock (Disk.Gate)
            return Alive(DiskOperation.Open, path).Find(path) is DirectoryNode;
    }

    public void CreateDirectory(string path)
    {
        Begin(DiskOperation.CreateDirectory, path);
        lock (Disk.Gate)
        {
            DirectoryNode node = Volume.Root;
            foreach (string name in SimulatedVolume.Split(path))
            {
                object next = node.Current.TryGetValue(name, out object? known) ? known : Volume.MakeDirectory(node, name);
                node = next as DirectoryNode
                    ?? throw DiskErrors.Of(DiskOperation.CreateDirectory, path, DiskErrors.NotDirectory, $"'{name}' is a file");
            }
        }
    }

    public IReadOnlyList<string> ListFiles(string path) => List(path, files: true);

    public IReadOnlyList<string> ListDirectories(string path) => List(path, files: false);

    public IDiskFile Open(string path, DiskOpenMode mode)
    {
        DiskOperation operation = mode == DiskOpenMode.CreateNew ? DiskOperation.Create : DiskOperation.Open;
        Begin(operation, path);
        lock (Disk.Gate)
        {
            DirectoryNode parent = Parent(operation, path, out string name);
            bool exists = parent.Current.TryGetValue(name, out object? node);
            if (node is DirectoryNode)
                throw DiskErrors.Of(operation, path, DiskErrors.IsDirectory, "it is a directory");
            if (mode == DiskOpenMode.CreateNew)
            {
                if (exists)
                    throw DiskErrors.Of(operation, path, DiskErrors.Exists, "the file exists");
                node = new SimulatedInode();
                Volume.Link(parent, name, node);
            }
            else if (!exists)
            {
                throw DiskErrors.Of(operation, path, DiskErrors.NoEntry, "no such file");
            }

            return new SimulatedDiskFile(this, (SimulatedInode)node!, path, mode != DiskOpenMode.Read);
        }
    }

    public void Rename(string source, string target)
    {
        Begin(DiskOperation.Rename, source);
        lock (Disk.Gate)
        {
            DirectoryNode from = Parent(DiskOperation.Rename, source, out string sourceName);
            DirectoryNode to = Parent(DiskOperation.Rename, target, out string targetName);
            if (!from.Current.ContainsKey(sourceName))
                throw DiskErrors.Of(DiskOperation.Rename, source, DiskErrors.NoEntry, "no such file");
            if (from != to || sourceName != targetName)
                Volume.Rename(from, sourceName, to, targetName);
        }
    }

    public void DeleteFile(string path)
    {
        Begin(DiskOperation.DeleteFile, path);
        lock (Disk.Gate)
        {
            DirectoryNode? parent = Volume.FindParent(path, out string name);
            if (parent is null || !parent.Current.TryGetValue(name, out object? node))
                return;
            if (node is DirectoryNode)
                throw DiskErrors.Of(DiskOperation.DeleteFile, path, DiskErrors.IsDirectory, "it is a directory");
            Volume.Unlink(parent, name);
        }
    }

    public void DeleteDirectory(string path)
    {
        Begin(DiskOperation.DeleteDirectory, path);
        lock (Disk.Gate)
        {
            DirectoryNode parent = Parent(DiskOperation.DeleteDirectory, path, out string name);
            if (!parent.Current.TryGetValue(name, out object? node))
                throw DiskErrors.Of(DiskOperation.DeleteDirectory, path, DiskErrors.NoEntry, "no such directory");
            if (node is not DirectoryNode directory)
                throw DiskErrors.Of(DiskOperation.DeleteDirectory, path, DiskErrors.NotDirectory, "it is a file");
            if (directory.Current.Count > 0)
                throw DiskErrors.Of(DiskOperation.DeleteDirectory, path, DiskErrors.NotEmpty, "it is not empty");
            Volume.Unlink(parent, name);
        }
    }

    public void FlushDirectory(string path)
    {
        // A failed one leaves the operations pending: metadata lies in the file system's journal, not in pages marked clean.
        Begin(DiskOperation.FlushDirectory, path);
        lock (Disk.Gate)
            Volume.FlushDirectory(Directory(DiskOperation.FlushDirectory, path));
    }

    public IDisposable? TryLock(string path)
    {
        Begin(DiskOperation.Lock, path);
        lock (Disk.Gate)
        {
            DirectoryNode parent = Parent(DiskOperation.Lock, path, out string name);
            if (!parent.Current.ContainsKey(name))
                Volume.Link(parent, name, new SimulatedInode());
            string key = string.Join('/', SimulatedVolume.Split(path));
            return _locks.Add(key) ? new HeldLock(this, key) : null;
        }
    }

    public long FreeBytes(string path)
    {
        lock (Disk.Gate)
            return Math.Max(0, Alive(DiskOperation.Open, path).FreeBytes);
    }

    /// <summary>Counts and shows the operation to the hook, then draws its fault; the error number, or 0.</summary>
    internal int Draw(DiskOperation operation, string path)
    {
        Alive(operation, path);
        Disk.Announce(operation, path);
        Alive(operation, path);
        lock (Disk.Gate)
            return Disk.Faults.Draw(operation, path);
    }

    internal void Begin(DiskOperation operation, string path)
    {
        int error = Draw(operation, path);
        if (error != 0)
            throw DiskErrors.Of(operation, path, error, "injected");
    }

    internal SimulatedVolume Alive(DiskOperation operation, string path) => IsDead
        ? throw DiskErrors.Of(operation, path, DiskErrors.BadHandle, "the process of this handle is gone")
        : Volume;

    internal void Mapped(SimulatedMapping mapping) => _mappings.Add(mapping);

    /// <summary>The process ended; what it wrote stays.</summary>
    internal void Kill()
    {
        IsDead = true;
        foreach (SimulatedMapping mapping in _mappings)
            mapping.Dispose();
        _locks.Clear();
    }

    private List<string> List(string path, bool files)
    {
        Begin(DiskOperation.Open, path);
        lock (Disk.Gate)
            return Directory(DiskOperation.Open, path).Current
                .Where(entry => entry.Value is SimulatedInode == files).Select(entry => entry.Key).ToList();
    }

    private DirectoryNode Directory(DiskOperation operation, string path) => Volume.Find(path) as DirectoryNode
        ?? throw DiskErrors.Of(operation, path, DiskErrors.NoEntry, "no such directory");

    private DirectoryNode Parent(DiskOperation operation, string path, out string name) => Volume.FindParent(path, out name)
        ?? throw DiskErrors.Of(operation, path, DiskErrors.NoEntry, "its directory does not exist");

    private sealed class HeldLock(DiskView view, string key) : IDisposable
    {
        private bool _released;

        public void Dispose()
        {
            lock (view.Disk.Gate)
            {
                if (!_released)
                    view._locks.Remove(key);
                _released = true;
            }
        }
    }
}
