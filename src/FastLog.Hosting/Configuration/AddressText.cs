using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace FastLog.Hosting.Configuration;

/// <summary>Addresses as people write them: <c>127.0.0.1:9500</c>, <c>[::1]:9500</c>, <c>broker-1:9500</c>.</summary>
public static class AddressText
{
    /// <summary>Reads HOST:PORT; false for a missing or impossible host or port.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out EndPoint? address)
    {
        address = null;
        int colon = text?.LastIndexOf(':') ?? -1;
        if (text is null || colon <= 0)
            return false;
        if (!ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            return false;
        string host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
            host = host[1..^1];
        else if (host.Contains(':', StringComparison.Ordinal))
            return false;
        if (IPAddress.TryParse(host, out IPAddress? ip))
            address = new IPEndPoint(ip, port);
        else if (Uri.CheckHostName(host) == UriHostNameType.Dns)
            address = new DnsEndPoint(host, port);
        return address is not null;
    }

    /// <summary>The host as clients name it; null for any address of this machine.</summary>
    public static string? HostOf(EndPoint address) => address switch
    {
        DnsEndPoint dns => dns.Host,
        IPEndPoint { Address: var ip } when ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any) => null,
        IPEndPoint { Address: var ip } => ip.ToString(),
        _ => null,
    };

    public static int PortOf(EndPoint address) => address switch
    {
        DnsEndPoint dns => dns.Port,
        IPEndPoint ip => ip.Port,
        _ => 0,
    };
}
