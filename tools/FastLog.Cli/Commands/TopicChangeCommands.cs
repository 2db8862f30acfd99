using System.CommandLine;
using FastLog.Cli.CommandLine;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol.Messages;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog topic alter</c>, <c>add-partitions</c> and <c>delete-records</c>: topics that change.</summary>
internal static class TopicChangeCommands
{
    public static Command Alter()
    {
        Argument<string> name = Name();
        Option<string[]> set = CommonOptions.Set("Topic settings to change, such as flush=os or segment.bytes=64MiB");
        var unset = new Option<string[]>("--unset")
        {
            Description = "Names of settings that take the broker's default again",
            HelpName = "key",
            Arity = ArgumentArity.ZeroOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        var server = new ServerOptions();
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("alter", "Change a topic's settings; those not named stay as they are",
                "fastlog topic alter orders --set flush=os segment.bytes=64MiB",
                "fastlog topic alter orders --unset segment.bytes")
            .With(name, set, unset, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                string topic = result.GetRequiredValue(name);
                IReadOnlyList<ConfigEntry> changed = TopicCommand.Configs(result.GetValue(set) ?? []);
                string[] removed = [.. (result.GetValue(unset) ?? []).Distinct().Order(StringComparer.Ordinal)];
                if (changed.Count + removed.Length == 0)
                    throw CliException.Usage("nothing to change: give --set key=value … or --unset key …");
                await using FastLogClient client = server.Connect(result);
                AlterTopicResponse altered = await UnknownTopic.ExplainAsync(
                    client, topic, () => client.Admin.AlterTopicAsync(topic, changed, removed, token));
                Print(altered, [.. changed.Select(entry => entry.Key), .. removed], result.GetValue(json));
                return ExitCode.Done;
            });
    }

    public static Command AddPartitions()
    {
        Argument<string> name = Name();
        Option<long?> to = CommonOptions.Number("--to", "How many partitions the topic has afterwards", 1, TopicCommand.PartitionsMax);
        to.Required = true;
        var server = new ServerOptions();
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("add-partitions", "Give a topic more partitions; keys are spread over all of them from then on",
                "fastlog topic add-partitions orders --to 16")
            .With(name, to, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                string topic = result.GetRequiredValue(name);
                int count = (int)result.GetRequiredValue(to)!.Value;
                await using FastLogClient client = server.Connect(result);
                AddPartitionsResponse grown = await UnknownTopic.ExplainAsync(
                    client, topic, () => client.Admin.AddPartitionsAsync(topic, count, token));
                if (result.GetValue(json))
                {
                    JsonOutput.Write(writer =>
                    {
                        writer.WriteStartObject();
                        writer.WriteString("name", grown.Name);
                        writer.WriteString("id", grown.Id.ToString());
                        writer.WriteNumber("partitions", grown.PartitionCount);
                        writer.WriteEndObject();
                    });
                }
                else
                {
                    Console.Out.WriteLine($"topic '{grown.Name}' has {grown.PartitionCount} partitions");
                }

                return ExitCode.Done;
            });
    }

    public static Command DeleteRecords()
    {
        Argument<string> name = Name();
        Option<long?> partition = CommonOptions.Number("--partition", "The partition", 0, TopicCommand.PartitionsMax - 1);
        partition.Required = true;
        Option<long?> before = CommonOptions.Number("--before", "The first offset that stays", 0, long.MaxValue);
        before.Required = true;
        var server = new ServerOptions();
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("delete-records", "Delete the records of a partition below an offset, for good",
                "fastlog topic delete-records orders --partition 0 --before 1000")
            .With(name, partition, before, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                string topic = result.GetRequiredValue(name);
                var number = new PartitionId((int)result.GetRequiredValue(partition)!.Value);
                var first = new LogOffset(result.GetRequiredValue(before)!.Value);
                await using FastLogClient client = server.Connect(result);
                LogOffset start = await UnknownTopic.ExplainAsync(
                    client, topic, async () => await client.Admin.DeleteRecordsAsync(topic, number, first, token));
                if (result.GetValue(json))
                {
                    JsonOutput.Write(writer =>
                    {
                        writer.WriteStartObject();
                        writer.WriteString("topic", topic);
                        writer.WriteNumber("partition", number.Value);
                        writer.WriteNumber("logStart", start.Value);
                        writer.WriteEndObject();
                    });
                }
                else
                {
                    Console.Out.WriteLine($"partition {number} of topic '{topic}' begins at offset {start}");
                }

                return ExitCode.Done;
            });
    }

    private static Argument<string> Name() => new("NAME") { Description = "The topic's name" };

    private static void Print(AlterTopicResponse altered, IReadOnlyList<string> named, bool asJson)
    {
        if (asJson)
        {
            JsonOutput.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("name", altered.Name);
                writer.WriteString("id", altered.Id.ToString());
                writer.WriteStartObject("config");
                foreach (ConfigValue config in altered.Configs)
                    writer.WriteString(config.Key, config.Value);
                writer.WriteEndObject();
                writer.WriteEndObject();
            });
            return;
        }

        Console.Out.WriteLine($"changed topic '{altered.Name}'");
        var table = new TextTable("SETTING", "VALUE", "FROM");
        foreach (ConfigValue config in altered.Configs.Where(config => named.Contains(config.Key)))
            table.Add(config.Key, config.Value, config.Source.ToString().ToLowerInvariant());
        table.Write(Console.Out);
    }
}
