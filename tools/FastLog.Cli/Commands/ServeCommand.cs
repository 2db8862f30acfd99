using System.CommandLine;
using FastLog.Broker;
using FastLog.Cli.CommandLine;
using FastLog.Hosting;
using FastLog.Hosting.Configuration;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog serve</c>: a broker until SIGTERM or Ctrl-C.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "The data directory (broker.dataDirectory)", HelpName = "DIR" };
        var listen = new Option<string?>("--listen") { Description = "The address to listen on (broker.listen)", HelpName = "HOST:PORT" };
        var http = new Option<string?>("--http") { Description = "The address of /livez, /readyz and /metrics (http.listen; default: none)", HelpName = "HOST:PORT" };
        var config = new Option<string?>("--config") { Description = "A JSON file of settings", HelpName = "FILE" };
        Option<string[]> set = CommonOptions.Set("Settings, as in network.requestBytesMax=128MiB");
        Option<long?> nodeId = CommonOptions.Number("--node-id", "This broker's number (broker.nodeId)", 1, 1_000_000);
        return CommandBuilder.Create("serve", "Run a broker",
                "fastlog serve --data /var/lib/fastlog --listen 0.0.0.0:9500",
                "fastlog serve --listen 0.0.0.0:9500 --http 127.0.0.1:9580",
                "fastlog serve --config fastlog.json --set log.level=debug")
            .With(data, listen, http, config, set, nodeId)
            .Does((result, token) =>
            {
                var sets = new List<string>(result.GetValue(set) ?? []);
                Add(sets, ConfigSchema.DataDirectory, result.GetValue(data));
                Add(sets, ConfigSchema.Listen, result.GetValue(listen));
                Add(sets, ConfigSchema.Http, result.GetValue(http));
                Add(sets, ConfigSchema.NodeId, result.GetValue(nodeId)?.ToString());
                BrokerConfiguration configuration = BrokerConfiguration.Load(
                    result.GetValue(config), Environment.GetEnvironmentVariables(), sets);
                return RunAsync(configuration, token);
            });
    }

    /// <summary>Runs a broker until the token is cancelled, with the lines that scripts wait for.</summary>
    public static async Task<int> RunAsync(BrokerConfiguration configuration, CancellationToken stop)
    {
        IBrokerLog log = new TextBrokerLog(Console.Error, TextBrokerLog.Level(configuration));
        BrokerHost host;
        try
        {
            host = await BrokerHost.StartAsync(configuration, log);
        }
        catch (BrokerStartException failure)
        {
            throw new CliException(ExitCode.Failed, failure.Message, failure);
        }

        await using (host)
        {
            Console.Out.WriteLine($"listening on {host.Address}");
            if (host.HttpAddress is { } httpAddress)
                Console.Out.WriteLine($"http on {httpAddress}");
            var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using CancellationTokenRegistration registration = stop.Register(() => stopped.TrySetResult());
            if (await Task.WhenAny(host.Ready, stopped.Task) == host.Ready)
            {
                await host.Ready;
                Console.Out.WriteLine("ready");
            }

            await stopped.Task;
        }

        return ExitCode.Done;
    }

    private static void Add(List<string> sets, ConfigKey key, string? value)
    {
        if (value is not null)
            sets.Add($"{key.Name}={value}");
    }
}
