using FastLog.Storage.Tests.Disk;

namespace FastLog.Storage.Tests;

/// <summary>The test assembly as a program, for tests that need a process of their own.</summary>
internal static class TestProgram
{
    public const string FlushCommand = "flush-once";

    public static int Main(string[] arguments) =>
        arguments is [FlushCommand, string directory, string kind] ? FailingFlushTests.FlushOnce(directory, kind) : 0;
}
