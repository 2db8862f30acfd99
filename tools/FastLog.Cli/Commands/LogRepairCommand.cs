using System.CommandLine;
using System.Text.Json;
using FastLog.Cli.CommandLine;
using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Inspection;
using FastLog.Storage.Repair;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog log repair</c>: names each defect and what it does about it, then does exactly that.</summary>
internal static class LogRepairCommand
{
    /// <summary>What a first pass brings to light (a hole where a foreign file was) takes a second one; no damage takes more.</summary>
    private const int PassesMax = 3;

    public static Command Create()
    {
        var path = new Argument<string>("DIR") { Description = "The data directory of a stopped broker, or a topic or partition in it" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be done and change nothing" };
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("repair", "Repair what can be repaired without another copy; every byte that goes is named and saved first",
                "fastlog log repair /var/lib/fastlog --dry-run", "fastlog log repair /var/lib/fastlog")
            .With(path, dryRun, json)
            .Does((result, token) => Task.FromResult(Run(
                result.GetRequiredValue(path), result.GetValue(dryRun), result.GetValue(json), token)));
    }

    private static int Run(string path, bool isDryRun, bool asJson, CancellationToken token)
    {
        (_, IReadOnlyList<InspectedPartition> partitions) = LogCommand.Open(path);
        string root = RootOf(path, partitions);
        using LogRepair repair = LogRepair.Open(new OsDisk(), root, SystemClock.Instance, SystemEntropy.Instance);
        int steps = 0;
        bool isWhole = true;
        foreach (InspectedPartition partition in partitions)
            isWhole &= RunOne(repair, partition, isDryRun, asJson, ref steps, token);
        if (asJson)
            JsonOutput.Write(writer => WriteSum(writer, steps, isDryRun, isWhole));
        else
            Console.Out.WriteLine(Verdict(steps, isDryRun, isWhole));
        return isWhole || isDryRun ? ExitCode.Done : ExitCode.Failed;
    }

    private static bool RunOne(
        LogRepair repair,
        InspectedPartition partition,
        bool isDryRun,
        bool asJson,
        ref int steps,
        CancellationToken token)
    {
        for (int pass = 0; pass < PassesMax; pass++)
        {
            IReadOnlyList<RepairStep> plan = repair.Plan(partition, token);
            if (pass > 0 && plan.All(static step => step.Kind == RepairKind.Leave))
                return plan.Count == 0;
            foreach (RepairStep step in plan)
            {
                steps++;
                if (asJson)
                    JsonOutput.Write(writer => WriteStep(writer, partition, step));
                else
                    Show(step);
            }

            if (plan.All(static step => step.Kind == RepairKind.Leave) || isDryRun)
                return plan.Count == 0;

            // Named before it is done, also where standard output is a file.
            Console.Out.Flush();
            repair.Apply(partition, plan, token);
        }

        return repair.Plan(partition, token).Count == 0;
    }

    private static string RootOf(string path, IReadOnlyList<InspectedPartition> partitions)
    {
        string? root = partitions.Count == 0 ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) : partitions[0].Root;
        if (root is null || partitions.Any(static partition => partition.OnlyFile is not null))
            throw CliException.Failed($"'{path}' is not in a data directory; name a data directory, or a topic or partition directory in one");
        return root;
    }

    private static void Show(RepairStep step)
    {
        string offsets = step.LastOffset.IsNone ? "" : $", offsets {step.FirstOffset} to {step.LastOffset}";
        Console.Out.WriteLine($"{step.File}: position {step.Position}, {step.Length} bytes{offsets}: {step.Defect}");
        Console.Out.WriteLine($"  {step.Kind}: {step.Action}");
    }

    private static string Verdict(int steps, bool isDryRun, bool isWhole) => (steps, isDryRun, isWhole) switch
    {
        (0, _, _) => "ok, nothing to do",
        (_, true, _) => "nothing was changed",
        (_, _, true) => $"repaired; what was taken out is in '{LogRepair.SideFolder}/' of the data directory",
        _ => $"not all could be repaired; what was taken out is in '{LogRepair.SideFolder}/' of the data directory",
    };

    private static void WriteStep(Utf8JsonWriter writer, InspectedPartition partition, RepairStep step)
    {
        writer.WriteStartObject();
        writer.WriteString("topic", partition.Topic);
        writer.WriteNumber("partition", partition.Id!.Value.Partition.Value);
        writer.WriteString("kind", step.Kind.ToString());
        writer.WriteString("file", step.File);
        writer.WriteNumber("position", step.Position.Value);
        writer.WriteNumber("length", step.Length);
        WriteOffset(writer, "firstOffset", step.FirstOffset);
        WriteOffset(writer, "lastOffset", step.LastOffset);
        writer.WriteString("defect", step.Defect);
        writer.WriteString("action", step.Action);
        writer.WriteEndObject();
    }

    private static void WriteSum(Utf8JsonWriter writer, int steps, bool isDryRun, bool isWhole)
    {
        writer.WriteStartObject();
        writer.WriteNumber("steps", steps);
        writer.WriteBoolean("dryRun", isDryRun);
        writer.WriteBoolean("ok", isWhole);
        writer.WriteEndObject();
    }

    private static void WriteOffset(Utf8JsonWriter writer, string name, LogOffset offset)
    {
        if (offset.IsNone)
            writer.WriteNull(name);
        else
            writer.WriteNumber(name, offset.Value);
    }
}
