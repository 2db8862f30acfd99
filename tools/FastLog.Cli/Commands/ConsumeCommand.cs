using System.CommandLine;
using FastLog.Cli.CommandLine;
using FastLog.Cli.Consuming;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog consume</c>: reads records to standard output.</summary>
internal static class ConsumeCommand
{
    private const int PartitionMax = 9_999;

    public static Command Create()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic's name" };
        var from = new Option<string>("--from")
        {
            Description = $"Where to begin: {StartPositionText.Forms} (default earliest)",
            HelpName = "PLACE",
            DefaultValueFactory = _ => "earliest",
        };
        Option<long?> partition = CommonOptions.Number("--partition", "Read this partition only", 0, PartitionMax);
        Option<long?> max = CommonOptions.Number("--max", "Stop after so many records", 0, long.MaxValue);
        var follow = new Option<bool>("--follow") { Description = "Go on with records that arrive later" };
        Option<string?> group = CommonOptions.Group(
            "Go on where this group stopped, and commit for it what is printed; --from counts where it has not been");
        Option<string> format = CommonOptions.Choice("--format", "What is printed of a record", "value", "value", "key-value", "json");
        var separator = new Option<string>("--key-separator")
        {
            Description = "Stands between key and value with --format key-value (default: a tab)",
            HelpName = "S",
            DefaultValueFactory = _ => "\t",
        };
        Option<bool> json = CommonOptions.Json();
        var server = new ServerOptions();
        return CommandBuilder.Create("consume", "Read a topic's records to standard output",
                "fastlog consume orders",
                "fastlog consume orders --from @-1h --follow --format json",
                "fastlog consume orders --partition 0 --from 1000 --max 10",
                "fastlog consume orders --group billing")
            .With(topic, from, partition, max, follow, group, format, separator, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                var request = new ConsumeRequest(
                    result.GetRequiredValue(topic),
                    StartPositionText.Parse("--from", result.GetRequiredValue(from), allowOffset: true),
                    (int?)result.GetValue(partition),
                    result.GetValue(max) ?? long.MaxValue,
                    result.GetValue(follow),
                    result.GetValue(group));
                await using FastLogClient client = server.Connect(result);
                RecordFormat recordFormat = result.GetValue(json) ? RecordFormat.Json : Format(result.GetRequiredValue(format));
                using Stream output = StandardOutput.Open();
                using var printer = new RecordPrinter(output, recordFormat, result.GetRequiredValue(separator));
                return await RunAsync(client, request, printer, token);
            });
    }

    private static RecordFormat Format(string text) => text switch
    {
        "json" => RecordFormat.Json,
        "key-value" => RecordFormat.KeyValue,
        _ => RecordFormat.Value,
    };

    private static async Task<int> RunAsync(
        FastLogClient client, ConsumeRequest request, RecordPrinter printer, CancellationToken cancellationToken)
    {
        int partitionCount = (await UnknownTopic.ExplainAsync(
            client, request.Topic, () => client.Admin.DescribeTopicAsync(request.Topic, cancellationToken))).Partitions.Count;
        if (request.Partition >= partitionCount)
            throw CliException.Failed($"topic '{request.Topic}' has no partition {request.Partition}: it has {partitionCount}, counted from 0");
        if (request.From.Kind == StartKind.Offset && request.Partition is null && partitionCount > 1)
        {
            throw CliException.Usage(
                $"--from {request.From.Offset} needs --partition: topic '{request.Topic}' has {partitionCount} partitions");
        }

        IReadOnlyList<PartitionId>? partitions = request.Partition is { } number ? [new PartitionId(number)] : null;
        await using Consumer consumer = await client.CreateConsumerAsync(
            new ConsumerOptions
            {
                Assignments = [new ConsumerAssignment(request.Topic, request.From, partitions)],
                StopAtEnd = !request.Follow,
                GroupId = request.Group,
                AutoCommit = false,
            },
            cancellationToken);
        GroupProgress? progress = request.Group is null ? null : new GroupProgress(consumer);
        try
        {
            await PrintAllAsync(consumer, request, printer, progress, cancellationToken);
        }
        catch (Exception) when (progress is not null)
        {
            // Interrupted, or nobody reads any more: what was taken before counts, and the first trouble is the one to tell.
            await TryCommitAsync(progress);
            throw;
        }

        if (progress is not null)
            await progress.CommitAsync(CancellationToken.None);
        return ExitCode.Done;
    }

    private static async Task PrintAllAsync(
        Consumer consumer, ConsumeRequest request, RecordPrinter printer, GroupProgress? progress, CancellationToken cancellationToken)
    {
        long left = request.Max;
        try
        {
            while (left > 0 && await consumer.NextBatchAsync(cancellationToken) is { } batch)
            {
                using (batch)
                    left -= Print(batch, printer, left, progress);
                if (request.Follow || progress is { IsDue: true })
                    Flush(printer, progress);
                if (progress is { IsDue: true })
                    await progress.CommitAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C is how a follower ends.
            Flush(printer, progress);
            if (!request.Follow)
                throw;
        }
        catch (CorruptBatchException damage)
        {
            // What came before the damage was good.
            printer.Flush();
            string on = damage.ResumeAt.IsNone
                ? "where good records go on is not known"
                : $"go on behind it with: fastlog consume {request.Topic} --partition {damage.Partition} --from {damage.ResumeAt}";
            throw CliException.Failed($"{damage.Message}; {on}");
        }

        Flush(printer, progress);
    }

    private static void Flush(RecordPrinter printer, GroupProgress? progress)
    {
        printer.Flush();
        progress?.Flushed();
    }

    private static async Task TryCommitAsync(GroupProgress progress)
    {
        try
        {
            await progress.CommitAsync(CancellationToken.None);
        }
        catch (FastLogException failure)
        {
            Console.Error.WriteLine($"fastlog: not committed: {failure.Message}");
        }
    }

    private static long Print(ConsumedBatch batch, RecordPrinter printer, long max, GroupProgress? progress)
    {
        long printed = 0;
        LogOffset next = batch.NextOffset;
        foreach (ref readonly RecordReader record in batch)
        {
            if (printed == max)
            {
                next = record.Offset;
                break;
            }

            printer.Print(batch.Topic, batch.Partition, record);
            printed++;
        }

        progress?.Printed(batch.Topic, batch.Partition, next);
        return printed;
    }

    private sealed record ConsumeRequest(
        string Topic, StartPosition From, int? Partition, long Max, bool Follow, string? Group);
}
