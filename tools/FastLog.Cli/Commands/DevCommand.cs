using System.CommandLine;
using FastLog.Cli.CommandLine;
using FastLog.Hosting.Configuration;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog dev</c>: a broker for development, where topics appear on first use.</summary>
internal static class DevCommand
{
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "The data directory (default: a temporary one, removed at the end)", HelpName = "DIR" };
        Option<long?> port = CommonOptions.Number("--port", "The port on 127.0.0.1 (default 9500; 0 picks one)", 0, ushort.MaxValue);
        return CommandBuilder.Create("dev", "Run a broker for development: topics appear on first use",
                "fastlog dev", "fastlog dev --data ./fastlog-data --port 9501")
            .With(data, port)
            .Does(async (result, token) =>
            {
                using var temporary = TemporaryDirectory.CreateUnless(result.GetValue(data));
                if (result.GetValue(data) is null)
                    Console.Error.WriteLine($"data in {temporary.Path}, removed at the end; keep it with --data DIR");
                BrokerConfiguration configuration = BrokerConfiguration.Load(
                    null,
                    Environment.GetEnvironmentVariables(),
                    [
                        $"{ConfigSchema.DataDirectory.Name}={temporary.Path}",
                        $"{ConfigSchema.Listen.Name}=127.0.0.1:{result.GetValue(port) ?? 9500}",
                        $"{ConfigSchema.AutoCreate.Name}=true",
                    ]);
                return await ServeCommand.RunAsync(configuration, token);
            });
    }
}
