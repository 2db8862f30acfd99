using FastLog.Simulator;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Tests.Flushing;

/// <summary>When a round waits for company and when it does not; each flight takes the time by which the test moves the clock.</summary>
public class FlushGatheringTests
{
    private static readonly TimeSpan Flight = TimeSpan.FromMilliseconds(1);

    private readonly FlushRig _rig = new(new SimulatedDisk(3), seed: 1, logs: 20, FlushPolicy.Ack, 256 * 1024);

    [Fact]
    public void A_round_waits_until_three_of_four_callers_are_back()
    {
        FlyWith(16);
        FlyWith(16);
        Append(11);
        Assert.True(Waits());
        Append(1);
        Assert.False(Waits());
    }

    [Fact]
    public void A_round_waits_for_callers_of_other_partitions_too()
    {
        FlyWith(20);
        FlyWith(20);
        long flushes = _rig.Commit.Metrics.FileFlushes;
        for (int i = 1; i < 15; i++)
            _rig.Logs[i].Append(new byte[10]);
        Assert.True(Waits());
        _rig.Logs[15].Append(new byte[10]);
        Assert.False(Waits());
        Assert.Equal(flushes + 1, _rig.Commit.Metrics.FileFlushes);
    }

    [Fact]
    public void Who_does_not_come_back_is_waited_for_no_longer_than_four_flights_and_then_forgotten()
    {
        FlyWith(16);
        FlyWith(16);
        Append(2);
        _rig.Ports.Advance((4 * Flight) - TimeSpan.FromTicks(1));
        Assert.True(Waits());
        _rig.Ports.Advance(TimeSpan.FromTicks(1));
        Assert.False(Waits());
        for (int i = 0; i < GroupCommitLimits.GatherLandings; i++)
        {
            Append(2);
            _rig.Ports.Advance(GroupCommitLimits.GatherMax);
        }

        Append(2);
        Assert.False(Waits());
    }

    [Fact]
    public void On_a_slow_device_a_round_waits_a_part_of_a_flight_only()
    {
        Append(16);
        _rig.Ports.Advance(TimeSpan.FromSeconds(1));
        Append(16);
        _rig.Ports.Advance(TimeSpan.FromSeconds(1));
        Append(2);
        Assert.True(Waits());
        _rig.Ports.Advance(GroupCommitLimits.GatherMax);
        Assert.False(Waits());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(GroupCommitLimits.GatherCallersMin - 1)]
    public void A_few_callers_never_wait(int callers)
    {
        for (int i = 0; i < 10; i++)
            FlyWith(callers);
        Append(1);
        Assert.False(Waits());
    }

    [Fact]
    public void One_burst_is_not_taken_for_a_crowd()
    {
        FlyWith(2);
        FlyWith(50);
        Append(2);
        Assert.False(Waits());
    }

    [Fact]
    public void Neither_a_settling_log_nor_a_large_append_waits_for_company()
    {
        FlyWith(16);
        FlyWith(16);
        Append(1);
        Assert.True(Waits());
        Task settled = _rig.Logs[0].Member!.SettleAsync();
        _rig.Ports.RunAll();
        Assert.True(settled.IsCompletedSuccessfully);
        FlyWith(16);
        FlyWith(16);
        _rig.Logs[0].Append(new byte[GroupCommitLimits.CarryMemberBytesMax + 1]);
        Assert.False(Waits());
    }

    private void Append(int callers) => _rig.Logs[0].Append(new byte[10], callers);

    /// <summary>One flight that acknowledges so many callers.</summary>
    private void FlyWith(int callers)
    {
        Append(callers);
        _rig.Ports.Advance(Flight);
        Assert.Equal(_rig.Logs[0].Written, _rig.Logs[0].Durable);
    }

    private bool Waits()
    {
        _rig.Ports.RunAll();
        return _rig.Logs.Exists(log => log.Durable < log.Written);
    }
}
