using System.CommandLine;
using FastLog.Client;

namespace FastLog.Cli.CommandLine;

/// <summary>The options of a command that talks to a server, and the client they ask for.</summary>
internal sealed class ServerOptions
{
    public Option<string> Server { get; } = CommonOptions.Server();

    public Option<TimeSpan> Timeout { get; } = CommonOptions.Timeout();

    /// <exception cref="CliException">An address has no HOST:PORT form.</exception>
    public FastLogClient Connect(ParseResult result)
    {
        IReadOnlyList<string> servers;
        try
        {
            servers = ClientOptions.ParseServers(result.GetRequiredValue(Server));
        }
        catch (FormatException failure)
        {
            throw CliException.Usage($"--server: {failure.Message}");
        }

        return FastLogClient.Connect(new ClientOptions
        {
            Servers = servers,
            ClientName = "fastlog-cli",
            RequestTimeout = result.GetValue(Timeout),
            ConnectTimeout = Min(result.GetValue(Timeout), TimeSpan.FromSeconds(5)),
        });
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
