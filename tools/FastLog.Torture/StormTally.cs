using FastLog.Simulator;

namespace FastLog.Torture;

/// <summary>Adds up what the histories of a row's topics say. One thread.</summary>
internal sealed class StormTally
{
    private long _failed;

    public TortureFigures Figures { get; private set; } = TortureFigures.None;

    public List<string> Violations { get; } = [];

    /// <summary>Adds counts of what was done.</summary>
    public void Add(TortureFigures figures) => Figures += figures;

    /// <summary>Adds a topic whose life is over.</summary>
    public void Close(HistoryReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        _failed += report.Failed;
        Figures += new TortureFigures
        {
            Acknowledged = report.Acknowledged,
            Unknown = report.Unknown,
            Read = report.Read,
            Duplicates = report.Duplicates,
            Lost = report.Violations.LongCount(violation =>
                violation.Kind is HistoryViolationKind.AcknowledgedMissing or HistoryViolationKind.AcknowledgedCut),
        };
    }

    /// <summary>The row's result: failed when anything was wrong, or when nothing was acknowledged at all.</summary>
    /// <param name="did">What was done, in figures; the records are added.</param>
    public TortureResult Result(string name, ulong seed, string did)
    {
        if (Figures.Acknowledged == 0)
            Violations.Add("nothing was acknowledged: this proves nothing");
        TortureOutcome outcome = Violations.Count == 0 ? TortureOutcome.Passed : TortureOutcome.Failed;
        string summary = FormattableString.Invariant(
            $"{did}; {Figures.Acknowledged} acknowledged, {Figures.Unknown} unknown, {_failed} failed, {Figures.Read} read; lost {Figures.Lost}, violations {Violations.Count}");
        return new TortureResult(name, outcome, seed, summary, Violations) { Figures = Figures };
    }
}
