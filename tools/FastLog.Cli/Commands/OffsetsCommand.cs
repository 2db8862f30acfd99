using System.CommandLine;
using FastLog.Cli.CommandLine;
using FastLog.Client;
using FastLog.Primitives;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog offsets</c>: where the partitions of a topic begin, end, or were at a time.</summary>
internal static class OffsetsCommand
{
    public static Command Create()
    {
        var topic = new Argument<string>("TOPIC") { Description = "The topic's name" };
        var at = new Option<string>("--at")
        {
            Description = "earliest, latest (default) or @TIME",
            HelpName = "PLACE",
            DefaultValueFactory = _ => "latest",
        };
        var server = new ServerOptions();
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("offsets", "Show the offsets of a topic's partitions at a place or time",
                "fastlog offsets orders", "fastlog offsets orders --at @-1h --json")
            .With(topic, at, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                string name = result.GetRequiredValue(topic);
                StartPosition place = StartPositionText.Parse("--at", result.GetRequiredValue(at), allowOffset: false);
                await using FastLogClient client = server.Connect(result);
                IReadOnlyList<PartitionOffset> offsets = await UnknownTopic.ExplainAsync(
                    client, name, () => client.Admin.ListOffsetsAsync(name, place, token));
                Print(name, offsets, result.GetValue(json));
                return ExitCode.Done;
            });
    }

    private static void Print(string topic, IReadOnlyList<PartitionOffset> offsets, bool asJson)
    {
        if (asJson)
        {
            JsonOutput.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("topic", topic);
                writer.WriteStartArray("partitions");
                foreach (PartitionOffset offset in offsets)
                {
                    writer.WriteStartObject();
                    writer.WriteNumber("partition", offset.Partition.Value);
                    if (offset.Offset.IsNone)
                        writer.WriteNull("offset");
                    else
                        writer.WriteNumber("offset", offset.Offset.Value);
                    if (offset.At != Timestamp.None)
                        writer.WriteString("timestamp", JsonOutput.Time(offset.At));
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            });
            return;
        }

        var table = new TextTable("PARTITION", "OFFSET");
        foreach (PartitionOffset offset in offsets)
            table.Add(offset.Partition.ToString(), offset.Offset.IsNone ? "-" : offset.Offset.ToString());
        table.Write(Console.Out);
    }
}
