using System.Net;
using System.Text;
using FastLog.Broker;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace FastLog.Hosting.Http;

/// <summary>
/// The port for operators: <c>/livez</c>, <c>/readyz</c>, <c>/metrics</c>. The framework's server without its hosting and
/// routing, which would double the memory of an idle broker. Thread-safe; disposed once.
/// </summary>
internal sealed class HttpPort : IHttpApplication<IFeatureCollection>, IAsyncDisposable
{
    private const string PlainText = "text/plain; charset=utf-8";
    private const string NotFound = "there are /livez, /readyz and /metrics here\n";

    private readonly MetricsCollector _metrics = new();
    private readonly Lock _rendering = new();
    private readonly KestrelServer _server;
    private ListenOptions? _listening;
    private BrokerNode? _broker;

    private HttpPort(IPEndPoint address) => _server = new KestrelServer(
        Options.Create(MakeOptions(address)),
        new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance),
        NullLoggerFactory.Instance);

    /// <summary>The address in use, with the port that was picked.</summary>
    public EndPoint Address => _listening!.IPEndPoint!;

    /// <summary>The broker it tells of; until it is set the answer is that it is being started.</summary>
    public BrokerNode? Broker
    {
        get => Volatile.Read(ref _broker);
        set => Volatile.Write(ref _broker, value);
    }

    /// <exception cref="BrokerStartException">The address cannot be listened on.</exception>
    public static async Task<HttpPort> StartAsync(EndPoint address)
    {
        HttpPort? port = null;
        try
        {
            port = new HttpPort(await ResolveAsync(address));
            await port._server.StartAsync(port, CancellationToken.None);
            return port;
        }
        catch (Exception cause) when (cause is IOException or System.Net.Sockets.SocketException)
        {
            if (port is not null)
                await port.DisposeAsync();
            throw new BrokerStartException(
                $"cannot listen on {address} for HTTP: {cause.Message}; choose another address with --http HOST:PORT (port 0 picks a free one)",
                cause);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // No grace: what is asked here may be asked again.
        await _server.StopAsync(new CancellationToken(canceled: true));
        _server.Dispose();
        _metrics.Dispose();
    }

    IFeatureCollection IHttpApplication<IFeatureCollection>.CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    void IHttpApplication<IFeatureCollection>.DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    async Task IHttpApplication<IFeatureCollection>.ProcessRequestAsync(IFeatureCollection context)
    {
        IHttpRequestFeature request = context.GetRequiredFeature<IHttpRequestFeature>();
        IHttpResponseFeature response = context.GetRequiredFeature<IHttpResponseFeature>();
        bool isHead = HttpMethods.IsHead(request.Method);
        (int status, string type, string text) = isHead || HttpMethods.IsGet(request.Method)
            ? Answer(request)
            : (StatusCodes.Status405MethodNotAllowed, PlainText, "only GET and HEAD are served here\n");
        byte[] body = Encoding.UTF8.GetBytes(text);
        response.StatusCode = status;
        response.Headers.ContentType = type;
        response.Headers.ContentLength = body.Length;
        response.Headers.CacheControl = "no-store";
        if (status == StatusCodes.Status405MethodNotAllowed)
            response.Headers.Allow = "GET, HEAD";
        if (!isHead)
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(body);
    }

    private (int Status, string Type, string Text) Answer(IHttpRequestFeature request)
    {
        switch (request.Path)
        {
            case "/livez":
                return (StatusCodes.Status200OK, PlainText, "alive\n");
            case "/readyz":
                bool isReady = HealthChecks.Show(Broker?.GetStatus(), Excluded(request.QueryString), out string page);
                return (isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, PlainText, page);
            case "/metrics":
                return (StatusCodes.Status200OK, PrometheusText.ContentType, Metrics());
            default:
                return (StatusCodes.Status404NotFound, PlainText, NotFound);
        }
    }

    // One at a time: many scrapes at once cost the memory of one.
    private string Metrics()
    {
        lock (_rendering)
        {
            var text = new PrometheusText();
            if (Broker?.GetStatus() is { } status)
                BrokerGauges.Write(text, status);
            _metrics.Write(text);
            BrokerGauges.WriteProcess(text);
            return text.ToString();
        }
    }

    /// <summary>As Kubernetes' own servers take it: <c>?exclude=one&amp;exclude=two</c>.</summary>
    private static string[] Excluded(string query) =>
    [
        .. query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Where(static part => part.StartsWith("exclude=", StringComparison.Ordinal))
            .Select(static part => part["exclude=".Length..]),
    ];

    private KestrelServerOptions MakeOptions(IPEndPoint address)
    {
        var options = new KestrelServerOptions { AddServerHeader = false, AllowSynchronousIO = false };
        KestrelServerLimits limits = options.Limits;
        limits.MaxConcurrentConnections = HttpLimits.ConnectionsMax;
        limits.MaxRequestHeadersTotalSize = HttpLimits.HeadersSizeMax;
        limits.MaxRequestHeaderCount = HttpLimits.HeadersMax;
        limits.MaxRequestLineSize = HttpLimits.RequestLineSizeMax;
        limits.MaxRequestBufferSize = HttpLimits.HeadersSizeMax + HttpLimits.RequestLineSizeMax;
        limits.MaxRequestBodySize = 0;
        limits.RequestHeadersTimeout = HttpLimits.HeadersTimeout;
        limits.KeepAliveTimeout = HttpLimits.IdleTimeout;
        limits.MinResponseDataRate = new MinDataRate(HttpLimits.BytesPerSecondMin, HttpLimits.RateGrace);
        options.Listen(address, listening =>
        {
            listening.Protocols = HttpProtocols.Http1;
            _listening = listening;
        });
        return options;
    }

    private static async Task<IPEndPoint> ResolveAsync(EndPoint address) => address switch
    {
        IPEndPoint ip => ip,
        DnsEndPoint name => new IPEndPoint((await Dns.GetHostAddressesAsync(name.Host))[0], name.Port),
        _ => throw new ArgumentException($"{address} is not an IP address or a host name", nameof(address)),
    };
}
