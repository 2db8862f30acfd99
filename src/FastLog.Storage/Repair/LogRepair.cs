using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Inspection;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Recovery;
using FastLog.Storage.Segments;

namespace FastLog.Storage.Repair;

/// <summary>
/// Repairs the partitions of a stopped broker's data directory as far as the directory alone allows. First a plan names each
/// defect and what will be done; then exactly that is done, each byte that goes saved before. It holds the directory's lock.
/// A crash in the middle leaves a directory that can be repaired again. One thread.
/// </summary>
public sealed class LogRepair : IDisposable
{
    /// <summary>Where bytes and files go that are taken out, in the data directory.</summary>
    public const string SideFolder = "repair";

    private readonly IDisk _disk;
    private readonly string _root;
    private readonly IEntropy _entropy;
    private readonly Timestamp _appendedBy;
    private readonly LogDirectoryLock _held;

    private LogRepair(IDisk disk, string root, Timestamp appendedBy, IEntropy entropy, LogDirectoryLock held)
    {
        _appendedBy = appendedBy;
        _disk = disk;
        _root = root;
        _entropy = entropy;
        _held = held;
    }

    /// <summary>Takes a data directory.</summary>
    /// <exception cref="StorageException">A process uses it, or it is none.</exception>
    public static LogRepair Open(IDisk disk, string root, IClock clock, IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(entropy);
        if (!disk.FileExists($"{root}/{DataDirectoryLayout.Meta}"))
            throw new StorageException(StorageErrorKind.InvalidArgument, root, $"'{root}' is no data directory: it has no '{DataDirectoryLayout.Meta}'");
        try
        {
            LogDirectoryLock held = LogDirectoryLock.Take(disk, root);
            try
            {
                RetentionClock.Open(disk, root, clock, out RetentionClock aging);
                return new LogRepair(disk, root, aging.Now, entropy, held);
            }
            catch (DiskException)
            {
                held.Dispose();
                throw;
            }
        }
        catch (DataDirectoryInUseException inUse)
        {
            throw new StorageException(StorageErrorKind.InUse, root, $"{inUse.Message}; a repair needs a stopped broker", inUse);
        }
        catch (DiskException failure)
        {
            throw DirectoryOpening.AsStorageException(failure);
        }
    }

    /// <summary>What <see cref="Apply"/> would do, in order; empty for a partition without damage. Changes nothing.</summary>
    /// <exception cref="StorageException">The device failed, or the partition must be recovered first.</exception>
    public IReadOnlyList<RepairStep> Plan(InspectedPartition partition, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partition);
        return Guarded(() => Steps(partition, cancellationToken));
    }

    /// <summary>Does what a plan named and nothing else.</summary>
    /// <exception cref="StorageException">
    /// The device failed, or the partition is not any more as it was when the plan was made: then nothing was changed.
    /// </exception>
    public void Apply(InspectedPartition partition, IReadOnlyList<RepairStep> plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(partition);
        ArgumentNullException.ThrowIfNull(plan);
        Guarded(() =>
        {
            List<RepairStep> steps = Steps(partition, cancellationToken);
            if (!steps.SequenceEqual(plan))
                throw new StorageException(
                    StorageErrorKind.InvalidArgument, partition.Directory, $"'{partition.Directory}' has changed since the plan was made: plan again");
            var side = new SideStore(_disk, _root, partition);
            new PartitionMend(_disk, _root, _entropy, ContextOf(partition), side).Run(steps);
            return true;
        });
    }

    public void Dispose() => _held.Dispose();

    private List<RepairStep> Steps(InspectedPartition partition, CancellationToken cancellationToken)
    {
        SegmentContext context = ContextOf(partition);
        RefuseUnsettled(partition);

        // A new one each time: it keeps the recorded ends, which a repair moves.
        PartitionReport report = new LogInspection(_disk).Verify(partition, lookBehindHeaders: true, cancellationToken);
        List<FoundSegment> segments = SegmentInventory.List(_disk, partition.Directory, context.Id);
        return new RepairPlan(context, report, segments).Make();
    }

    /// <summary>What a start brings to its place by itself must be there first: else a later start writes over the repair.</summary>
    private void RefuseUnsettled(InspectedPartition partition)
    {
        bool hasSwap = _disk.ListFiles(partition.Directory)
            .Any(static name => SegmentName.TryParse(name, SegmentName.SwapSuffix, out _));
        var loader = new RecoveryLogLoader(_disk, $"{_root}/{DataDirectoryLayout.Recovery}");
        if (_disk.DirectoryExists($"{_root}/{DataDirectoryLayout.Recovery}"))
            loader.Load();
        if (hasSwap || loader.State.Carried.ContainsKey(partition.Id!.Value))
            throw new StorageException(
                StorageErrorKind.InvalidArgument,
                partition.Directory,
                $"'{partition.Directory}' was left in the middle of a flush round or a compaction: start the broker once and stop it, then repair");
    }

    private SegmentContext ContextOf(InspectedPartition partition)
    {
        if (partition.Id is not { } id || partition.OnlyFile is not null || partition.Root != _root)
            throw new StorageException(
                StorageErrorKind.InvalidArgument, partition.Directory, $"'{partition.Directory}' is no partition of '{_root}'");
        return new SegmentContext(
            _disk, partition.Directory, id, new OpenSegmentCache(StorageLimits.OpenSegmentsMax), _appendedBy);
    }

    private static T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (DiskException failure)
        {
            throw DirectoryOpening.AsStorageException(failure);
        }
    }
}
