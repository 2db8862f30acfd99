using System.Diagnostics;
using FastLog.Client;

namespace FastLog.Torture;

/// <summary>A broker that serves every partition, with a client; killed when disposed.</summary>
internal sealed class StormServer : IDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private StormServer(ServerProcess process, string address, FastLogClient client)
    {
        Process = process;
        Address = address;
        Client = client;
    }

    public ServerProcess Process { get; }

    public string Address { get; }

    public FastLogClient Client { get; }

    /// <summary>Starts it and waits until all is served; the time goes into the tally.</summary>
    /// <param name="wrapper">A program and its arguments that run it, or null.</param>
    public static async Task<StormServer> StartAsync(
        TortureContext context,
        string data,
        StormTally tally,
        CancellationToken cancellationToken,
        IReadOnlyList<string>? wrapper = null,
        params string[] more)
    {
        long began = Stopwatch.GetTimestamp();
        var process = ServerProcess.Start(context.Program, ServerProcess.ServeArguments(data, 0, more), wrapper);
        try
        {
            string address = await process.Address.WaitAsync(StartPatience, cancellationToken);
            await process.Ready.WaitAsync(StartPatience, cancellationToken);
            tally.Add(new TortureFigures { WorstRecovery = Stopwatch.GetElapsedTime(began) });
            return new StormServer(process, address, Connect(address));
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    public static FastLogClient Connect(string address) => FastLogClient.Connect(
        new ClientOptions { Servers = [address], ClientName = "fastlog-torture" });

    public void Dispose()
    {
        Process.Dispose();
        Client.DisposeAsync().AsTask().Wait();
    }
}
