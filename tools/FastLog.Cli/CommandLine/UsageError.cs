using System.CommandLine;
using System.CommandLine.Parsing;
using FastLog.Primitives;

namespace FastLog.Cli.CommandLine;

/// <summary>Says in one line what is wrong with a command line and where its help is.</summary>
internal static class UsageError
{
    public static int Report(ParseResult parsed)
    {
        Console.Error.WriteLine($"fastlog: {Reason(parsed)}; see: {Path(parsed.CommandResult)} --help");
        return ExitCode.Usage;
    }

    private static string Reason(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string? unknown = parsed.UnmatchedTokens.Count > 0 ? parsed.UnmatchedTokens[0] : null;
        if (unknown is not null && unknown.StartsWith("--", StringComparison.Ordinal))
            return $"unknown option '{unknown}'{Suggestion.Phrase(unknown, command.Options.Select(option => option.Name))}";
        if (command.Subcommands.Count > 0)
        {
            string known = string.Join(", ", command.Subcommands.Select(sub => sub.Name));
            return unknown is null
                ? $"'{Path(parsed.CommandResult)}' needs a command: {known}"
                : $"unknown command '{unknown}'{Suggestion.Phrase(unknown, command.Subcommands.Select(sub => sub.Name))}";
        }

        return parsed.Errors[0].Message.ReplaceLineEndings(" ").TrimEnd('.', ' ');
    }

    private static string Path(CommandResult result)
    {
        var names = new List<string>();
        for (SymbolResult? at = result; at is not null; at = at.Parent)
        {
            if (at is CommandResult command)
                names.Insert(0, command.Command.Name);
        }

        return string.Join(' ', names);
    }
}
