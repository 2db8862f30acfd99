using System.Runtime.InteropServices;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;
using FastLog.Transport;

namespace FastLog.Client;

/// <summary>
/// One produce request: the batches in it, and what is done with its outcome. Filled by the sender, then told its
/// outcome once. Disposing it is the end of a request that has no answer.
/// </summary>
internal sealed class ProduceAttempt(ProducerCore producer, BrokerSender sender, BrokerConnection connection)
    : IResponseSink, IDisposable
{
    private readonly List<ProducerBatch> _batches = [];
    private readonly List<Run> _runs = [];

    public bool IsEmpty => _batches.Count == 0;

    public int RunCount => _runs.Count;

    /// <summary>Bytes of the batches, before compression.</summary>
    public int Size { get; private set; }

    private string Broker => connection.Address;

    /// <summary>Batches of one partition come one after the other.</summary>
    public void Add(ProducerBatch batch)
    {
        Size += batch.Builder.Size;
        if (_runs.Count > 0 && ReferenceEquals(_runs[^1].Queue, batch.Queue))
            _runs[^1] = _runs[^1] with { Count = _runs[^1].Count + 1 };
        else
            _runs.Add(new Run(batch.Queue, _batches.Count, 1));
        _batches.Add(batch);
    }

    /// <summary>
    /// Builds the batches and sends them. The outcome comes to the sink, also when this finds the connection closed.
    /// </summary>
    public void Send()
    {
        ProducerOptions options = producer.Options;
        foreach (ProducerBatch batch in _batches)
            batch.Build(options.Compression);
        var partitions = new ProducePartitionRequest[_runs.Count];
        int payloadSize = 0;
        for (int i = 0; i < partitions.Length; i++)
        {
            Run run = _runs[i];
            int size = 0;
            foreach (ProducerBatch batch in BatchesOf(run))
                size += batch.Bytes.Length;
            partitions[i] = new ProducePartitionRequest(run.Target, size);
            payloadSize += size;
        }

        bool isAnswered = options.Acks != ProduceAcks.None;
        var request = new ProduceRequest(options.Acks, producer.RequestTimeout, partitions);
        CorrelationId correlation = connection.NextCorrelation();
        HeaderTags tags = isAnswered ? HeaderTags.WithDeadline(producer.RequestTimeout) : default;
        FrameHeader header = isAnswered
            ? FrameHeader.Request(ApiKey.Produce, correlation)
            : FrameHeader.OneWay(ApiKey.Produce, correlation);
        OutboundFrame frame = OutboundFrame.Rent(FrameWriter.HeadSize(request, tags));
        FrameWriter.Write(frame.Head, header, request, payloadSize, tags);
        foreach (ProducerBatch batch in _batches)
        {
            batch.Hold();
            frame.AddPayload(batch.Bytes, batch);
        }

        if (!isAnswered)
        {
            frame.AddPayload(ReadOnlyMemory<byte>.Empty, this);
            connection.TrySendOneWay(frame);
        }
        else if (!connection.TrySend(frame, correlation, this, producer.RequestTimeout, closeOnTimeout: true))
        {
            // Nothing left this machine.
            FailAll(
                FailureKind.Abandoned, ErrorCode.None, $"the connection to {Broker} was closed", mayHaveArrived: false);
        }
    }

    public void OnAnswer(InboundFrame frame)
    {
        using (frame)
        {
            if (frame.Header.Kind == FrameKind.Error)
            {
                ErrorResponse error = Answers.ReadError(frame);
                FailAll(FailureKind.Refused, error.Code, error.Message, IsUnsure(error.Code));
                return;
            }

            var reader = new WireReader(frame.Body.Span, frame.Payload.Length);
            WireStatus status = ProduceCodec.TryRead(ref reader, out ProduceResponse response);
            if (status != WireStatus.Ok || response.Partitions.Length != _runs.Count)
            {
                FailAll(
                    FailureKind.Refused,
                    ErrorCode.InvalidFrame,
                    $"{Broker} sent an answer that cannot be read ({status})",
                    mayHaveArrived: true);
                return;
            }

            for (int i = 0; i < _runs.Count; i++)
                Take(_runs[i], response.Partitions.Span[i]);
        }

        sender.Finished();
    }

    public void OnLost(RequestLoss loss) => FailAll(
        loss.IsTimeout ? FailureKind.TimedOut : FailureKind.Abandoned,
        ErrorCode.None,
        loss.Details,
        mayHaveArrived: true);

    /// <summary>
    /// Without acknowledgements: the frame has left, or the connection has ended, and nobody will know.
    /// </summary>
    public void Dispose()
    {
        foreach (Run run in _runs)
            Accept(run, LogOffset.None, Durability.None);
        sender.Finished();
    }

    private static bool IsUnsure(ErrorCode code) => code
        is ErrorCode.DeadlineExceeded or ErrorCode.UnknownServerError or ErrorCode.LogFenced or ErrorCode.DuplicateSequence;

    /// <summary>Where the partition may be by now is for the metadata to tell.</summary>
    private static bool IsMisplaced(ErrorCode code) => code
        is ErrorCode.NotLeader
        or ErrorCode.FencedEpoch
        or ErrorCode.UnknownTopicId
        or ErrorCode.UnknownPartition
        or ErrorCode.ShuttingDown;

    private void Take(in Run run, in ProducePartitionResponse answer)
    {
        if (answer.Partition != run.Target)
        {
            Fail(
                run,
                FailureKind.Refused,
                ErrorCode.InvalidFrame,
                $"{Broker} answered for another partition",
                mayHaveArrived: true);
            return;
        }

        if (answer.Error == ErrorCode.None)
        {
            Accept(run, answer.BaseOffset, answer.Durability);
            return;
        }

        string message = answer.ErrorMessage.Length > 0 ? answer.ErrorMessage : answer.Error.Sentence();
        Fail(run, FailureKind.Refused, answer.Error, message, IsUnsure(answer.Error));
    }

    private void Accept(in Run run, LogOffset baseOffset, Durability durability)
    {
        ReadOnlySpan<ProducerBatch> batches = BatchesOf(run);
        LogOffset next = baseOffset;
        long records = 0;
        long bytes = 0;
        run.Queue.OnAccepted(batches);
        foreach (ProducerBatch batch in batches)
        {
            int count = batch.Builder.RecordCount;
            records += count;
            bytes += batch.Bytes.Length;
            batch.Acknowledge(next, durability);
            if (!next.IsNone)
                next = next.Plus(count);
        }

        producer.Core.Metrics.ProducedRecords.Add(records);
        producer.Core.Metrics.ProducedBytes.Add(bytes);
    }

    private void FailAll(FailureKind kind, ErrorCode code, string message, bool mayHaveArrived)
    {
        foreach (Run run in _runs)
            Fail(run, kind, code, message, mayHaveArrived);
        sender.Finished();
    }

    private void Fail(in Run run, FailureKind kind, ErrorCode code, string message, bool mayHaveArrived)
    {
        bool isMisplaced = kind != FailureKind.Refused || IsMisplaced(code);
        bool mayRetry = producer.Options.Retries
            && (isMisplaced || code.IsRetriable() || code == ErrorCode.OutOfOrderSequence);
        if (isMisplaced)
            run.Queue.TopicState.MarkStale();
        var failure = new BatchFailure(kind, code, message, Broker, mayHaveArrived);
        run.Queue.LastProblem = failure;
        List<ProducerBatch> failed = run.Queue.OnFailed(
            BatchesOf(run), code, mayRetry, mayHaveArrived, isMisplaced);
        producer.Core.Metrics.ProduceRetries.Add(run.Count - failed.Count);
        foreach (ProducerBatch batch in failed)
            producer.Fail(batch, failure with { IsOutcomeUnknown = batch.MayHaveArrived });
    }

    private ReadOnlySpan<ProducerBatch> BatchesOf(in Run run) =>
        CollectionsMarshal.AsSpan(_batches).Slice(run.Start, run.Count);

    /// <summary>
    /// One partition's batches, and where they are sent: the id is kept, the topic may change meanwhile.
    /// </summary>
    private readonly record struct Run(PartitionQueue Queue, int Start, int Count)
    {
        public TopicPartition Target { get; } = new(Queue.TopicState.Snapshot.Id, Queue.Partition);
    }
}
