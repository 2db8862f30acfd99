using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace FastLog.Cli.CommandLine;

/// <summary>The standard help, then the command's examples.</summary>
internal sealed class HelpWithExamples(HelpAction standard) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = standard.Invoke(parseResult);
        IReadOnlyList<string> examples = CommandBuilder.ExamplesOf(parseResult.CommandResult.Command);
        if (examples.Count == 0)
            return exitCode;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string example in examples)
            output.WriteLine("  " + example);
        output.WriteLine();
        return exitCode;
    }

    /// <summary>Gives all help below the root its examples.</summary>
    public static void Install(RootCommand root)
    {
        HelpOption option = root.Options.OfType<HelpOption>().Single();
        option.Action = new HelpWithExamples((HelpAction)option.Action!);
    }
}
