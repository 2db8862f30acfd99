using System.Collections;
using System.Net;
using FastLog.Hosting.Configuration;

namespace FastLog.Hosting.Tests;

public sealed class BrokerConfigurationTests
{
    private static readonly Hashtable Nothing = [];

    [Fact]
    public void Every_default_is_allowed_by_its_own_rule()
    {
        foreach (ConfigKey key in ConfigSchema.Keys)
            BrokerConfiguration.Load(null, Nothing, [$"{key.Name}={key.Default}"]);
    }

    [Fact]
    public void Stronger_sources_win_over_weaker_ones()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """
                { // comments are allowed
                  "broker": { "nodeId": 2, "listen": "127.0.0.1:1" },
                  "network": { "requestBytesMax": "128MiB" }, }
                """);
            var environment = new Hashtable { ["FASTLOG__BROKER__NODEID"] = "3", ["PATH"] = "/bin" };
            BrokerConfiguration configuration = BrokerConfiguration.Load(file, environment, ["broker.listen=[::1]:0"]);
            Assert.Equal(3, configuration.Number(ConfigSchema.NodeId));
            Assert.Equal("FASTLOG__BROKER__NODEID", configuration.Origin(ConfigSchema.NodeId));
            Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 0), configuration.Address(ConfigSchema.Listen));
            Assert.Equal(128L << 20, configuration.Size(ConfigSchema.RequestBytesMax));
            Assert.Equal("default", configuration.Origin(ConfigSchema.LogLevel));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("network.requestBytesMx=64MiB", "did you mean 'network.requestBytesMax'?")]
    [InlineData("broker.nodeId=0", "'broker.nodeId' = '0' (--set) is not allowed: 1 to 1000000")]
    [InlineData("broker.nodeId=-1", "is not allowed")]
    [InlineData("network.idleTimeout=5 weeks", "is not allowed: 1s to 30d")]
    [InlineData("broker.listen=9500", "HOST:PORT")]
    [InlineData("broker.listen=::1:9500", "HOST:PORT")]
    [InlineData("topics.autoCreate=yes", "true or false")]
    [InlineData("log.level=loud", "trace, debug")]
    [InlineData("broker.nodeId", "section.key=value is expected")]
    public void A_wrong_setting_is_named_with_its_range(string set, string expected)
    {
        var error = Assert.Throws<ConfigException>(() => BrokerConfiguration.Load(null, Nothing, [set]));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("{\"broker\":{\"nodeId\":null}}")]
    [InlineData("{\"broker\":{\"nodeId\":[1]}}")]
    [InlineData("{\"brokr\":{\"nodeId\":1}}")]
    public void A_file_that_is_no_configuration_is_refused(string text)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            Assert.Throws<ConfigException>(() => BrokerConfiguration.Load(file, Nothing, []));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains("/does/not/exist", Assert.Throws<ConfigException>(
            () => BrokerConfiguration.Load("/does/not/exist", Nothing, [])).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("0.0.0.0:0", null, 0)]
    [InlineData("[::]:9500", null, 9500)]
    [InlineData("proxy.example:7000", "proxy.example", 7000)]
    [InlineData("10.0.0.7:0", "10.0.0.7", 0)]
    public void The_advertised_address_is_told_but_for_what_stands_for_the_one_listened_on(string text, string? host, int port)
    {
        BrokerConfiguration configuration = BrokerConfiguration.Load(null, Nothing, [$"broker.advertise={text}"]);
        EndPoint address = configuration.Address(ConfigSchema.Advertise);
        Assert.Equal((host, port), (AddressText.HostOf(address), AddressText.PortOf(address)));
    }
}
