using System.CommandLine;
using FastLog.Cli.CommandLine;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog group reset</c>: lets a group go on elsewhere in a topic.</summary>
internal static class GroupResetCommand
{
    private const int PartitionMax = 9_999;

    public static Command Create()
    {
        Argument<string> name = GroupCommand.Group();
        var topic = new Option<string>("--topic") { Description = "The topic's name", HelpName = "T", Required = true };
        var to = new Option<string>("--to")
        {
            Description = $"Where to go on: {StartPositionText.Forms}",
            HelpName = "PLACE",
            Required = true,
        };
        Option<long?> partition = CommonOptions.Number("--partition", "This partition only", 0, PartitionMax);
        var dryRun = new Option<bool>("--dry-run") { Description = "Show what would change, and change nothing" };
        var server = new ServerOptions();
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("reset", "Let a group go on elsewhere; a consumer that runs meanwhile commits over it",
                "fastlog group reset billing --topic orders --to earliest --dry-run",
                "fastlog group reset billing --topic orders --to @-1h")
            .With(name, topic, to, partition, dryRun, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                string group = result.GetRequiredValue(name);
                string topicName = result.GetRequiredValue(topic);
                StartPosition place = StartPositionText.Parse("--to", result.GetRequiredValue(to), allowOffset: true);
                await using FastLogClient client = server.Connect(result);
                IReadOnlyList<PartitionOffset> targets = await UnknownTopic.ExplainAsync(
                    client, topicName, () => TargetsAsync(client, topicName, place, (int?)result.GetValue(partition), token));
                IReadOnlyDictionary<PartitionId, LogOffset> before = await BeforeAsync(client, group, topicName, token);
                if (!result.GetValue(dryRun))
                {
                    await client.Admin.CommitOffsetsAsync(
                        group, [.. targets.Select(target => new CommittedPosition(topicName, target.Partition, target.Offset))], token);
                }

                Print(topicName, targets, before, result.GetValue(dryRun), result.GetValue(json));
                return ExitCode.Done;
            });
    }

    private static async ValueTask<IReadOnlyList<PartitionOffset>> TargetsAsync(
        FastLogClient client, string topic, StartPosition place, int? only, CancellationToken cancellationToken)
    {
        IReadOnlyList<PartitionOffset> ends = await client.Admin.ListOffsetsAsync(topic, StartPosition.Latest, cancellationToken);
        if (only >= ends.Count)
            throw CliException.Failed($"topic '{topic}' has no partition {only}: it has {ends.Count}, counted from 0");
        IReadOnlyList<PartitionOffset> found = ends;
        if (place.Kind == StartKind.Offset)
        {
            if (only is null && ends.Count > 1)
                throw CliException.Usage($"--to {place.Offset} needs --partition: topic '{topic}' has {ends.Count} partitions");
            IReadOnlyList<PartitionOffset> starts =
                await client.Admin.ListOffsetsAsync(topic, StartPosition.Earliest, cancellationToken);
            int number = only ?? 0;
            if (place.Offset < starts[number].Offset || place.Offset > ends[number].Offset)
            {
                throw CliException.Failed(
                    $"offset {place.Offset} is out of range: {topic}/{number} has {starts[number].Offset} to {ends[number].Offset}");
            }

            found = [.. ends.Select(end => end with { Offset = place.Offset })];
        }
        else if (place.Kind != StartKind.Latest)
        {
            found = await client.Admin.ListOffsetsAsync(topic, place, cancellationToken);
        }

        // No record is at or after the time: the next one is.
        return
        [
            .. found.Zip(ends, (target, end) => target.Offset.IsNone ? end : target)
                .Where(target => only is null || target.Partition.Value == only),
        ];
    }

    private static async Task<IReadOnlyDictionary<PartitionId, LogOffset>> BeforeAsync(
        FastLogClient client, string group, string topic, CancellationToken cancellationToken)
    {
        try
        {
            DescribeGroupResponse told = await client.Admin.DescribeGroupAsync(group, cancellationToken);
            return told.Partitions
                .Where(partition => partition.Topic == topic)
                .ToDictionary(partition => partition.Partition.Partition, partition => partition.Offset);
        }
        catch (FastLogException failure) when (failure.Code == ErrorCode.UnknownGroup)
        {
            return new Dictionary<PartitionId, LogOffset>();
        }
    }

    private static void Print(
        string topic,
        IReadOnlyList<PartitionOffset> targets,
        IReadOnlyDictionary<PartitionId, LogOffset> before,
        bool isDryRun,
        bool asJson)
    {
        if (!asJson)
        {
            var table = new TextTable("TOPIC", "PARTITION", "FROM", isDryRun ? "TO (NOT DONE)" : "TO");
            foreach (PartitionOffset target in targets)
            {
                string from = before.TryGetValue(target.Partition, out LogOffset offset) ? offset.ToString() : "-";
                table.Add(topic, target.Partition.ToString(), from, target.Offset.ToString());
            }

            table.Write(Console.Out);
            return;
        }

        JsonOutput.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("topic", topic);
            writer.WriteBoolean("dryRun", isDryRun);
            writer.WriteStartArray("partitions");
            foreach (PartitionOffset target in targets)
            {
                writer.WriteStartObject();
                writer.WriteNumber("partition", target.Partition.Value);
                if (before.TryGetValue(target.Partition, out LogOffset offset))
                    writer.WriteNumber("from", offset.Value);
                else
                    writer.WriteNull("from");
                writer.WriteNumber("to", target.Offset.Value);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }
}
