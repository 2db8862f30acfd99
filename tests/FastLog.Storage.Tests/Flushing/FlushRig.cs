using FastLog.Primitives;
using FastLog.Simulator;
using FastLog.Storage.Disk;
using FastLog.Storage.Flushing;
using FastLog.Storage.Recovery;

namespace FastLog.Storage.Tests.Flushing;

/// <summary>Group commit over a simulated disk with a number of fake logs.</summary>
internal sealed class FlushRig
{
    public const string RecoveryDirectory = "/data/recovery";

    public FlushRig(
        SimulatedDisk disk, ulong seed, int logs, FlushPolicy policy, int recoveryFileSize, FlushOptions? options = null)
    {
        Ports = new ManualPorts(seed);
        disk.CreateDirectory("/data");
        disk.FlushDirectory("/");
        IDisk attached = disk.Attach();
        Log = RecoveryLog.Open(attached, RecoveryDirectory, Ports.Ports.Entropy, recoveryFileSize);
        for (int i = 0; i < logs; i++)
            Logs.Add(new FakeLog(attached, i, policy));
        disk.FlushDirectory("/data");
        Commit = new GroupCommit(Log, options ?? new FlushOptions(), Ports.Ports);
        foreach (FakeLog log in Logs)
            log.Member = Commit.Attach(log, log.PointAt(0));
        Ports.RunAll();
    }

    public ManualPorts Ports { get; }

    public RecoveryLog Log { get; }

    public GroupCommit Commit { get; }

    public List<FakeLog> Logs { get; } = [];

    /// <summary>Starts anew on what the disk has kept; holds it to what the logs were told.</summary>
    public void CheckAfterRestart(IDisk disk, string context)
    {
        using RecoveryLog recovered = RecoveryLog.Open(disk, RecoveryDirectory, new Prng(5), 64 * 1024);
        Assert.True(recovered.Defects.Count == 0, $"{context}: {string.Join("; ", recovered.Defects)}");
        foreach (FakeLog log in Logs)
        {
            RecoveredPartition? known = recovered.Find(log.Id);
            using IDiskFile file = disk.FileExists(log.Path)
                ? disk.Open(log.Path, DiskOpenMode.ReadWrite)
                : disk.Open(log.Path, DiskOpenMode.CreateNew);
            recovered.Replay(log.Id, _ => file);
            byte[] bytes = new byte[log.Written];
            int count = file.Read(FilePosition.Zero, bytes);
            long claimed = known?.RecoveryPoint.Position.Value ?? 0;
            Assert.True(claimed <= log.Written, $"{context}: {log.Path} claims {claimed} of {log.Written}");
            int kept = (int)Math.Max(claimed, log.Durable);
            Assert.True(count >= kept, $"{context}: {log.Path} has {count} bytes, {kept} were durable");
            Assert.True(
                bytes.AsSpan(0, kept).SequenceEqual(log.Content.AsSpan(0, kept)),
                $"{context}: {log.Path} differs below {kept} (reported {log.Durable}, claimed {claimed})");
            if (known is not null)
                Assert.Equal(log.PointAt(claimed), known.RecoveryPoint);
        }

        // The replayed points become durable and the older files go: from here on the partitions' own files must do.
        disk.FlushDirectory("/data");
        Assert.True(recovered.TryCommit(new CarriedRound()));
    }
}
