using FastLog.Primitives;

namespace FastLog.Simulator.Tests;

public class HistoryCheckerTests
{
    private static readonly PartitionId P0 = new(0);
    private static readonly PartitionId P1 = new(1);
    private readonly HistoryChecker _history = new();

    [Fact]
    public void A_clean_history_passes_with_its_counts()
    {
        for (ulong value = 0; value < 10; value++)
            SendAcknowledged(value, (long)value);
        ReadAll(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        HistoryReport report = _history.Check();
        Assert.True(report.Passed, report.ToString());
        Assert.Equal((10, 10, 0, 0, 10), (report.Sent, report.Acknowledged, report.Failed, report.Unknown, report.Read));
    }

    [Fact]
    public void An_acknowledged_record_that_is_not_there_is_found()
    {
        SendAcknowledged(1, 0);
        SendAcknowledged(2, 1);
        Read(1, 0);
        _history.ReadComplete(P0, LogOffset.Zero, new LogOffset(2));
        Expect(HistoryViolationKind.AcknowledgedMissing, HistoryViolationKind.OffsetGap);
    }

    [Fact]
    public void A_log_that_became_shorter_is_found()
    {
        SendAcknowledged(1, 0);
        SendAcknowledged(2, 1);
        Read(1, 0);
        _history.ReadComplete(P0, LogOffset.Zero, new LogOffset(1));
        Expect(HistoryViolationKind.AcknowledgedCut);
    }

    [Fact]
    public void An_acknowledged_record_at_another_offset_is_found()
    {
        SendAcknowledged(1, 0);
        _history.SendStarted(2, 2);
        _history.Unknown(2);
        Read(2, 0);
        Read(1, 1);
        _history.ReadComplete(P0, LogOffset.Zero, new LogOffset(2));
        Expect(HistoryViolationKind.AcknowledgedMissing, HistoryViolationKind.OffsetHasTwoValues, HistoryViolationKind.Duplicated);
    }

    [Fact]
    public void A_value_that_changes_under_its_offset_is_found()
    {
        SendAcknowledged(1, 0);
        _history.SendStarted(1, 2);
        _history.Unknown(2);
        Read(1, 0, reader: 1);
        Read(2, 0, reader: 2);
        Expect(HistoryViolationKind.OffsetHasTwoValues);
    }

    [Fact]
    public void A_value_stored_twice_is_found_unless_its_send_was_repeated_after_an_unknown_end()
    {
        _history.SendStarted(1, 1);
        _history.Unknown(1);
        ReadAll(1, 1);
        Expect(HistoryViolationKind.Duplicated);
        _history.SendStarted(1, 1);
        _history.Acknowledged(1, P0, new LogOffset(1));
        HistoryReport report = _history.Check();
        Assert.True(report.Passed, report.ToString());
        Assert.Equal(1, report.Duplicates);
    }

    [Fact]
    public void Duplicates_pass_where_the_client_retries_without_idempotence()
    {
        var history = new HistoryChecker(new HistoryOptions { DuplicatesAllowed = true });
        history.SendStarted(1, 1);
        history.Acknowledged(1, P0, new LogOffset(1));
        history.Read(1, P0, new LogOffset(0), 1);
        history.Read(1, P0, new LogOffset(1), 1);
        history.ReadComplete(P0, LogOffset.Zero, new LogOffset(2));
        HistoryReport report = history.Check();
        Assert.True(report.Passed, report.ToString());
        Assert.Equal(1, report.Duplicates);
    }

    [Fact]
    public void A_failed_record_that_is_read_is_found_but_not_one_with_an_unknown_attempt()
    {
        _history.SendStarted(1, 1);
        _history.Failed(1);
        ReadAll(1);
        Expect(HistoryViolationKind.FailedWasRead);
        var second = new HistoryChecker();
        second.SendStarted(1, 1);
        second.Unknown(1);
        second.SendStarted(1, 1);
        second.Failed(1);
        second.Read(1, P0, LogOffset.Zero, 1);
        Assert.True(second.Check().Passed);
    }

    [Fact]
    public void A_record_that_nobody_sent_is_found()
    {
        ReadAll(99);
        Expect(HistoryViolationKind.NeverSent);
    }

    [Fact]
    public void An_offset_that_nobody_could_read_is_found()
    {
        SendAcknowledged(1, 0);
        SendAcknowledged(2, 2);
        Read(1, 0, reader: 1);
        Read(2, 2, reader: 2);
        _history.ReadComplete(P0, LogOffset.Zero, new LogOffset(3));
        Expect(HistoryViolationKind.OffsetGap);
    }

    [Fact]
    public void A_reader_that_jumps_is_found()
    {
        SendAcknowledged(1, 0);
        SendAcknowledged(2, 1);
        SendAcknowledged(3, 2);
        Read(1, 0);
        Read(3, 2);
        Expect(HistoryViolationKind.ReaderJumped);
    }

    [Fact]
    public void Two_records_of_one_producer_in_the_wrong_order_are_found_and_of_two_producers_not()
    {
        SendAcknowledged(1, 1);
        SendAcknowledged(2, 0);
        ReadAll(2, 1);
        Expect(HistoryViolationKind.OrderBroken);
        var second = new HistoryChecker();
        second.SendStarted(1, 1);
        second.SendStarted(2, 2);
        second.Acknowledged(1, P0, new LogOffset(1));
        second.Acknowledged(2, P0, new LogOffset(0));
        Assert.True(second.Check().Passed);
    }

    [Fact]
    public void A_record_in_another_partition_than_it_was_sent_to_is_found()
    {
        _history.SendStarted(1, 1, P1);
        _history.Acknowledged(1, P0, LogOffset.Zero);
        _history.SendStarted(1, 2, P1);
        _history.Unknown(2);
        Read(2, 7);
        Expect(HistoryViolationKind.WrongPartition, HistoryViolationKind.WrongPartition);
    }

    [Fact]
    public void What_retention_deleted_is_not_missing_and_what_was_read_above_the_end_is_found()
    {
        SendAcknowledged(1, 0);
        SendAcknowledged(2, 1);
        Read(2, 1);
        _history.ReadComplete(P0, new LogOffset(1), new LogOffset(2));
        Assert.True(_history.Check().Passed);
        _history.SendStarted(1, 3);
        _history.Unknown(3);
        Read(3, 2);
        Expect(HistoryViolationKind.OutsideOfLog);
    }

    [Fact]
    public void A_check_may_be_repeated_and_a_report_names_each_violation()
    {
        ReadAll(99);
        HistoryReport first = _history.Check();
        HistoryReport second = _history.Check();
        Assert.Equal(first.ViolationCount, second.ViolationCount);
        Assert.Contains("NeverSent: partition 0, offset 0, value 99", first.ToString(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _history.Failed(5));
    }

    private void SendAcknowledged(ulong value, long offset)
    {
        _history.SendStarted(1, value, P0);
        _history.Acknowledged(value, P0, new LogOffset(offset));
    }

    private void Read(ulong value, long offset, int reader = 1) => _history.Read(reader, P0, new LogOffset(offset), value);

    private void ReadAll(params ulong[] values)
    {
        for (int i = 0; i < values.Length; i++)
            Read(values[i], i);
        _history.ReadComplete(P0, LogOffset.Zero, new LogOffset(values.Length));
    }

    private void Expect(params HistoryViolationKind[] kinds)
    {
        HistoryReport report = _history.Check();
        Assert.Equal(kinds.Order(), report.Violations.Select(violation => violation.Kind).Order());
    }
}
