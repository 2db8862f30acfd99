using FastLog.Primitives;

namespace FastLog.Storage.Producers;

/// <summary>How a verdict is told to the one who appends.</summary>
internal static class ProducerRefusals
{
    public static AppendStatus StatusOf(ProducerVerdict verdict)
    {
        Invariant.Check(verdict is not (ProducerVerdict.Next or ProducerVerdict.Duplicate));
        return verdict switch
        {
            ProducerVerdict.OutOfOrder => AppendStatus.OutOfOrderSequence,
            ProducerVerdict.Fenced => AppendStatus.ProducerFenced,
            _ => AppendStatus.DuplicateSequence,
        };
    }
}
