using System.Globalization;
using System.Net;

namespace FastLog.Client;

/// <summary>HOST:PORT as an end point.</summary>
internal static class ServerAddress
{
    private const int PortMax = 65_535;

    /// <exception cref="FormatException">Not HOST:PORT with a port from 1 to 65535.</exception>
    public static EndPoint Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? string.Empty : text[..colon];
        bool isBracketed = host.StartsWith('[') && host.EndsWith(']');
        if (isBracketed)
            host = host[1..^1];
        bool isHost = host.Length > 0 && (isBracketed || !host.Contains(':', StringComparison.Ordinal));
        if (!isHost || !TryParsePort(text.AsSpan(colon + 1), out int port))
            throw new FormatException(
                $"'{text}' is not a server address: expected HOST:PORT with a port from 1 to 65535");
        return Of(host, port);
    }

    public static EndPoint Of(string host, int port) =>
        IPAddress.TryParse(host, out IPAddress? address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);

    private static bool TryParsePort(ReadOnlySpan<char> text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= PortMax;
}
