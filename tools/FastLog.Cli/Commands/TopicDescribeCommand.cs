using System.CommandLine;
using System.Text.Json;
using FastLog.Cli.CommandLine;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog topic describe</c>: partitions with their ends and sizes, and the settings.</summary>
internal static class TopicDescribeCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "The topic's name" };
        var server = new ServerOptions();
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("describe", "Show a topic's partitions and settings", "fastlog topic describe orders --json")
            .With(name, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                string topic = result.GetRequiredValue(name);
                await using FastLogClient client = server.Connect(result);
                DescribeTopicResponse description = await UnknownTopic.ExplainAsync(
                    client, topic, () => client.Admin.DescribeTopicAsync(topic, token));
                if (result.GetValue(json))
                    JsonOutput.Write(writer => WriteJson(writer, description));
                else
                    WriteText(description);
                return ExitCode.Done;
            });
    }

    private static void WriteJson(Utf8JsonWriter writer, DescribeTopicResponse description)
    {
        writer.WriteStartObject();
        writer.WriteString("name", description.Name);
        writer.WriteString("id", description.Id.ToString());
        writer.WriteNumber("replicas", description.ReplicationFactor);
        writer.WriteStartArray("partitions");
        foreach (PartitionDescription partition in description.Partitions)
        {
            writer.WriteStartObject();
            writer.WriteNumber("partition", partition.Partition.Value);
            writer.WriteNumber("leader", partition.Leader.Value);
            writer.WriteNumber("leaderEpoch", partition.LeaderEpoch.Value);
            writer.WriteNumber("logStart", partition.LogStart.Value);
            writer.WriteNumber("logEnd", partition.LogEnd.Value);
            writer.WriteNumber("highWatermark", partition.HighWatermark.Value);
            writer.WriteNumber("sizeBytes", partition.SizeBytes);
            writer.WriteNumber("segments", partition.SegmentCount);
            if (partition.Error != ErrorCode.None)
                writer.WriteString("error", partition.ErrorMessage);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartObject("config");
        foreach (ConfigValue config in description.Configs)
            writer.WriteString(config.Key, config.Value);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteText(DescribeTopicResponse description)
    {
        Console.Out.WriteLine($"topic {description.Name}  id {description.Id}  replicas {description.ReplicationFactor}");
        var partitions = new TextTable("PARTITION", "LEADER", "START", "END", "HIGH WATERMARK", "SIZE", "SEGMENTS", "");
        foreach (PartitionDescription partition in description.Partitions)
        {
            partitions.Add(
                partition.Partition.ToString(), partition.Leader.ToString(), partition.LogStart.ToString(),
                partition.LogEnd.ToString(), partition.HighWatermark.ToString(), SizeText.Format(partition.SizeBytes),
                partition.SegmentCount.ToString(), partition.Error == ErrorCode.None ? "" : partition.ErrorMessage);
        }

        partitions.Write(Console.Out);
        var configs = new TextTable("SETTING", "VALUE", "FROM");
        foreach (ConfigValue config in description.Configs)
            configs.Add(config.Key, config.Value, config.Source.ToString().ToLowerInvariant());
        configs.Write(Console.Out);
    }
}
