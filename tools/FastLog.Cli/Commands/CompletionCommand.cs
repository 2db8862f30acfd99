using System.CommandLine;
using FastLog.Cli.CommandLine;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog completion</c>: prints a shell's completion script; the words come from the parser itself.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _fastlog() {
          local IFS=$'\n'
          COMPREPLY=($(fastlog "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null))
        }
        complete -o default -F _fastlog fastlog
        """;

    private const string Zsh = """
        #compdef fastlog
        _fastlog() {
          local -a words_found
          words_found=("${(@f)$(fastlog "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
          compadd -a words_found
        }
        compdef _fastlog fastlog
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash or zsh" };
        shell.AcceptOnlyFromAmong("bash", "zsh");
        return CommandBuilder.Create("completion", "Print a shell's completion script",
                "source <(fastlog completion bash)", "fastlog completion zsh > ~/.zfunc/_fastlog")
            .With(shell)
            .Does((result, _) =>
            {
                Console.Out.WriteLine(result.GetValue(shell) == "bash" ? Bash : Zsh);
                return Task.FromResult(ExitCode.Done);
            });
    }
}
