using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Maintenance;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Maintenance;

/// <summary>The rounds of background passes: when they run, what keeps them apart, and how they end.</summary>
public class MaintenanceWorkerTests
{
    [Fact]
    public void Each_kind_goes_round_the_open_logs_at_its_own_interval()
    {
        var rig = new WorkerRig();
        var often = new FakePass(MaintenanceKind.Retention, TimeSpan.FromSeconds(10));
        var seldom = new FakePass(MaintenanceKind.Scrub, TimeSpan.FromSeconds(25)) { ChangesSegments = false };
        rig.Begin(often, seldom);
        rig.Storage.Scheduler.RunFor(TimeSpan.FromSeconds(51));
        Assert.Equal(5, often.Runs);
        Assert.Equal(2, seldom.Runs);
    }

    [Fact]
    public void A_log_that_is_asked_for_is_looked_at_before_the_next_round()
    {
        var rig = new WorkerRig();
        var pass = new FakePass(MaintenanceKind.Retention, TimeSpan.FromHours(1));
        rig.Begin(pass);
        rig.Worker.Ask(rig.Storage.Log, MaintenanceKind.Retention);
        rig.Worker.Ask(rig.Storage.Log, MaintenanceKind.Retention);
        rig.Storage.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(1, pass.Runs);
        rig.Worker.Ask(rig.Storage.Log, MaintenanceKind.Retention);
        rig.Storage.Scheduler.RunFor(TimeSpan.FromSeconds(1));
        Assert.Equal(2, pass.Runs);
    }

    [Fact]
    public void Two_passes_that_change_segments_never_work_on_one_log_at_once()
    {
        var rig = new WorkerRig();
        var slow = new FakePass(MaintenanceKind.Compaction, TimeSpan.FromSeconds(10)) { Blocks = true };
        var quick = new FakePass(MaintenanceKind.Retention, TimeSpan.FromSeconds(11));
        var reader = new FakePass(MaintenanceKind.Scrub, TimeSpan.FromSeconds(11)) { ChangesSegments = false };
        rig.Begin(slow, quick, reader);
        rig.Storage.Scheduler.RunFor(TimeSpan.FromSeconds(60));
        Assert.Equal(1, slow.Runs);
        Assert.Equal(0, quick.Runs);
        Assert.True(reader.Runs >= 4);
        slow.Unblock();
        rig.Storage.Scheduler.RunFor(TimeSpan.FromSeconds(3));
        Assert.Equal(1, quick.Runs);
    }

    [Fact]
    public void A_pass_that_fails_is_told_and_the_rounds_go_on()
    {
        var rig = new WorkerRig();
        var pass = new FakePass(MaintenanceKind.Retention, TimeSpan.FromSeconds(10))
        {
            Failure = new DiskException("unlink", "/data/x", 5, "no such luck"),
        };
        rig.Begin(pass);
        rig.Storage.Scheduler.RunFor(TimeSpan.FromSeconds(31));
        Assert.Equal(3, pass.Runs);
        Assert.Equal(3, rig.Events.Count(told => told.Id == StorageEventId.MaintenanceFailed));
        Assert.Contains("no such luck", rig.Events[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_is_closed_ends_the_passes_on_it_first()
    {
        var rig = new WorkerRig();
        var pass = new FakePass(MaintenanceKind.Compaction, TimeSpan.FromSeconds(10)) { Blocks = true };
        rig.Begin(pass);
        rig.Storage.Scheduler.RunFor(TimeSpan.FromSeconds(11));
        Assert.True(pass.IsInside);
        rig.Storage.Stop();
        Assert.False(pass.IsInside);
        rig.Storage.Run(rig.Worker.StopAsync);
        rig.Storage.Scheduler.RunFor(TimeSpan.FromSeconds(60));
        Assert.Equal(1, pass.Runs);
        Assert.Empty(rig.Events);
    }

    /// <summary>A worker with passes of the test over one open log.</summary>
    private sealed class WorkerRig
    {
        public StorageRig Storage { get; } = new(11);

        public List<StorageEvent> Events { get; } = [];

        public MaintenanceWorker Worker { get; private set; } = null!;

        public void Begin(params IMaintenancePass[] passes)
        {
            Storage.Start();
            RuntimePorts ports = Storage.Process.Ports;
            RetentionClock.Open(Storage.Disk, StorageRig.Root, ports.Clock, out RetentionClock clock);
            var tools = new MaintenanceTools(
                StorageRig.Root, ports.BlockingExecutor, ports, clock, new StorageDiagnostics(Events.Add));
            Worker = new MaintenanceWorker(passes, () => [Storage.Log], tools);
            Worker.Start();
        }
    }

    private sealed class FakePass(MaintenanceKind kind, TimeSpan interval) : IMaintenancePass
    {
        private readonly TaskCompletionSource _unblocked = new();

        public MaintenanceKind Kind => kind;

        public TimeSpan Interval => interval;

        public bool ChangesSegments { get; init; } = true;

        public bool Blocks { get; init; }

        public Exception? Failure { get; init; }

        public int Runs { get; private set; }

        public bool IsInside { get; private set; }

        public void Unblock() => _unblocked.SetResult();

        public async Task RunAsync(PartitionLog log, CancellationToken cancellationToken)
        {
            Runs++;
            if (Failure is not null)
                throw Failure;
            if (!Blocks)
                return;
            IsInside = true;
            try
            {
                await _unblocked.Task.WaitAsync(cancellationToken);
            }
            finally
            {
                IsInside = false;
            }
        }
    }
}
