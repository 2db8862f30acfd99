using System.Text.Json;
using FastLog.Cli.CommandLine;
using FastLog.Torture;

namespace FastLog.Cli.Commands;

/// <summary>What <c>fastlog torture</c> did and found: a line a row, then the sums; or one JSON object.</summary>
internal static class TortureReport
{
    /// <param name="work">A directory on the file system under test.</param>
    public static void Write(IReadOnlyList<TortureResult> results, string work, bool asJson)
    {
        TortureFigures sum = results.Aggregate(TortureFigures.None, (sum, row) => sum + row.Figures);
        string fileSystem = new DriveInfo(work).DriveFormat;
        if (asJson)
            JsonOutput.Write(writer => WriteJson(writer, results, sum, fileSystem));
        else
            WriteText(Console.Out, results, sum, fileSystem);
    }

    /// <summary>The rows, one a line; those that this machine cannot run with the reason.</summary>
    public static void WriteList(IReadOnlyList<ITortureRow> rows, TortureContext context, bool asJson)
    {
        foreach (ITortureRow row in rows)
        {
            string? missing = row.Missing(context);
            if (asJson)
                JsonOutput.Write(writer => WriteRow(writer, row, missing));
            else
                Console.Out.WriteLine($"{row.Name,-22} {row.Description}{(missing is null ? "" : $" (skipped here: {missing})")}");
        }
    }

    private static void WriteRow(Utf8JsonWriter writer, ITortureRow row, string? missing)
    {
        writer.WriteStartObject();
        writer.WriteString("name", row.Name);
        writer.WriteString("description", row.Description);
        writer.WriteString("missing", missing);
        writer.WriteEndObject();
    }

    private static void WriteText(
        TextWriter output, IReadOnlyList<TortureResult> results, TortureFigures sum, string fileSystem)
    {
        foreach (TortureResult row in results)
        {
            output.WriteLine(FormattableString.Invariant(
                $"{Word(row.Outcome),-7} {row.Name}: {row.Summary}; seed {row.Seed}, {row.Duration.TotalSeconds:0.0} s"));
            foreach (string violation in row.Violations)
                output.WriteLine("  " + violation);
        }

        output.WriteLine();
        output.WriteLine(FormattableString.Invariant(
            $"{sum.Points} crash points tried: {sum.Kills} processes killed, {sum.Cuts} power cuts, {sum.Faults} faults injected; file system {fileSystem}"));
        output.WriteLine(FormattableString.Invariant(
            $"{sum.Acknowledged} records acknowledged, {sum.Unknown} unknown, {sum.Read} read back; worst recovery {sum.WorstRecovery.TotalSeconds:0.00} s"));
        output.WriteLine(FormattableString.Invariant(
            $"{Count(results, TortureOutcome.Passed)} passed, {Count(results, TortureOutcome.Failed)} failed, {Count(results, TortureOutcome.Skipped)} skipped; lost {sum.Lost}"));
    }

    private static void WriteJson(
        Utf8JsonWriter writer, IReadOnlyList<TortureResult> results, TortureFigures sum, string fileSystem)
    {
        writer.WriteStartObject();
        writer.WriteString("fileSystem", fileSystem);
        writer.WriteNumber("passed", Count(results, TortureOutcome.Passed));
        writer.WriteNumber("failed", Count(results, TortureOutcome.Failed));
        writer.WriteNumber("skipped", Count(results, TortureOutcome.Skipped));
        WriteFigures(writer, sum);
        writer.WriteStartArray("rows");
        foreach (TortureResult row in results)
        {
            writer.WriteStartObject();
            writer.WriteString("name", row.Name);
            writer.WriteString("outcome", Word(row.Outcome));
            writer.WriteNumber("seed", row.Seed);
            writer.WriteNumber("seconds", Math.Round(row.Duration.TotalSeconds, 3));
            writer.WriteString("summary", row.Summary);
            WriteFigures(writer, row.Figures);
            writer.WriteStartArray("violations");
            foreach (string violation in row.Violations)
                writer.WriteStringValue(violation);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteFigures(Utf8JsonWriter writer, TortureFigures figures)
    {
        writer.WriteStartObject("figures");
        writer.WriteNumber("points", figures.Points);
        writer.WriteNumber("powerCuts", figures.Cuts);
        writer.WriteNumber("kills", figures.Kills);
        writer.WriteNumber("faults", figures.Faults);
        writer.WriteNumber("acknowledged", figures.Acknowledged);
        writer.WriteNumber("unknown", figures.Unknown);
        writer.WriteNumber("read", figures.Read);
        writer.WriteNumber("lost", figures.Lost);
        writer.WriteNumber("duplicates", figures.Duplicates);
        writer.WriteNumber("worstRecoverySeconds", Math.Round(figures.WorstRecovery.TotalSeconds, 3));
        writer.WriteEndObject();
    }

    private static string Word(TortureOutcome outcome) => outcome.ToString().ToLowerInvariant();

    private static int Count(IReadOnlyList<TortureResult> results, TortureOutcome outcome) =>
        results.Count(row => row.Outcome == outcome);
}
