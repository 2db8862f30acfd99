using System.CommandLine;
using FastLog.Cli.CommandLine;
using FastLog.Client;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog topic</c>: create, list, describe, change and delete topics.</summary>
internal static class TopicCommand
{
    internal const int PartitionsMax = 10_000;
    private const int ReplicasMax = 1_000;

    public static Command Create() =>
        CommandBuilder.Create("topic", "Create, list, describe, change and delete topics", "fastlog topic create orders --partitions 8")
            .With(
                CreateTopic(), List(), TopicDescribeCommand.Create(), TopicChangeCommands.Alter(), TopicChangeCommands.AddPartitions(),
                TopicChangeCommands.DeleteRecords(), Delete());

    private static Command CreateTopic()
    {
        var name = new Argument<string>("NAME") { Description = "1 to 249 of A-Z a-z 0-9 . _ -" };
        Option<long?> partitions = CommonOptions.Number("--partitions", "Partitions (default: the broker's)", 1, PartitionsMax);
        Option<long?> replicas = CommonOptions.Number("--replicas", "Copies of each partition (default: the broker's)", 1, ReplicasMax);
        Option<string[]> set = CommonOptions.Set("Topic settings, such as flush=os or segment.bytes=64MiB");
        var ifNotExists = new Option<bool>("--if-not-exists") { Description = "No error when the topic exists" };
        var server = new ServerOptions();
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("create", "Create a topic",
                "fastlog topic create orders --partitions 8 --set flush=ack",
                "fastlog topic create orders --if-not-exists")
            .With(name, partitions, replicas, set, ifNotExists, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                string topic = result.GetRequiredValue(name);
                IReadOnlyList<ConfigEntry> configs = Configs(result.GetValue(set) ?? []);
                await using FastLogClient client = server.Connect(result);
                CreateTopicResponse? created = null;
                try
                {
                    created = await client.Admin.CreateTopicAsync(
                        topic, (int)(result.GetValue(partitions) ?? 0), (int)(result.GetValue(replicas) ?? 0), configs, token);
                }
                catch (FastLogException failure) when (failure.Code == ErrorCode.TopicAlreadyExists && result.GetValue(ifNotExists))
                {
                    // Asked for: the topic is there, which is what the caller wants.
                }

                PrintCreated(topic, created, result.GetValue(json));
                return ExitCode.Done;
            });
    }

    /// <summary>The settings of <c>--set key=value …</c>, ascending by key.</summary>
    internal static IReadOnlyList<ConfigEntry> Configs(string[] pairs) =>
    [
        .. CommonOptions.Pairs("--set", pairs)
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => new ConfigEntry(pair.Key, pair.Value)),
    ];

    private static void PrintCreated(string topic, CreateTopicResponse? created, bool asJson)
    {
        if (!asJson)
        {
            Console.Out.WriteLine(created is null
                ? $"topic '{topic}' exists"
                : $"created topic '{topic}' with {created.PartitionCount} partition{(created.PartitionCount == 1 ? "" : "s")}");
            return;
        }

        JsonOutput.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("name", topic);
            writer.WriteBoolean("created", created is not null);
            if (created is not null)
            {
                writer.WriteString("id", created.Id.ToString());
                writer.WriteNumber("partitions", created.PartitionCount);
                writer.WriteNumber("replicas", created.ReplicationFactor);
            }

            writer.WriteEndObject();
        });
    }

    private static Command List()
    {
        var server = new ServerOptions();
        var isInternal = new Option<bool>("--include-internal") { Description = "Also those that the broker keeps for itself" };
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("list", "List the topics", "fastlog topic list", "fastlog topic list --json")
            .With(isInternal, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                await using FastLogClient client = server.Connect(result);
                IReadOnlyList<TopicListing> topics = await client.Admin.ListTopicsAsync(result.GetValue(isInternal), token);
                PrintList([.. topics.OrderBy(topic => topic.Name, StringComparer.Ordinal)], result.GetValue(json));
                return ExitCode.Done;
            });
    }

    private static void PrintList(IReadOnlyList<TopicListing> topics, bool asJson)
    {
        if (!asJson)
        {
            var table = new TextTable("NAME", "PARTITIONS", "REPLICAS");
            foreach (TopicListing topic in topics)
                table.Add(topic.Name, topic.PartitionCount.ToString(), topic.ReplicationFactor.ToString());
            table.Write(Console.Out);
            return;
        }

        JsonOutput.Write(writer =>
        {
            writer.WriteStartArray();
            foreach (TopicListing topic in topics)
            {
                writer.WriteStartObject();
                writer.WriteString("name", topic.Name);
                writer.WriteString("id", topic.Id.ToString());
                writer.WriteNumber("partitions", topic.PartitionCount);
                writer.WriteNumber("replicas", topic.ReplicationFactor);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
    }

    private static Command Delete()
    {
        var name = new Argument<string>("NAME") { Description = "The topic's name" };
        var server = new ServerOptions();
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("delete", "Delete a topic and all its records", "fastlog topic delete orders")
            .With(name, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                string topic = result.GetRequiredValue(name);
                await using FastLogClient client = server.Connect(result);
                await UnknownTopic.ExplainAsync(client, topic, async () =>
                {
                    await client.Admin.DeleteTopicAsync(topic, token);
                    return true;
                }, "see what exists with: fastlog topic list");
                if (result.GetValue(json))
                {
                    JsonOutput.Write(writer =>
                    {
                        writer.WriteStartObject();
                        writer.WriteString("name", topic);
                        writer.WriteBoolean("deleted", true);
                        writer.WriteEndObject();
                    });
                }
                else
                {
                    Console.Out.WriteLine($"deleted topic '{topic}'");
                }

                return ExitCode.Done;
            });
    }
}
