using Microsoft.Win32.SafeHandles;

namespace FastLog.Cli.CommandLine;

/// <summary>Standard output as bytes that notices when its reader has gone.</summary>
internal static class StandardOutput
{
    private const int BrokenPipe = 32;

    /// <summary>True if a write failed since nobody reads the other end of the pipe any more.</summary>
    public static bool IsReaderGone(IOException failure) => !OperatingSystem.IsWindows() && failure.HResult == BrokenPipe;

    /// <summary>Unbuffered; a write to a pipe without a reader throws an <see cref="IOException"/>.</summary>
    public static Stream Open()
    {
        if (OperatingSystem.IsWindows())
            return Console.OpenStandardOutput();

        // The console's own stream drops what a broken pipe does not take, so that "consume --follow | head" would never
        // end. A file is left to it: it goes on at the position that the shell's other commands share.
        var stream = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        if (!stream.CanSeek)
            return stream;
        stream.Dispose();
        return Console.OpenStandardOutput();
    }
}
