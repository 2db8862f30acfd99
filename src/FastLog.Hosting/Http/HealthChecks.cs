using System.Text;
using FastLog.Broker;

namespace FastLog.Hosting.Http;

/// <summary>One condition of <c>/readyz</c>.</summary>
/// <param name="Name">As <c>?exclude=NAME</c> takes it.</param>
/// <param name="Problem">Why it does not hold, one sentence; null when it does.</param>
/// <param name="Note">What there is to say when it holds.</param>
internal readonly record struct HealthCheck(string Name, string? Problem, string Note);

/// <summary>The conditions for new work, from a broker's status.</summary>
internal static class HealthChecks
{
    /// <summary>In the order in which they are shown.</summary>
    public static IReadOnlyList<HealthCheck> Of(BrokerStatus? status)
    {
        if (status is null)
            return [new HealthCheck("start", "the data directory is being opened", "")];
        PartitionCounts partitions = status.Partitions;
        int settled = partitions.Total - partitions.Waiting - partitions.Opening;
        string progress = $"{settled} of {partitions.Total} partitions are recovered";
        return
        [
            new HealthCheck("running", status.IsStopping ? "the broker is stopping" : null, ""),
            new HealthCheck("recovery", status.IsRecovering ? progress : null, progress),
            new HealthCheck("partitions", PartitionProblem(status), ""),
            new HealthCheck("space", status.Space.IsReached ? $"records are refused: {status.Space}" : null, ""),
        ];
    }

    /// <summary>The page of all checks: <c>[+]name ok</c> or <c>[-]name failed: why</c>, and the verdict.</summary>
    /// <param name="status">Null: the broker is not there yet.</param>
    /// <param name="excluded">Names that do not count.</param>
    /// <param name="text">The page.</param>
    /// <returns>Whether all that count hold.</returns>
    public static bool Show(BrokerStatus? status, IReadOnlyList<string> excluded, out string text)
    {
        bool isReady = true;
        var page = new StringBuilder();
        foreach (HealthCheck check in Of(status))
        {
            bool isExcluded = excluded.Contains(check.Name, StringComparer.Ordinal);
            string outcome = (check.Problem, isExcluded) switch
            {
                (null, _) => check.Note.Length == 0 ? $"[+]{check.Name} ok" : $"[+]{check.Name} ok: {check.Note}",
                ({ } problem, false) => $"[-]{check.Name} failed: {problem}",
                ({ } problem, true) => $"[ ]{check.Name} excluded: {problem}",
            };
            page.Append(outcome.ReplaceLineEndings(" ")).Append('\n');
            isReady &= check.Problem is null || isExcluded;
        }

        text = page.Append(isReady ? "ready\n" : "not ready\n").ToString();
        return isReady;
    }

    private static string? PartitionProblem(BrokerStatus status)
    {
        PartitionCounts counts = status.Partitions;
        return counts.Failed + counts.Fenced == 0
            ? null
            : $"{counts.Failed} partitions could not be opened, {counts.Fenced} take no records any more; one of them: {status.Problem}";
    }
}
