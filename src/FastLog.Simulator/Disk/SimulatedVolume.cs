using System.Security.Cryptography;
using System.Text;
using FastLog.Primitives;

namespace FastLog.Simulator;

/// <summary>The names and files of a simulated disk, without faults or handles. Guarded by the disk.</summary>
internal sealed class SimulatedVolume(DirectoryLossMode lossMode, long capacityBytes)
{
    private readonly DirectoryNode _root = new();
    private readonly List<DirectoryChange> _pending = [];

    public DirectoryLossMode LossMode { get; } = lossMode;

    public long CapacityBytes { get; set; } = capacityBytes;

    /// <summary>Directory operations that a power cut may undo.</summary>
    public int PendingDirectoryChanges => _pending.Count;

    public long FreeBytes => CapacityBytes - Inodes(_root).Sum(inode => inode.AllocatedBytes);

    public static string[] Split(string path) =>
        path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();

    /// <summary>The file or directory of the path; null when there is none.</summary>
    public object? Find(string path)
    {
        object node = _root;
        foreach (string name in Split(path))
        {
            if (node is not DirectoryNode directory || !directory.Current.TryGetValue(name, out object? next))
                return null;
            node = next;
        }

        return node;
    }

    /// <summary>The directory that holds the path's last name; null when it is absent.</summary>
    public DirectoryNode? FindParent(string path, out string name)
    {
        string[] parts = Split(path);
        name = parts.Length == 0 ? "" : parts[^1];
        return parts.Length == 0 ? null : Find(string.Join('/', parts[..^1])) as DirectoryNode;
    }

    public DirectoryNode MakeDirectory(DirectoryNode parent, string name)
    {
        var made = new DirectoryNode();
        Link(parent, name, made);
        return made;
    }

    public DirectoryNode Root => _root;

    public void Link(DirectoryNode directory, string name, object node)
    {
        directory.Current[name] = node;
        _pending.Add(new DirectoryChange(directory, name, node));
    }

    public void Unlink(DirectoryNode directory, string name)
    {
        directory.Current.Remove(name);
        _pending.Add(new DirectoryChange(directory, name, null));
    }

    public void Rename(DirectoryNode source, string sourceName, DirectoryNode target, string targetName)
    {
        object node = source.Current[sourceName];
        source.Current.Remove(sourceName);
        target.Current[targetName] = node;
        _pending.Add(new DirectoryChange(target, targetName, node, source, sourceName));
    }

    public void FlushDirectory(DirectoryNode directory)
    {
        foreach (DirectoryChange change in Covered(directory))
        {
            change.ApplyToDurable();
            _pending.Remove(change);
        }
    }

    public void PowerCut(Prng random, PowerCutOutcome outcome)
    {
        int prefix = outcome switch
        {
            PowerCutOutcome.AllLost => 0,
            PowerCutOutcome.AllKept => _pending.Count,
            _ => (int)random.Next(_pending.Count + 1),
        };
        bool eachByItself = LossMode == DirectoryLossMode.AnySubset && outcome == PowerCutOutcome.Random;
        for (int i = 0; i < _pending.Count; i++)
            if (eachByItself ? random.Next(2) == 0 : i < prefix)
                _pending[i].ApplyToDurable();
        _pending.Clear();
        Restore(_root, inode => inode.PowerCut(random, outcome), new HashSet<object>(ReferenceEqualityComparer.Instance));
    }

    /// <summary>What is pending, in a fixed order: directory operations, then sectors and length file by file.</summary>
    public IReadOnlyList<PendingChange> PendingChanges() => [.. Pending().Select(pending => pending.Change)];

    /// <summary>The power goes; of <see cref="PendingChanges"/> exactly the marked ones survive.</summary>
    public void PowerCut(ReadOnlySpan<bool> kept)
    {
        List<(PendingChange Change, SimulatedInode? Inode)> pending = Pending();
        Invariant.Check(kept.Length == pending.Count);
        var files = new Dictionary<SimulatedInode, (HashSet<long> Sectors, bool Length)>(ReferenceEqualityComparer.Instance);
        for (int i = 0; i < kept.Length; i++)
        {
            if (!kept[i])
                continue;
            if (pending[i].Inode is not { } inode)
            {
                _pending[i].ApplyToDurable();
                continue;
            }

            (HashSet<long> sectors, bool length) = files.GetValueOrDefault(inode, ([], false));
            if (pending[i].Change.Kind == PendingKind.Sector)
                sectors.Add(pending[i].Change.Sector);
            files[inode] = (sectors, length || pending[i].Change.Kind == PendingKind.Length);
        }

        _pending.Clear();
        Restore(
            _root,
            inode =>
            {
                (HashSet<long> sectors, bool length) = files.GetValueOrDefault(inode, ([], false));
                inode.PowerCut(sectors, length);
            },
            new HashSet<object>(ReferenceEqualityComparer.Instance));
    }

    /// <summary>Adds all names and bytes, as calls see them, to a hash.</summary>
    public void AddTo(IncrementalHash hash) => AddTo(hash, _root);

    /// <summary>All files that a path leads to, by path.</summary>
    public IEnumerable<(string Path, SimulatedInode Inode)> Files() => Files(_root, "");

    public SimulatedVolume Clone()
    {
        var copy = new SimulatedVolume(LossMode, CapacityBytes);
        var copies = new Dictionary<object, object>(ReferenceEqualityComparer.Instance) { [_root] = copy._root };
        CloneEntries(_root, copy._root, copies);
        foreach (DirectoryChange change in _pending)
        {
            DirectoryNode? source = change.SourceDirectory is null ? null : (DirectoryNode)CloneNode(change.SourceDirectory, copies);
            object? node = change.Node is null ? null : CloneNode(change.Node, copies);
            var directory = (DirectoryNode)CloneNode(change.Directory, copies);
            copy._pending.Add(new DirectoryChange(directory, change.Name, node, source, change.SourceName));
        }

        return copy;
    }

    private List<DirectoryChange> Covered(DirectoryNode directory) => LossMode == DirectoryLossMode.Ordered
        ? [.. _pending]
        : _pending.Where(change => change.Directory == directory || change.SourceDirectory == directory).ToList();

    private static void AddTo(IncrementalHash hash, DirectoryNode directory)
    {
        foreach ((string name, object node) in directory.Current)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            if (node is DirectoryNode inner)
                AddTo(hash, inner);
            else
                ((SimulatedInode)node).AddTo(hash);
        }

        hash.AppendData("/"u8);
    }

    private List<(PendingChange Change, SimulatedInode? Inode)> Pending()
    {
        var found = new List<(PendingChange, SimulatedInode?)>();
        var files = new List<(string Path, SimulatedInode Inode)>(Files());
        foreach (DirectoryChange change in _pending)
        {
            found.Add((new PendingChange(PendingKind.Directory, change.Name, 0), null));
            if (change.Node is SimulatedInode inode)
                files.Add((change.Name, inode));
        }

        files.AddRange(DurableFiles(_root));
        var done = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach ((string path, SimulatedInode inode) in files)
        {
            if (!done.Add(inode))
                continue;
            foreach (long sector in inode.PendingSectors())
                found.Add((new PendingChange(PendingKind.Sector, path, sector), inode));
            if (inode.Length != inode.DurableLength)
                found.Add((new PendingChange(PendingKind.Length, path, 0), inode));
        }

        return found;
    }

    private static IEnumerable<(string Path, SimulatedInode Inode)> DurableFiles(DirectoryNode directory) =>
        directory.Durable.SelectMany(entry => entry.Value is DirectoryNode inner
            ? DurableFiles(inner)
            : [(entry.Key, (SimulatedInode)entry.Value)]);

    private static void Restore(DirectoryNode directory, Action<SimulatedInode> cut, HashSet<object> done)
    {
        directory.Current = new SortedDictionary<string, object>(directory.Durable, StringComparer.Ordinal);
        foreach (object node in directory.Current.Values)
        {
            if (!done.Add(node))
                continue;
            if (node is DirectoryNode inner)
                Restore(inner, cut, done);
            else
                cut((SimulatedInode)node);
        }
    }

    private static IEnumerable<SimulatedInode> Inodes(DirectoryNode directory) => directory.Current.Values.SelectMany(
        node => node is DirectoryNode inner ? Inodes(inner) : [(SimulatedInode)node]);

    private static IEnumerable<(string Path, SimulatedInode Inode)> Files(DirectoryNode directory, string path) =>
        directory.Current.SelectMany(entry => entry.Value is DirectoryNode inner
            ? Files(inner, $"{path}/{entry.Key}")
            : [($"{path}/{entry.Key}", (SimulatedInode)entry.Value)]);

    private static object CloneNode(object node, Dictionary<object, object> copies)
    {
        if (copies.TryGetValue(node, out object? known))
            return known;
        if (node is SimulatedInode inode)
            return copies[node] = inode.Clone();
        var copy = new DirectoryNode();
        copies[node] = copy;
        CloneEntries((DirectoryNode)node, copy, copies);
        return copy;
    }

    private static void CloneEntries(DirectoryNode from, DirectoryNode to, Dictionary<object, object> copies)
    {
        foreach ((string name, object node) in from.Current)
            to.Current[name] = CloneNode(node, copies);
        foreach ((string name, object node) in from.Durable)
            to.Durable[name] = CloneNode(node, copies);
    }
}
