using System.CommandLine;
using System.Runtime.InteropServices;
using FastLog.Cli.CommandLine;
using FastLog.Cli.Commands;

namespace FastLog.Cli;

/// <summary>The one program.</summary>
internal static class Program
{
    private const long NoSignal = -1;
    private const long EchoMilliseconds = 500;

    private static long _firstSignalAt = NoSignal;

    public static async Task<int> Main(string[] args)
    {
        // No response files: --from @-1h, and a value that begins with '@', mean themselves.
        ParseResult parsed = Root().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
            return UsageError.Report(parsed);
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => End(signal, stop));
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => End(signal, stop));

        // The parser's own handling would end the process two seconds after a signal: a broker may need longer to flush.
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        return await parsed.InvokeAsync(invocation, stop.Token);
    }

    private static void End(PosixSignalContext signal, CancellationTokenSource stop)
    {
        // A later signal is not taken: who asks twice wants the process gone. One that comes at once is an echo: a
        // wrapper passes on what the whole process group got already.
        long now = Environment.TickCount64;
        long first = Interlocked.CompareExchange(ref _firstSignalAt, now, NoSignal);
        signal.Cancel = first == NoSignal || now - first < EchoMilliseconds;
        stop.Cancel();
    }

    private static RootCommand Root()
    {
        RootCommand root = new RootCommand("A durable log broker in one program").WithExamples(
            "fastlog demo", "fastlog dev", "fastlog produce hello \"hi\"", "fastlog consume hello");
        root.With(
            DemoCommand.Create(), DevCommand.Create(), ServeCommand.Create(), TopicCommand.Create(), ProduceCommand.Create(),
            ConsumeCommand.Create(), OffsetsCommand.Create(), GroupCommand.Create(), LogCommand.Create(), BenchCommand.Create(), TortureCommand.Create(),
            CompletionCommand.Create());
        HelpWithExamples.Install(root);
        return root;
    }
}
