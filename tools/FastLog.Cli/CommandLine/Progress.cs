using System.Diagnostics;

namespace FastLog.Cli.CommandLine;

/// <summary>A line on standard error, once a second, when that is a terminal and the work takes longer than a second.</summary>
internal sealed class Progress(string unit)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _shown = Stopwatch.GetTimestamp();
    private bool _any;

    public void Show(long count)
    {
        if (Console.IsErrorRedirected || Stopwatch.GetElapsedTime(_shown) < TimeSpan.FromSeconds(1))
            return;
        _shown = Stopwatch.GetTimestamp();
        _any = true;
        Console.Error.Write($"\r{count} {unit}, {count / Stopwatch.GetElapsedTime(_started).TotalSeconds:0} a second ");
    }

    /// <summary>Ends the line.</summary>
    public void End()
    {
        if (_any)
            Console.Error.WriteLine();
    }
}
