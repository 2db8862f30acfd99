using System.Diagnostics;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Tests.Disk;

/// <summary>
/// The kernel's failing flush must surface: this test assembly is started once more as a small program under strace,
/// which makes the system call fail.
/// </summary>
public class FailingFlushTests
{
    [StraceTheory]
    [InlineData("fdatasync", "file")]
    [InlineData("fsync", "directory")]
    [InlineData("msync", "mapping")]
    public void An_injected_failure_of_the_system_call_is_a_disk_exception(string call, string kind)
    {
        string directory = Directory.CreateTempSubdirectory("fastlog-flush-").FullName;
        try
        {
            string failing = Run(directory, kind, $"--inject={call}:error=EIO");
            Assert.Equal("failed 5", failing);
            Assert.Equal("flushed", Run(directory, kind, $"--trace={call}"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>What runs under strace: flushes one thing and tells how it went.</summary>
    internal static int FlushOnce(string directory, string kind)
    {
        var disk = new OsDisk(directory);
        string name = Path.GetRandomFileName();
        try
        {
            using IDiskFile file = disk.Open(name, DiskOpenMode.CreateNew);
            file.Allocate(FilePosition.Zero, 4096);
            if (kind == "file")
                file.FlushData();
            else if (kind == "directory")
                disk.FlushDirectory(".");
            else
                FlushMapping(file);
            Console.WriteLine("flushed");
        }
        catch (DiskException failure)
        {
            Console.WriteLine($"failed {failure.ErrorNumber}");
        }

        return 0;
    }

    private static void FlushMapping(IDiskFile file)
    {
        using IMappedRegion region = file.Map(4096);
        region.Span[0] = 1;
        region.Flush();
    }

    private static string Run(string directory, string kind, string option)
    {
        var start = new ProcessStartInfo("strace") { RedirectStandardOutput = true };
        foreach (string argument in new[]
        {
            "-f", "-qq", "-o", Path.Combine(directory, "trace"), option,
            Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath : "dotnet",
            "exec", typeof(FailingFlushTests).Assembly.Location, TestProgram.FlushCommand, directory, kind,
        })
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Trim();
    }
}

/// <summary>A theory that needs strace, able to trace.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class StraceTheoryAttribute : TheoryAttribute
{
    private static readonly string? Missing = WhyMissing();

    public StraceTheoryAttribute() => Skip = Missing;

    private static string? WhyMissing()
    {
        try
        {
            var start = new ProcessStartInfo("strace", ["-qq", "-o", "/dev/null", "true"]) { RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0 ? null : "strace may not trace here";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "strace is not installed";
        }
    }
}
