using FastLog.Primitives;

namespace FastLog.Simulator;

/// <summary>
/// Records what was sent to and read from the partitions of one topic, and checks it: nothing acknowledged is missing or
/// moved, nothing failed or foreign is read, offsets are dense and keep their value, order holds. It knows nothing of who
/// sends: simulated runs, crash tests with real processes and load generators use it alike. Thread-safe.
/// </summary>
public sealed class HistoryChecker(HistoryOptions options)
{
    /// <summary>Violations that a report lists; more are counted.</summary>
    public const int ViolationsMax = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Send> _sends = [];
    private readonly SortedDictionary<PartitionId, PartitionHistory> _partitions = [];
    private readonly Dictionary<(int Reader, PartitionId Partition), LogOffset> _readerNext = [];
    private readonly List<HistoryViolation> _seen = [];
    private long _seenCount;

    public HistoryChecker()
        : this(new HistoryOptions())
    {
    }

    private enum SendState
    {
        Unknown,
        Acknowledged,
        Failed,
    }

    /// <summary>A send begins, or begins again after an unknown end. Values are unique over all producers.</summary>
    /// <param name="producer">Its number: the order of its sends counts.</param>
    /// <param name="value">What the record holds.</param>
    /// <param name="partition">Where it must go; null when the partitioner decides.</param>
    public void SendStarted(int producer, ulong value, PartitionId? partition = null)
    {
        lock (_gate)
        {
            if (!_sends.TryGetValue(value, out Send? send))
            {
                send = new Send(producer, _sends.Count, partition);
                _sends.Add(value, send);
            }

            send.Attempts++;
            send.State = SendState.Unknown;
        }
    }

    /// <summary>The send was acknowledged with this place.</summary>
    public void Acknowledged(ulong value, PartitionId partition, LogOffset offset)
    {
        lock (_gate)
        {
            Send send = Started(value);
            send.State = SendState.Acknowledged;
            send.AcknowledgedAt = (partition, offset);
            if (send.Partition is { } wanted && wanted != partition)
                Add(HistoryViolationKind.WrongPartition, partition, offset, value, $"it was sent to {wanted}");
            Place(partition, offset, value, "acknowledged");
        }
    }

    /// <summary>The send failed for certain: the record must never be seen. An earlier unknown attempt keeps it unknown.</summary>
    public void Failed(ulong value)
    {
        lock (_gate)
        {
            Send send = Started(value);
            send.FailedAttempts++;
            send.State = send.FailedAttempts == send.Attempts ? SendState.Failed : SendState.Unknown;
        }
    }

    /// <summary>The send ended without an answer: the record may be there, once for each attempt, or not.</summary>
    public void Unknown(ulong value)
    {
        lock (_gate)
            Started(value).State = SendState.Unknown;
    }

    /// <summary>A reader got a record. Within one reader and partition offsets follow each other without a gap.</summary>
    /// <param name="reader">A number for each reader; take a new one where a reader seeks.</param>
    /// <param name="partition">Where.</param>
    /// <param name="offset">Its offset.</param>
    /// <param name="value">What it held.</param>
    public void Read(int reader, PartitionId partition, LogOffset offset, ulong value)
    {
        lock (_gate)
        {
            if (_readerNext.TryGetValue((reader, partition), out LogOffset next) && next != offset)
                Add(HistoryViolationKind.ReaderJumped, partition, offset, value, $"reader {reader} expected {next}");
            _readerNext[(reader, partition)] = offset.Next();
            Place(partition, offset, value, "read");
            Partition(partition).Read[offset.Value] = value;
        }
    }

    /// <summary>
    /// All of a partition was read, last: everything in <c>[logStart, logEnd)</c> must have been seen by now, and nothing
    /// acknowledged lies above. What retention deleted lies below the start.
    /// </summary>
    public void ReadComplete(PartitionId partition, LogOffset logStart, LogOffset logEnd)
    {
        lock (_gate)
            Partition(partition).Bounds = (logStart, logEnd);
    }

    /// <summary>Checks what was recorded until now.</summary>
    public HistoryReport Check()
    {
        lock (_gate)
        {
            int seenBefore = _seen.Count;
            long countBefore = _seenCount;
            long duplicates = CheckCopies();
            foreach ((PartitionId id, PartitionHistory partition) in _partitions)
                CheckPartition(id, partition);
            CheckAcknowledged();
            if (options.OrderKept)
                CheckOrder();
            var report = new HistoryReport
            {
                Sent = _sends.Count,
                Acknowledged = _sends.Values.LongCount(send => send.State == SendState.Acknowledged),
                Failed = _sends.Values.LongCount(send => send.State == SendState.Failed),
                Unknown = _sends.Values.LongCount(send => send.State == SendState.Unknown),
                Read = _partitions.Values.Sum(partition => (long)partition.Read.Count),
                Duplicates = duplicates,
                ViolationCount = _seenCount,
                Violations = [.. _seen],
            };

            // What a check finds is found again by the next one; what was seen while recording is kept.
            _seen.RemoveRange(seenBefore, _seen.Count - seenBefore);
            _seenCount = countBefore;
            return report;
        }
    }

    private void Place(PartitionId id, LogOffset offset, ulong value, string how)
    {
        PartitionHistory partition = Partition(id);
        if (!partition.Values.TryGetValue(offset.Value, out ulong known))
            partition.Values.Add(offset.Value, value);
        else if (known != value)
            Add(HistoryViolationKind.OffsetHasTwoValues, id, offset, value, $"{how} now, but {known} was there before");
    }

    private long CheckCopies()
    {
        var places = new Dictionary<ulong, List<(PartitionId Partition, long Offset)>>();
        foreach ((PartitionId id, PartitionHistory partition) in _partitions)
            foreach (long offset in partition.Values.Keys.Order())
                CheckPlace(places, id, offset, partition.Values[offset]);
        foreach ((ulong value, List<(PartitionId Partition, long Offset)> copies) in places)
        {
            Send send = _sends[value];
            send.Copies = copies.Count;
            send.FirstCopy = copies[0];
            int allowed = Math.Max(1, send.Attempts - send.FailedAttempts);
            if (copies.Count <= allowed || options.DuplicatesAllowed)
                continue;
            (PartitionId partition, long offset) = copies[^1];
            Add(HistoryViolationKind.Duplicated, partition, new LogOffset(offset), value,
                $"it may lie at {allowed} places and lies at {string.Join(", ", copies)}");
        }

        return places.Values.LongCount(copies => copies.Count > 1);
    }

    private void CheckPlace(
        Dictionary<ulong, List<(PartitionId Partition, long Offset)>> places, PartitionId id, long offset, ulong value)
    {
        if (!_sends.TryGetValue(value, out Send? send))
        {
            Add(HistoryViolationKind.NeverSent, id, new LogOffset(offset), value, "nobody sent it");
            return;
        }

        if (send.State == SendState.Failed)
            Add(HistoryViolationKind.FailedWasRead, id, new LogOffset(offset), value, "its send failed for certain");
        if (send.Partition is { } wanted && wanted != id && send.AcknowledgedAt is null)
            Add(HistoryViolationKind.WrongPartition, id, new LogOffset(offset), value, $"it was sent to {wanted}");
        if (!places.TryGetValue(value, out List<(PartitionId, long)>? copies))
            places.Add(value, copies = []);
        copies.Add((id, offset));
    }

    private void CheckPartition(PartitionId id, PartitionHistory partition)
    {
        if (partition.Bounds is not { } bounds)
            return;
        foreach (long offset in partition.Read.Keys.Where(offset => offset >= bounds.End.Value).Order())
            Add(HistoryViolationKind.OutsideOfLog, id, new LogOffset(offset), 0, $"it was read once; the log ends at {bounds.End}");
        for (long offset = bounds.Start.Value; offset < bounds.End.Value; offset++)
            if (!partition.Read.ContainsKey(offset))
                Add(HistoryViolationKind.OffsetGap, id, new LogOffset(offset), 0,
                    $"the log is [{bounds.Start}, {bounds.End}) and nobody read it");
    }

    private void CheckAcknowledged()
    {
        foreach ((ulong value, Send send) in _sends.OrderBy(entry => entry.Value.Number))
        {
            if (send.State != SendState.Acknowledged || send.AcknowledgedAt is not { } at)
                continue;
            PartitionHistory partition = Partition(at.Partition);
            if (partition.Bounds is not { } bounds || at.Offset < bounds.Start)
                continue;
            if (at.Offset >= bounds.End)
                Add(HistoryViolationKind.AcknowledgedCut, at.Partition, at.Offset, value, $"the log ends at {bounds.End}");
            else if (!partition.Read.TryGetValue(at.Offset.Value, out ulong found))
                Add(HistoryViolationKind.AcknowledgedMissing, at.Partition, at.Offset, value, "nothing was read there");
            else if (found != value)
                Add(HistoryViolationKind.AcknowledgedMissing, at.Partition, at.Offset, value, $"{found} is there");
        }
    }

    private void CheckOrder()
    {
        var last = new Dictionary<(int Producer, PartitionId Partition), (long Offset, ulong Value)>();
        foreach ((ulong value, Send send) in _sends.OrderBy(entry => entry.Value.Number))
        {
            // A send that was repeated, or stored twice, has no one place in the order.
            if (send.Attempts != 1 || send.Copies != 1 || send.FirstCopy is not { } place)
                continue;
            (int, PartitionId) key = (send.Producer, place.Partition);
            if (last.TryGetValue(key, out (long Offset, ulong Value) before) && before.Offset > place.Offset)
                Add(HistoryViolationKind.OrderBroken, place.Partition, new LogOffset(place.Offset), value,
                    $"producer {send.Producer} sent {before.Value} before it, which lies at {before.Offset}");
            else
                last[key] = (place.Offset, value);
        }
    }

    private Send Started(ulong value) => _sends.TryGetValue(value, out Send? send)
        ? send
        : throw new ArgumentException($"no send of {value} was started", nameof(value));

    private PartitionHistory Partition(PartitionId id)
    {
        if (!_partitions.TryGetValue(id, out PartitionHistory? partition))
            _partitions.Add(id, partition = new PartitionHistory());
        return partition;
    }

    private void Add(HistoryViolationKind kind, PartitionId partition, LogOffset offset, ulong value, string details)
    {
        _seenCount++;
        if (_seen.Count < ViolationsMax)
            _seen.Add(new HistoryViolation(kind, partition, offset, value, details));
    }

    private sealed class PartitionHistory
    {
        public Dictionary<long, ulong> Values { get; } = [];

        /// <summary>What the last read of each offset showed.</summary>
        public Dictionary<long, ulong> Read { get; } = [];

        public (LogOffset Start, LogOffset End)? Bounds { get; set; }
    }

    private sealed class Send(int producer, int number, PartitionId? partition)
    {
        public int Producer { get; } = producer;

        /// <summary>Its place in the order of all first attempts.</summary>
        public int Number { get; } = number;

        public PartitionId? Partition { get; } = partition;

        public SendState State { get; set; }

        public int Attempts { get; set; }

        public int FailedAttempts { get; set; }

        public int Copies { get; set; }

        public (PartitionId Partition, LogOffset Offset)? AcknowledgedAt { get; set; }

        public (PartitionId Partition, long Offset)? FirstCopy { get; set; }
    }
}
