using FastLog.Broker.Partitions;
using FastLog.Broker.Requests;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Storage;
using FastLog.Transport;

namespace FastLog.Broker.Fetching;

/// <summary>
/// What one look of a fetch finds: an outcome per partition and the leased regions of their batches. Each region is
/// released exactly once: by <see cref="Release"/>, or by the frame of <see cref="Build"/>. One thread at a time.
/// </summary>
internal sealed class FetchGathering
{
    private readonly BrokerServices _services;
    private readonly FetchTurn _turn;
    private readonly FetchRequest _request;
    private readonly RequestError[] _refused;
    private readonly FetchPartitionResponse[] _outcomes;
    private readonly FileRegion[] _regions;
    private readonly int _bytesMax;
    private int _bytes;
    private TopicPartition? _cutAt;

    public FetchGathering(BrokerServices services, FetchTurn turn, in FetchRequest request)
    {
        _services = services;
        _turn = turn;
        _request = request;
        _bytesMax = Math.Min(request.BytesMax, services.Options.FetchSizeMax);
        _refused = new RequestError[request.Partitions.Length];
        _outcomes = new FetchPartitionResponse[request.Partitions.Length];
        _regions = new FileRegion[request.Partitions.Length];
    }

    /// <summary>The partition does not exist.</summary>
    public void Refuse(int index, in RequestError error) => _refused[index] = error;

    /// <summary>Reads all partitions; true when the answer need not wait: enough bytes, or any error.</summary>
    public bool Gather(PartitionLeader?[] leaders)
    {
        ReadOnlySpan<FetchPartitionRequest> partitions = _request.Partitions.Span;
        _bytes = 0;
        _cutAt = null;
        bool hasError = false;
        int start = _turn.Start(partitions);
        for (int i = 0; i < partitions.Length; i++)
        {
            int index = (start + i) % partitions.Length;
            FetchPartitionResponse outcome = Read(index, partitions[index], leaders[index]);
            hasError |= outcome.Error != ErrorCode.None;
            _outcomes[index] = outcome;
        }

        return hasError || _bytes >= Math.Min(_request.BytesMin, _bytesMax);
    }

    /// <summary>Gives the regions back unsent.</summary>
    public void Release()
    {
        for (int i = 0; i < _regions.Length; i++)
        {
            FileRegion region = _regions[i];
            _regions[i] = FileRegion.Empty;
            region.Release();
        }
    }

    /// <summary>The response with the regions, which go over to the frame.</summary>
    public OutboundFrame Build(in FrameHeader header)
    {
        _turn.Set(_cutAt);
        Count();
        OutboundFrame frame = Responses.Of(header, new FetchResponse(_outcomes), _bytes);
        for (int i = 0; i < _regions.Length; i++)
        {
            FileRegion region = _regions[i];
            _regions[i] = FileRegion.Empty;
            frame.AddPayload(region);
        }

        return frame;
    }

    // At the end: a fetch that waits looks many times.
    private void Count()
    {
        BrokerMetrics.Fetched(_bytes);
        foreach (ref readonly FetchPartitionResponse outcome in _outcomes.AsSpan())
        {
            if (outcome.Error != ErrorCode.None)
                BrokerMetrics.Refused(ApiKey.Fetch, outcome.Error);
        }
    }

    private FetchPartitionResponse Read(int index, in FetchPartitionRequest wanted, PartitionLeader? leader)
    {
        RequestError error = _refused[index];
        if (leader is null)
            return Refused(wanted.Partition, error, null);
        if (!leader.TryGetLog(out PartitionLog? log, out error))
        {
            _services.Opener.Prioritize(leader);
            return Refused(wanted.Partition, error, null);
        }

        error = PartitionLeader.CheckEpoch(wanted.CurrentLeaderEpoch, log);
        if (!error.IsNone)
            return Refused(wanted.Partition, error, log);
        if (FetchHistory.Compare(log, wanted.FetchOffset, wanted.LastEpoch) is { } divergence)
        {
            string sentence = $"the log's epoch {divergence.Epoch} ends at {divergence.End}, below the offset {wanted.FetchOffset}";
            return Refused(wanted.Partition, new RequestError(ErrorCode.LogTruncated, sentence), log) with
            {
                DivergingEpoch = divergence.Epoch,
                EpochEnd = divergence.End,
            };
        }

        return ReadLog(index, wanted, leader, log);
    }

    private FetchPartitionResponse ReadLog(int index, in FetchPartitionRequest wanted, PartitionLeader leader, PartitionLog log)
    {
        LogOffset end = PartitionLeader.HighWatermark(log);
        int room = Math.Min(wanted.BytesMax, _bytesMax - _bytes);
        // Between the high watermark and the log end there is nothing to read yet: that waits.
        if (wanted.FetchOffset >= end && wanted.FetchOffset <= log.LogEnd)
            return Served(wanted.Partition, log, end, payloadSize: 0);
        if (_bytes > 0 && room <= 0 && wanted.FetchOffset >= log.LogStart && wanted.FetchOffset < end)
            return NoRoom(wanted, log, end);
        ReadResult read = log.Read(wanted.FetchOffset, Math.Max(room, 0), end);
        switch (read.Status)
        {
            case ReadStatus.Ok:
                return Found(index, wanted.Partition, read.Region, room, log, end);
            case ReadStatus.OutOfRange:
                string range = $"offset {wanted.FetchOffset} is outside of the log's [{log.LogStart}, {log.LogEnd}]";
                return Refused(wanted.Partition, new RequestError(ErrorCode.OffsetOutOfRange, range), log);
            case ReadStatus.Corrupt:
                LogOffset last = read.Defect?.LastOffset ?? LogOffset.None;
                string damage = $"stored bytes are damaged: {read.Defect?.Kind} in {read.Defect?.File} at {read.Defect?.Position}, "
                    + $"offsets {read.Defect?.FirstOffset} to {last}; "
                    + (last.IsNone ? "where good data goes on is not known" : $"go on at offset {last.Next()}");
                return Refused(wanted.Partition, new RequestError(ErrorCode.CorruptLog, damage), log) with
                {
                    CorruptEnd = last.IsNone ? LogOffset.None : last.Next(),
                };
            case ReadStatus.Failed:
                return Refused(
                    wanted.Partition,
                    new RequestError(ErrorCode.Busy, $"the system refused to read, wait and retry: {read.Reason}"),
                    log);
            default:
                PartitionStatus status = leader.Status;
                RequestError closed = status.State == PartitionState.Deleted ? status.Error : RequestErrors.ShuttingDown;
                return Refused(wanted.Partition, closed, null);
        }
    }

    // The answer's first batch is always given, so that a reader gets on; later ones wait for their turn when they do not fit.
    private FetchPartitionResponse Found(
        int index, TopicPartition partition, FileRegion region, int room, PartitionLog log, LogOffset end)
    {
        if (_bytes > 0 && region.Length > room)
        {
            region.Release();
            region = FileRegion.Empty;
            _cutAt ??= partition;
        }

        _regions[index] = region;
        _bytes += region.Length;
        return Served(partition, log, end, region.Length);
    }

    private FetchPartitionResponse NoRoom(in FetchPartitionRequest wanted, PartitionLog log, LogOffset end)
    {
        _cutAt ??= wanted.Partition;
        return Served(wanted.Partition, log, end, payloadSize: 0);
    }

    private static FetchPartitionResponse Served(TopicPartition partition, PartitionLog log, LogOffset end, int payloadSize) =>
        new(
            partition, ErrorCode.None, "", end, log.LogStart, log.LogEnd, log.LeaderEpoch, LeaderEpoch.None, LogOffset.None,
            LogOffset.None, payloadSize);

    private FetchPartitionResponse Refused(TopicPartition partition, in RequestError error, PartitionLog? log)
    {
        string message = RequestChecks.Sentence(error.Message, _outcomes.Length);
        return new FetchPartitionResponse(
            partition,
            error.Code,
            message,
            log is null ? LogOffset.None : PartitionLeader.HighWatermark(log),
            log?.LogStart ?? LogOffset.None,
            log?.LogEnd ?? LogOffset.None,
            log?.LeaderEpoch ?? LeaderEpoch.None,
            LeaderEpoch.None,
            LogOffset.None,
            LogOffset.None,
            0);
    }
}
