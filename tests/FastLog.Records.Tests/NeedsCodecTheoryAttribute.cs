namespace FastLog.Records.Tests;

/// <summary>A theory over the codecs of the system's libraries; skipped with the reason where one is not on this machine.</summary>
internal sealed class NeedsCodecTheoryAttribute : TheoryAttribute
{
    public NeedsCodecTheoryAttribute()
    {
        string[] missing = [.. Enum.GetValues<Codec>().Select(Compression.WhatIsMissing).Where(reason => reason.Length > 0)];
        if (missing.Length > 0)
            Skip = string.Join("; ", missing);
    }
}
