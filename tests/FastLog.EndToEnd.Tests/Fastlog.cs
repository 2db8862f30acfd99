using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace FastLog.EndToEnd.Tests;

/// <summary>Runs the real program, as a user does.</summary>
internal static class Fastlog
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public static string Root { get; } = FindRoot();

    /// <summary>The program that was built beside these tests.</summary>
    public static string Program { get; } = Path.Combine(Root, "artifacts/bin/FastLog.Cli", Configuration(), "fastlog");

    /// <summary>Runs a command to its end; its standard input is the text, or nothing.</summary>
    public static Task<FastlogResult> RunAsync(params string[] arguments) => RunAsync([], arguments);

    public static Task<FastlogResult> RunAsync(byte[] input, params string[] arguments) => RunProgramAsync(Program, input, arguments);

    /// <summary>Runs any program to its end.</summary>
    public static async Task<FastlogResult> RunProgramAsync(string program, byte[] input, params string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = Root,
            },
        };
        process.Start();
        using var output = new MemoryStream();
        Task reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A command that ends early does not read all of its input.
        }

        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException($"fastlog {string.Join(' ', arguments)} did not end within {Patience}");
        }

        await reading;
        return new FastlogResult(process.ExitCode, output.ToArray(), await errors);
    }

    private static string Configuration() => new DirectoryInfo(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location)!).Name;

    private static string FindRoot()
    {
        string? at = Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location);
        while (at is not null && !File.Exists(Path.Combine(at, "FastLog.sln")))
            at = Path.GetDirectoryName(at);
        return at ?? throw new InvalidOperationException("FastLog.sln was not found above the tests");
    }
}

/// <summary>What a command answered.</summary>
internal sealed record FastlogResult(int ExitCode, byte[] Output, string Errors)
{
    public string Text => Encoding.UTF8.GetString(Output);

    /// <summary>Fails the test with the command's own words unless it ended with the code.</summary>
    public FastlogResult Expect(int exitCode)
    {
        Assert.True(exitCode == ExitCode, $"exit code {ExitCode} instead of {exitCode}\nstdout: {Text}\nstderr: {Errors}");
        return this;
    }

    /// <summary>An error is one line on standard error that contains the words.</summary>
    public void ExpectError(int exitCode, params string[] words)
    {
        Expect(exitCode);
        Assert.Equal(1, Errors.Count(c => c == '\n'));
        foreach (string word in words)
            Assert.Contains(word, Errors, StringComparison.Ordinal);
        Assert.Empty(Text);
    }
}
