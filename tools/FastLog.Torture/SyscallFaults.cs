using FastLog.Primitives;

namespace FastLog.Torture;

/// <summary>
/// Each system call by which the broker changes its storage fails in turn, once or from some call on. Nothing acknowledged may
/// be lost, nothing refused may appear, the broker lives on and serves what it has.
/// </summary>
public sealed class SyscallFaults : ITortureRow
{
    private const int FromMax = 20;

    // Which error a call can meet on a real device. Short writes cannot be made so: strace would only claim them.
    private static readonly (string Call, string Error)[] Kinds =
    [
        ("fdatasync", "EIO"), ("pwritev", "EIO"), ("pwritev", "ENOSPC"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC"),
        ("fallocate", "ENOSPC"), ("fallocate", "EIO"), ("fsync", "EIO"), ("rename", "EIO"), ("rename", "ENOSPC"),
        ("mkdir", "ENOSPC"), ("ftruncate", "EIO"), ("unlink", "EIO"), ("rmdir", "EIO"), ("msync", "EIO"),
    ];

    public string Name => "syscall-faults";

    public string Description => "each storage system call fails in turn, once or for good; reads go on and nothing is lost";

    public string? Missing(TortureContext context) => StraceFault.Missing();

    public async Task<TortureResult> RunAsync(TortureContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        int rounds = context.Rounds ?? context.Tier switch
        {
            TortureTier.Ci => 5,
            TortureTier.Full => Kinds.Length * 8,
            _ => Kinds.Length * 80,
        };
        var prng = new Prng(context.Seed);
        using var round = new SyscallRound(context);
        int done = 0;
        for (; done < rounds && round.Tally.Violations.Count == 0; done++)
        {
            (string call, string error) = Kinds[done % Kinds.Length];

            // The runtime itself makes one ftruncate when it starts, and cannot start without.
            int first = call == "ftruncate" ? 2 : 1;
            var fault = new StraceFault(call, "error=" + error, From: (int)prng.Next(first, prng.Chance(0.7) ? 6 : FromMax), Once: prng.Chance(0.5));
            await round.RunAsync(fault, readsGoOn: true, cancellationToken);
            context.Tell($"{done + 1} of {rounds}: {fault}, violations {round.Tally.Violations.Count}");
        }

        round.Close();
        return round.Tally.Result(Name, context.Seed, FormattableString.Invariant(
            $"{done} lives, {round.Met} of them met their error in the data directory, {round.Refusals} told it at start and ended, {round.Unopened} did not open a partition; {round.Tally.Figures.Faults} calls failed"));
    }
}
