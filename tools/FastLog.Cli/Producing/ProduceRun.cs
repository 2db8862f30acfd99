using FastLog.Cli.CommandLine;
using FastLog.Client;
using FastLog.Protocol;

namespace FastLog.Cli.Producing;

/// <summary>Sends the lines of a stream to a topic and counts what was acknowledged.</summary>
internal sealed class ProduceRun(TopicProducer topic, RecordSource source)
{
    // A line becomes one record, and a record must fit a batch: what is longer can be refused before it fills memory.
    private const int LineBytesMax = 64 << 20;

    private readonly ReceiptTally _tally = new();

    public ReceiptTally Tally => _tally;

    /// <summary>Bytes of keys and values sent.</summary>
    public long Bytes { get; private set; }

    /// <summary>Sends all lines and waits for their acknowledgements.</summary>
    /// <exception cref="CliException">A part was not acknowledged: says how many records were.</exception>
    public async Task RunAsync(Stream input, Action<long> progress, CancellationToken cancellationToken)
    {
        Exception? failure = null;
        try
        {
            var lines = new LineReader(input, LineBytesMax);
            do
            {
                while (lines.TryNext(out ReadOnlyMemory<byte> line))
                    await SendAsync(line, lines.LineNumber, cancellationToken);
                progress(lines.LineNumber);
            }
            while (await lines.FillAsync(cancellationToken));
        }
        catch (Exception cause) when (IsReported(cause))
        {
            failure = cause;
        }

        try
        {
            await _tally.WaitAllAsync();
        }
        catch (FastLogException cause)
        {
            failure ??= cause;
        }

        if (failure is not null)
            throw Report(failure);
    }

    private static bool IsReported(Exception cause) =>
        cause is CliException or FastLogException or IOException or InvalidDataException or OperationCanceledException;

    private async ValueTask SendAsync(ReadOnlyMemory<byte> line, long lineNumber, CancellationToken cancellationToken)
    {
        ProducerRecord record = source.Make(line, lineNumber);
        PendingReceipt receipt;
        try
        {
            while (!topic.TrySend(record, out receipt))
                await topic.WaitForRoomAsync(cancellationToken);
        }
        catch (FastLogException failure) when (failure.Code == ErrorCode.BatchTooLarge)
        {
            throw new CliException(ExitCode.Failed, $"line {lineNumber}: {failure.Message}", failure);
        }

        Bytes += (record.Key?.Length ?? 0) + (record.Value?.Length ?? 0);
        _tally.Add(receipt);
    }

    private CliException Report(Exception failure)
    {
        int exitCode = failure is ServerUnreachableException or RequestTimeoutException ? ExitCode.NoServer : ExitCode.Failed;
        if (_tally.Acknowledged > 0 || failure is OperationCanceledException)
            exitCode = ExitCode.Failed;
        string reason = failure is OperationCanceledException ? "interrupted" : failure.Message;
        return new CliException(exitCode, $"{reason}; {_tally.Acknowledged} records were acknowledged", failure);
    }
}
