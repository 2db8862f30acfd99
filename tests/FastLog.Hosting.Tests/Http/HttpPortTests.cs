using System.Collections;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastLog.Broker;
using FastLog.Hosting.Configuration;
using FastLog.Hosting.Http;

namespace FastLog.Hosting.Tests.Http;

/// <summary>The HTTP port of a real broker over real sockets, with good requests and bad ones.</summary>
public sealed class HttpPortTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("fastlog-http-").FullName;
    private readonly HttpClient _http = new() { Timeout = Patience };
    private BrokerHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await StartAsync("127.0.0.1:0");
        await _host.Ready.WaitAsync(Patience);
        _http.BaseAddress = new Uri($"http://{_host.HttpAddress}");
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task The_pages_answer_what_a_supervisor_and_a_scraper_ask()
    {
        Assert.Equal("alive\n", await _http.GetStringAsync("/livez"));
        Assert.Contains("[+]recovery ok", await _http.GetStringAsync("/readyz"), StringComparison.Ordinal);
        using HttpResponseMessage metrics = await _http.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.OK, metrics.StatusCode);
        Assert.Equal(PrometheusText.ContentType, metrics.Content.Headers.ContentType!.ToString());
        IReadOnlyList<PrometheusSample> samples = PrometheusParser.Parse(await metrics.Content.ReadAsStringAsync());
        Assert.Equal(1, MetricsTests.Value(samples, "fastlog_ready"));
        using var head = new HttpRequestMessage(HttpMethod.Head, "/metrics");
        using HttpResponseMessage headers = await _http.SendAsync(head);
        Assert.True(headers.Content.Headers.ContentLength > 1_000);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync("/metrics/")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await _http.PostAsync("/livez", null)).StatusCode);
    }

    [Fact]
    public async Task A_stopped_broker_frees_the_port_and_a_used_port_is_told_in_one_line()
    {
        string address = _host.HttpAddress!.ToString()!;
        BrokerStartException refused = await Assert.ThrowsAsync<BrokerStartException>(() => StartAsync(address));
        Assert.Contains("--http HOST:PORT", refused.Message, StringComparison.Ordinal);
        await _host.StopAsync();
        await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetAsync("/livez"));
    }

    [Theory]
    [InlineData("hello, broker\r\n\r\n", "400")]
    [InlineData("GET /livez HTTP/9.9\r\nHost: a\r\n\r\n", "505")]
    [InlineData("GET /livez HTTP/1.1\r\n\r\n", "400")]
    [InlineData("GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "400")]
    [InlineData("GET /livez HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n", "400")]
    public async Task A_bad_request_gets_its_status_and_the_connection_ends(string request, string expected) =>
        Assert.StartsWith($"HTTP/1.1 {expected} ", await SendAsync(request), StringComparison.Ordinal);

    [Fact]
    public async Task Too_long_lines_and_headers_too_many_or_too_large_are_refused()
    {
        string path = new('p', HttpLimits.RequestLineSizeMax);
        Assert.StartsWith("HTTP/1.1 414 ", await SendAsync($"GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n"), StringComparison.Ordinal);
        string large = new('h', HttpLimits.HeadersSizeMax);
        Assert.StartsWith("HTTP/1.1 431 ", await SendAsync($"GET /livez HTTP/1.1\r\nHost: a\r\nX: {large}\r\n\r\n"), StringComparison.Ordinal);
        string many = string.Concat(Enumerable.Range(0, HttpLimits.HeadersMax).Select(static i => $"X-{i}: 1\r\n"));
        Assert.StartsWith("HTTP/1.1 431 ", await SendAsync($"GET /livez HTTP/1.1\r\nHost: a\r\n{many}\r\n"), StringComparison.Ordinal);
        Assert.Equal("alive\n", await _http.GetStringAsync("/livez"));
    }

    [Fact]
    public async Task A_request_that_does_not_come_to_its_end_is_given_up_and_others_are_served_meanwhile()
    {
        using Socket slow = await ConnectAsync();
        await slow.SendAsync("GET /livez HTTP/1.1\r\nHost:"u8.ToArray());
        Task<string> answer = ReadToEndAsync(slow);
        Assert.Equal("alive\n", await _http.GetStringAsync("/livez"));

        // Well before the idle limit would end it.
        Assert.StartsWith("HTTP/1.1 408 ", await answer.WaitAsync(HttpLimits.IdleTimeout / 2), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_over_the_limit_are_closed_and_those_below_it_stay()
    {
        var open = new List<Socket>();
        try
        {
            for (int i = 0; i < HttpLimits.ConnectionsMax; i++)
            {
                Socket socket = await ConnectAsync();
                open.Add(socket);
                await socket.SendAsync("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
                Assert.True(await socket.ReceiveAsync(new byte[512]).WaitAsync(Patience) > 0);
            }

            using Socket over = await ConnectAsync();
            Assert.Equal("", await ReadToEndAsync(over).WaitAsync(Patience));
            await open[0].SendAsync("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
            Assert.True(await open[0].ReceiveAsync(new byte[512]).WaitAsync(Patience) > 0);
        }
        finally
        {
            open.ForEach(static socket => socket.Dispose());
        }
    }

    private Task<BrokerHost> StartAsync(string http) => BrokerHost.StartAsync(
        BrokerConfiguration.Load(null, new Hashtable(), [$"broker.dataDirectory={_directory}", "broker.listen=127.0.0.1:0", $"http.listen={http}"]),
        SilentBrokerLog.Instance);

    private async Task<string> SendAsync(string request)
    {
        using Socket socket = await ConnectAsync();
        await socket.SendAsync(Encoding.ASCII.GetBytes(request));
        return await ReadToEndAsync(socket).WaitAsync(Patience);
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_host.HttpAddress!);
        return socket;
    }

    /// <summary>All that comes until the other side closes; a reset ends it too.</summary>
    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        try
        {
            int count;
            while ((count = await socket.ReceiveAsync(buffer)) > 0)
                text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
        catch (SocketException)
        {
            // Bytes that were not read make the close a reset; what came before counts.
        }

        return text.ToString();
    }
}
