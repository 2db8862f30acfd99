using System.CommandLine;
using System.Runtime.CompilerServices;
using FastLog.Primitives;

namespace FastLog.Cli.CommandLine;

/// <summary>Builds commands whose help ends with examples and whose failures become one line and an exit code.</summary>
internal static class CommandBuilder
{
    private static readonly ConditionalWeakTable<Command, string[]> Examples = [];

    /// <param name="name">The verb.</param>
    /// <param name="description">What it does.</param>
    /// <param name="examples">At least one whole command line, shown by the command's own help.</param>
    public static Command Create(string name, string description, params string[] examples) =>
        new Command(name, description).WithExamples(examples);

    public static T WithExamples<T>(this T command, params string[] examples)
        where T : Command
    {
        Examples.Add(command, examples);
        return command;
    }

    public static IReadOnlyList<string> ExamplesOf(Command command) =>
        Examples.TryGetValue(command, out string[]? examples) ? examples : [];

    /// <summary>Sets what the command does; the token is cancelled by Ctrl-C and SIGTERM.</summary>
    public static Command Does(this Command command, Func<ParseResult, CancellationToken, Task<int>> action)
    {
        command.SetAction((result, token) => Guard.RunAsync(() => action(result, token), token));
        return command;
    }

    /// <summary>Adds options and arguments in one go.</summary>
    public static Command With(this Command command, params Symbol[] symbols)
    {
        foreach (Symbol symbol in symbols)
        {
            switch (symbol)
            {
                case Command sub: command.Subcommands.Add(sub); break;
                case Option option: command.Options.Add(option); break;
                case Argument argument: command.Arguments.Add(argument); break;
                default: Invariant.Check(false); break;
            }
        }

        return command;
    }
}
