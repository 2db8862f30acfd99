using FastLog.Records;

namespace FastLog.EndToEnd.Tests;

/// <summary>A test that needs the libraries of all codecs; skipped with the reason where one is missing.</summary>
internal sealed class NeedsCodecsFactAttribute : FactAttribute
{
    public NeedsCodecsFactAttribute()
    {
        string[] missing = [.. Enum.GetValues<Codec>().Select(Compression.WhatIsMissing).Where(reason => reason.Length > 0)];
        if (missing.Length > 0)
            Skip = string.Join("; ", missing);
    }
}
