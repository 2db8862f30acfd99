namespace FastLog.Torture;

/// <summary>The broker is killed exactly at the first, second, third … system call of each kind by which it changes storage.</summary>
public sealed class KillAtSyscall : ITortureRow
{
    private static readonly string[] Calls =
        ["fdatasync", "pwritev", "rename", "fallocate", "fsync", "pwrite64", "ftruncate", "unlink", "mkdir", "rmdir", "msync"];

    public string Name => "kill-at-syscall";

    public string Description => "the broker is killed exactly at the Nth storage system call of each kind";

    public string? Missing(TortureContext context) => StraceFault.Missing();

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int rounds = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 5,
            TortureTier.Full => Calls.Length * 14,
            _ => Calls.Length * 100,
        };
        using var round = new SyscallRound(context);
        int done = 0;
        for (; done < rounds && round.Tally.Violations.Count == 0; done++)
        {
            (int number, int kind) = Math.DivRem(done, Calls.Length);

            var fault = new StraceFault(Calls[kind], "signal=KILL", number + 1, Once: true);
            await round.RunAsync(fault, readsGoOn: false, cancellationToken);
            context.Tell($"{done + 1} of {rounds}: {fault}, violations {round.Tally.Violations.Count}");
        }

        round.Close();
        if (round.Deaths == 0)
            round.Tally.Violations.Add("no call was ever reached: this proves nothing");
        return round.Tally.Result(Name, context.Seed, FormattableString.Invariant(
            $"{done} lives, {round.Deaths} of them ended at their call, {round.Refusals} before they served; worst start {round.Tally.Figures.WorstRecovery.TotalSeconds:0.00} s"));
    }
}
