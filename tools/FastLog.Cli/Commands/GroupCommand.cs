using System.CommandLine;
using FastLog.Cli.CommandLine;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog group</c>: list, describe, reset and delete consumer groups.</summary>
internal static class GroupCommand
{
    public static Command Create() =>
        CommandBuilder.Create("group", "List, describe, reset and delete consumer groups", "fastlog group describe billing")
            .With(List(), Describe(), GroupResetCommand.Create(), Delete());

    /// <summary>The group's argument.</summary>
    internal static Argument<string> Group() => new("GROUP") { Description = "The group's id" };

    /// <summary>Runs the call; a group without commits becomes an error that helps.</summary>
    internal static async Task<T> ExplainAsync<T>(string group, Func<ValueTask<T>> call)
    {
        try
        {
            return await call();
        }
        catch (FastLogException failure) when (failure.Code == ErrorCode.UnknownGroup)
        {
            throw new CliException(
                ExitCode.Failed, $"group '{group}' has committed nothing; see what exists with: fastlog group list", failure);
        }
    }

    private static Command List()
    {
        var server = new ServerOptions();
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("list", "List the groups", "fastlog group list", "fastlog group list --json")
            .With(json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                await using FastLogClient client = server.Connect(result);
                PrintList(await client.Admin.ListGroupsAsync(token), result.GetValue(json));
                return ExitCode.Done;
            });
    }

    private static void PrintList(IReadOnlyList<GroupListing> groups, bool asJson)
    {
        if (!asJson)
        {
            var table = new TextTable("GROUP", "PARTITIONS", "LAST COMMIT");
            foreach (GroupListing group in groups)
                table.Add(group.GroupId, group.PartitionCount.ToString(), JsonOutput.Time(group.CommittedAt));
            table.Write(Console.Out);
            return;
        }

        JsonOutput.Write(writer =>
        {
            writer.WriteStartArray();
            foreach (GroupListing group in groups)
            {
                writer.WriteStartObject();
                writer.WriteString("group", group.GroupId);
                writer.WriteNumber("partitions", group.PartitionCount);
                writer.WriteString("lastCommit", JsonOutput.Time(group.CommittedAt));
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        });
    }

    private static Command Describe()
    {
        Argument<string> name = Group();
        var server = new ServerOptions();
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("describe", "Show what a group committed and how far it is behind", "fastlog group describe billing")
            .With(name, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                string group = result.GetRequiredValue(name);
                await using FastLogClient client = server.Connect(result);
                DescribeGroupResponse told = await ExplainAsync(group, () => client.Admin.DescribeGroupAsync(group, token));
                if (result.GetValue(json))
                    WriteJson(told);
                else
                    WriteText(told);
                return ExitCode.Done;
            });
    }

    private static void WriteJson(DescribeGroupResponse told) => JsonOutput.Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("group", told.GroupId);
        writer.WriteStartArray("partitions");
        foreach (GroupPartitionDescription partition in told.Partitions)
        {
            writer.WriteStartObject();
            writer.WriteString("topic", partition.Topic);
            writer.WriteNumber("partition", partition.Partition.Partition.Value);
            writer.WriteNumber("offset", partition.Offset.Value);
            writer.WriteNumber("logStart", partition.LogStart.Value);
            writer.WriteNumber("highWatermark", partition.HighWatermark.Value);
            if (LagOf(partition) is { } lag)
                writer.WriteNumber("lag", lag);
            else
                writer.WriteNull("lag");
            writer.WriteString("committedAt", JsonOutput.Time(partition.CommittedAt));
            writer.WriteString("metadata", partition.Metadata);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static void WriteText(DescribeGroupResponse told)
    {
        Console.Out.WriteLine($"group {told.GroupId}");
        var table = new TextTable("TOPIC", "PARTITION", "OFFSET", "START", "HIGH WATERMARK", "LAG", "COMMITTED AT");
        foreach (GroupPartitionDescription partition in told.Partitions)
        {
            table.Add(
                partition.Topic, partition.Partition.Partition.ToString(), partition.Offset.ToString(), Show(partition.LogStart),
                Show(partition.HighWatermark), LagOf(partition)?.ToString() ?? "-", JsonOutput.Time(partition.CommittedAt));
        }

        table.Write(Console.Out);
    }

    private static Command Delete()
    {
        Argument<string> name = Group();
        var server = new ServerOptions();
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("delete", "Forget a group and all that it committed", "fastlog group delete billing")
            .With(name, json, server.Server, server.Timeout)
            .Does(async (result, token) =>
            {
                string group = result.GetRequiredValue(name);
                await using FastLogClient client = server.Connect(result);
                await ExplainAsync(group, async () =>
                {
                    await client.Admin.DeleteGroupAsync(group, token);
                    return true;
                });
                if (result.GetValue(json))
                {
                    JsonOutput.Write(writer =>
                    {
                        writer.WriteStartObject();
                        writer.WriteString("group", group);
                        writer.WriteBoolean("deleted", true);
                        writer.WriteEndObject();
                    });
                }
                else
                {
                    Console.Out.WriteLine($"deleted group '{group}'");
                }

                return ExitCode.Done;
            });
    }

    private static long? LagOf(GroupPartitionDescription partition) => partition.HighWatermark.IsNone
        ? null
        : Math.Max(0, partition.HighWatermark.Since(partition.Offset));

    private static string Show(LogOffset offset) => offset.IsNone ? "-" : offset.ToString();
}
