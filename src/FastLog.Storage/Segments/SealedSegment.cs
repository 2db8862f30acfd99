using FastLog.Primitives;

namespace FastLog.Storage.Segments;

/// <summary>A segment that does not change any more: what its seal says. Reads from any thread.</summary>
internal sealed class SealedSegment : Segment
{
    private readonly SegmentSeal _seal;

    public SealedSegment(SegmentContext context, SegmentFile file, Timestamp created, in SegmentSeal seal)
        : base(context, seal.BaseOffset, created, file)
    {
        _seal = seal;
        UseIndexFiles(seal.IndexEntries);
    }

    public override SegmentEnd End => new(_seal.EndPosition, _seal.NextOffset);

    public override Timestamp MaxTimestamp => _seal.MaxTimestamp;

    public override Timestamp LastAppend => _seal.LastAppend;

    public SegmentSeal Seal => _seal;

    protected override uint? FinalChainCrc => _seal.ChainCrc;
}
