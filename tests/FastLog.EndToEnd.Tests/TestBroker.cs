using FastLog.Torture;

namespace FastLog.EndToEnd.Tests;

/// <summary>A real broker process on a directory of its own; both gone when disposed.</summary>
internal sealed class TestBroker : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private readonly bool _ownsDirectory;

    private TestBroker(ServerProcess process, string directory, string address, bool ownsDirectory)
    {
        Process = process;
        Directory = directory;
        Address = address;
        _ownsDirectory = ownsDirectory;
    }

    public ServerProcess Process { get; }

    public string Directory { get; }

    public string Address { get; }

    public static Task<TestBroker> StartAsync(params string[] more) =>
        StartAsync(System.IO.Directory.CreateTempSubdirectory("fastlog-e2e-").FullName, null, true, more);

    public static async Task<TestBroker> StartAsync(
        string directory, IReadOnlyList<string>? wrapper, bool ownsDirectory, params string[] more)
    {
        var process = ServerProcess.Start(Fastlog.Program, ServerProcess.ServeArguments(directory, 0, more), wrapper);
        string address = await process.Address.WaitAsync(StartPatience);
        await process.Ready.WaitAsync(StartPatience);
        return new TestBroker(process, directory, address, ownsDirectory);
    }

    /// <summary>Runs a command against this broker.</summary>
    public Task<FastlogResult> RunAsync(params string[] arguments) => RunAsync([], arguments);

    public Task<FastlogResult> RunAsync(byte[] input, params string[] arguments) =>
        Fastlog.RunAsync(input, [.. arguments, "--server", Address]);

    public async ValueTask DisposeAsync()
    {
        await Process.KillAsync();
        Process.Dispose();
        if (_ownsDirectory)
            System.IO.Directory.Delete(Directory, recursive: true);
    }
}
