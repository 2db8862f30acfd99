using System.CommandLine;
using System.Text.Json;
using FastLog.Broker.Producers;
using FastLog.Broker.Topics;
using FastLog.Cli.CommandLine;
using FastLog.Primitives;
using FastLog.Storage;
using FastLog.Storage.Inspection;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog log verify</c>: reads every batch and every other file, and names every defect.</summary>
internal static class LogVerifyCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("DIR") { Description = "A data, topic or partition directory, or one segment" };
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("verify", "Check all batches and files of a data, topic or partition directory or one segment",
                "fastlog log verify /var/lib/fastlog", "fastlog log verify ./data --json")
            .With(path, json)
            .Does((result, token) => Task.FromResult(Run(result.GetRequiredValue(path), result.GetValue(json), token)));
    }

    private static int Run(string path, bool asJson, CancellationToken token)
    {
        (LogInspection inspection, IReadOnlyList<InspectedPartition> partitions) = LogCommand.Open(path);
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        IReadOnlyList<LogDefect> directory = inspection.IsDataDirectory(root)
            ? inspection.VerifyDirectory(root, LocalTopicStore.FileName, LocalProducerIdStore.FileName)
            : [];
        PartitionReport[] reports = [.. partitions.Select(partition => inspection.Verify(partition, token))];
        bool corrupt = directory.Count > 0 || reports.Any(report => report.IsCorrupt);
        if (asJson)
            JsonOutput.Write(writer => WriteJson(writer, directory, reports, corrupt));
        else
            WriteText(directory, reports, corrupt);
        return corrupt ? ExitCode.Failed : ExitCode.Done;
    }

    private static void WriteText(IReadOnlyList<LogDefect> directory, PartitionReport[] reports, bool corrupt)
    {
        var table = new TextTable("TOPIC", "PARTITION", "SEGMENTS", "BATCHES", "RECORDS", "BYTES", "FIRST", "LAST", "VERDICT");
        foreach (PartitionReport report in reports)
        {
            table.Add(
                report.Topic, report.Id.Partition.ToString(), report.Segments.Count.ToString(), report.Batches.ToString(),
                report.Records.ToString(), report.Bytes.ToString(), Show(report.FirstOffset), Show(report.LastOffset),
                report.IsCorrupt ? $"CORRUPT ({report.Defects.Count} defects)" : "ok");
        }

        table.Write(Console.Out);
        foreach (LogDefect defect in reports.SelectMany(report => report.Defects))
        {
            Console.Out.WriteLine(
                $"{defect.File}: position {defect.Position}, {defect.Length} bytes, offsets {Show(defect.FirstOffset)} to "
                + $"{Show(defect.LastOffset)}: {defect.Kind}: {defect.Detail}");
        }

        foreach (LogDefect defect in directory)
            Console.Out.WriteLine($"{defect.File}: {defect.Kind}: {defect.Detail}");
        foreach (LogDefect defect in reports.SelectMany(report => report.CacheDefects))
            Console.Out.WriteLine($"{defect.File}: {defect.Kind}: {defect.Detail}; no damage, it is made anew when it is needed");
        Console.Out.WriteLine(corrupt ? "corrupt" : "ok");
    }

    private static void WriteJson(
        Utf8JsonWriter writer, IReadOnlyList<LogDefect> directory, PartitionReport[] reports, bool corrupt)
    {
        writer.WriteStartObject();
        WriteDefects(writer, "directoryDefects", directory);
        writer.WriteStartArray("partitions");
        foreach (PartitionReport report in reports)
        {
            writer.WriteStartObject();
            writer.WriteString("topic", report.Topic);
            writer.WriteNumber("partition", report.Id.Partition.Value);
            writer.WriteNumber("segments", report.Segments.Count);
            writer.WriteNumber("batches", report.Batches);
            writer.WriteNumber("records", report.Records);
            writer.WriteNumber("bytes", report.Bytes);
            WriteOffset(writer, "firstOffset", report.FirstOffset);
            WriteOffset(writer, "lastOffset", report.LastOffset);
            writer.WriteNumber("tailBytes", report.TailBytes);
            WriteDefects(writer, "defects", report.Defects);
            WriteDefects(writer, "cacheDefects", report.CacheDefects);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteBoolean("corrupt", corrupt);
        writer.WriteEndObject();
    }

    private static void WriteDefects(Utf8JsonWriter writer, string name, IReadOnlyList<LogDefect> defects)
    {
        writer.WriteStartArray(name);
        foreach (LogDefect defect in defects)
        {
            writer.WriteStartObject();
            writer.WriteString("file", defect.File);
            writer.WriteNumber("position", defect.Position.Value);
            writer.WriteNumber("length", defect.Length);
            WriteOffset(writer, "firstOffset", defect.FirstOffset);
            WriteOffset(writer, "lastOffset", defect.LastOffset);
            writer.WriteString("kind", defect.Kind.ToString());
            writer.WriteString("detail", defect.Detail);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static string Show(LogOffset offset) => offset.IsNone ? "-" : offset.ToString();

    private static void WriteOffset(Utf8JsonWriter writer, string name, LogOffset offset)
    {
        if (offset.IsNone)
            writer.WriteNull(name);
        else
            writer.WriteNumber(name, offset.Value);
    }
}
