namespace FastLog.Simulator;

/// <summary>A hash of texts that is the same in every process.</summary>
internal static class TraceText
{
    private const ulong Start = 0xCBF29CE484222325;
    private const ulong Factor = 0x100000001B3;

    public static ulong Hash(string text) => Append(Start, text);

    public static ulong Append(ulong hash, string text)
    {
        foreach (char letter in text)
            hash = (hash ^ letter) * Factor;
        return hash;
    }
}
