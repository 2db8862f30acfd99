using System.CommandLine;
using FastLog.Cli.CommandLine;
using FastLog.Cli.Commands;

namespace FastLog.Cli;

/// <summary>The one program.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        ParseResult parsed = Root().Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
            return UsageError.Report(parsed);
        return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    }

    private static RootCommand Root()
    {
        RootCommand root = new RootCommand("A durable log broker in one program").WithExamples(
            "fastlog demo", "fastlog dev", "fastlog produce hello \"hi\"", "fastlog consume hello");
        root.With(
            TopicCommand.Create(), ProduceCommand.Create(), ConsumeCommand.Create(), OffsetsCommand.Create(),
            BenchCommand.Create(), TortureCommand.Create(), CompletionCommand.Create());
        HelpWithExamples.Install(root);
        return root;
    }
}
