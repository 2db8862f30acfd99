namespace FastLog.Protocol.Wire;

/// <summary>How reading a body or a tag section ended.</summary>
public enum WireStatus
{
    Ok = 0,

    /// <summary>A field reaches beyond the end of the body.</summary>
    Truncated = 1,

    /// <summary>A number, bool or enumeration outside of its range.</summary>
    ValueOutOfRange = 2,

    /// <summary>A string that is not UTF-8.</summary>
    InvalidText = 3,

    /// <summary>An array with more elements than its limit, or than the bytes left could hold.</summary>
    InvalidCount = 4,

    /// <summary>
    /// A tag reaches beyond the end of its section: what a body with bytes left over looks like, too.
    /// </summary>
    TagTruncated = 5,

    /// <summary>Tag ids do not rise, or a tag is there twice.</summary>
    TagsNotAscending = 6,

    /// <summary>A tag with the must-understand bit that is not known.</summary>
    UnknownTag = 7,

    /// <summary>A known tag whose value has the wrong size or form.</summary>
    InvalidTag = 8,

    /// <summary>More tags than <see cref="MessageLimits.TagCountMax"/>.</summary>
    TooManyTags = 9,

    /// <summary>The sizes in the body do not add up to the frame's payload.</summary>
    PayloadMismatch = 10,
}
