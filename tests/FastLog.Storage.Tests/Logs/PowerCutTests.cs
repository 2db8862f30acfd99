using FastLog.Primitives;
using FastLog.Simulator;

namespace FastLog.Storage.Tests.Logs;

/// <summary>
/// A short workload (appends, several at once, rolls, a clean restart) is cut off at every single operation of the disk,
/// with several outcomes of what was not flushed; the cut also hits the recovery that follows. What was acknowledged must
/// be there at its offset, offsets must be dense, nothing may be there that was not sent, and the epoch must have risen.
/// </summary>
public class PowerCutTests
{
    private const int Appends = 14;

    [Theory]
    [InlineData(PowerCutOutcome.AllLost)]
    [InlineData(PowerCutOutcome.AllKept)]
    [InlineData(PowerCutOutcome.Random)]
    public void Acknowledged_records_survive_a_power_cut_at_every_operation(PowerCutOutcome outcome)
    {
        long operations = new CutRun(7, outcome, long.MaxValue).Workload();
        Assert.True(operations > 100, $"only {operations} operations");
        for (long cut = 1; cut <= operations; cut++)
        {
            var run = new CutRun(7, outcome, cut);
            run.Workload();
            run.RestartAndCheck(cutRecovery: cut % 3 == 0);
        }
    }

    [Theory]
    [InlineData(101)]
    [InlineData(102)]
    [InlineData(103)]
    [InlineData(104)]
    public void Acknowledged_records_survive_random_power_cuts_life_after_life(ulong seed)
    {
        var random = new Prng(seed);
        var run = new CutRun(seed, PowerCutOutcome.Random, random.Next(1, 120));
        for (int life = 0; life < 12; life++)
        {
            run.Workload();
            run.RestartAndCheck(cutRecovery: random.Next(2) == 0);
            run.CutAfter(random.Next(1, 120));
        }
    }

    [Theory]
    [InlineData(201)]
    [InlineData(202)]
    public void A_killed_process_loses_nothing_that_was_written(ulong seed)
    {
        var random = new Prng(seed);
        var run = new CutRun(seed, PowerCutOutcome.Random, random.Next(1, 120)) { KillsOnly = true };
        for (int life = 0; life < 12; life++)
        {
            run.Workload();
            run.RestartAndCheck(cutRecovery: random.Next(2) == 0);
            run.CutAfter(random.Next(1, 120));
        }
    }

    /// <summary>One history over several lives; knows what was sent and what was acknowledged at which offset.</summary>
    private sealed class CutRun
    {
        private readonly ulong _seed;
        private readonly PowerCutOutcome _outcome;
        private readonly StorageRig _rig;
        private readonly Prng _random;
        private readonly HashSet<string> _sent = [];
        private readonly Dictionary<long, string> _acknowledged = [];
        private LeaderEpoch _epoch = LeaderEpoch.None;
        private long _cutAt;
        private bool _isCut;
        private bool _wasClean;
        private int _sequence;

        public CutRun(ulong seed, PowerCutOutcome outcome, long cutAt)
        {
            _seed = seed;
            _outcome = outcome;
            _random = new Prng(seed);
            _rig = new StorageRig(seed, new PartitionLogOptions { SegmentSizeMax = StorageLimits.SegmentSizeMin });
            _rig.Disk.BeforeOperation = OnOperation;
            _cutAt = cutAt;
        }

        public bool KillsOnly { get; init; }

        private string Context => $"seed {_seed}, {_outcome}, cut at operation {_cutAt}";

        public void CutAfter(long operations) => _cutAt = _rig.Disk.OperationCount + operations;

        /// <summary>Runs to its end or to the cut; the number of operations of the disk.</summary>
        public long Workload()
        {
            _isCut = false;
            if (RunLife(AppendSome) && RunLife(AppendSome))
                _rig.Kill();
            return _rig.Disk.OperationCount;
        }

        public void RestartAndCheck(bool cutRecovery)
        {
            long former = _cutAt;
            if (cutRecovery)
            {
                _cutAt = _rig.Disk.OperationCount + _random.Next(1, 12);
                _isCut = false;
                RunLife(static (_, _) => Task.CompletedTask);
                _cutAt = former;
            }

            _cutAt = long.MaxValue;
            _isCut = false;
            RunLife(CheckAsync);
            Assert.False(_isCut);
            _cutAt = former;
            Assert.True(_rig.Disk.Violations.Count == 0, $"{Context}: {string.Join("; ", _rig.Disk.Violations)}");
        }

        private void OnOperation(DiskOperationInfo operation)
        {
            if (_isCut || operation.Number == 0 || operation.Number < _cutAt)
                return;
            _isCut = true;
            _rig.Process.Kill();
            if (KillsOnly)
                _rig.Disk.ProcessKill();
            else
                _rig.Disk.PowerCut(_random, _outcome);
        }

        /// <summary>Open, do, stop; false when it was cut.</summary>
        private bool RunLife(Func<PartitionLog, Prng, Task> body)
        {
            SimulatedProcess process = _rig.NextProcess();
            Task task = process.Start(async () =>
            {
                LogDirectory directory = LogDirectory.Open(
                    _rig.Disk.Attach(), StorageRig.Root, StorageRig.DirectoryOptions(), process.Ports);
                _wasClean = directory.WasClean;
                PartitionLog log = await directory.OpenPartitionAsync(
                    StorageRig.Id, StorageRig.TopicName, _rig.Options, CancellationToken.None);
                await body(log, _random);
                await directory.DisposeAsync();
            });
            _rig.Scheduler.RunUntil(() => task.IsCompleted || _isCut, Context);
            if (_isCut)
                return false;
            task.GetAwaiter().GetResult();
            return true;
        }

        private async Task AppendSome(PartitionLog log, Prng random)
        {
            _epoch = log.LeaderEpoch > _epoch ? log.LeaderEpoch : _epoch;
            for (int i = 0; i < Appends; i++)
            {
                int together = (int)random.Next(1, 4);
                var tasks = new List<(string[] Values, ValueTask<AppendResult> Task)>();
                for (int j = 0; j < together; j++)
                {
                    string[] values = [.. Enumerable.Range(0, (int)random.Next(1, 4)).Select(_ => NextValue(random))];
                    AppendMode mode = (AppendMode)random.Next(3);
                    ValueTask<AppendResult> task = log.AppendAsync(StorageRig.Batch(1000 + _sequence, values), mode);
                    if (mode != AppendMode.Unconfirmed || KillsOnly)
                        tasks.Add((values, task));
                    else
                        Assert.True((await task).Status is AppendStatus.Ok or AppendStatus.Fenced);
                }

                foreach ((string[] values, ValueTask<AppendResult> task) in tasks)
                    Acknowledge(values, await task);
            }
        }

        private string NextValue(Prng random)
        {
            string value = $"{_sequence++}-{new string('x', (int)random.Next(0, 400))}";
            _sent.Add(value);
            return value;
        }

        private void Acknowledge(string[] values, AppendResult result)
        {
            // A dead disk is a failing disk to the process that the cut has not reached yet.
            if (_isCut || result.Status == AppendStatus.Fenced)
                return;
            Assert.Equal(AppendStatus.Ok, result.Status);
            for (int i = 0; i < values.Length; i++)
                Assert.True(_acknowledged.TryAdd(result.BaseOffset.Value + i, values[i]), $"{Context}: offset used twice");
        }

        private Task CheckAsync(PartitionLog log, Prng random)
        {
            List<TestRecord> records = Read(log);
            for (int i = 0; i < records.Count; i++)
            {
                Assert.True(records[i].Offset == i, $"{Context}: offset {records[i].Offset} where {i} must be");
                Assert.True(_sent.Contains(records[i].Value), $"{Context}: '{records[i].Value}' was never sent");
            }

            Assert.True(records.Select(record => record.Value).Distinct().Count() == records.Count, $"{Context}: doubled");
            foreach ((long offset, string value) in _acknowledged)
            {
                Assert.True(offset < records.Count, $"{Context}: offset {offset} of {records.Count} is lost");
                Assert.True(records[(int)offset].Value == value, $"{Context}: offset {offset} holds another record");
            }

            Assert.True(log.Defects.Count == 0, $"{Context}: {string.Join("; ", log.Defects)}");

            // A cut after the clean marker was durable is none.
            bool hasRisen = log.LeaderEpoch > _epoch || _epoch.Value < 0;
            Assert.True(hasRisen || _wasClean, $"{Context}: the epoch has not risen");

            // What was read is part of the history from here on, acknowledged or not.
            for (int i = 0; i < records.Count; i++)
                _acknowledged[i] = records[i].Value;
            return AppendSome(log, random);
        }

        private static List<TestRecord> Read(PartitionLog log)
        {
            var records = new List<TestRecord>();
            LogOffset next = log.LogStart;
            while (next < log.ReadableEnd)
            {
                ReadResult result = log.Read(next, 2_000, log.ReadableEnd);
                Assert.Equal(ReadStatus.Ok, result.Status);
                StorageRig.Decode(result, records);
                result.Region.Release();
                next = result.NextOffset;
            }

            return records;
        }
    }
}
