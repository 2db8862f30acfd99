using System.Net;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Transport.Network;

namespace FastLog.Transport.Tests;

/// <summary>Runs alone: what is counted is what the whole process allocates.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class AllocationTests
{
    private readonly RuntimePorts _ports = SystemPorts.Create(ThreadPoolExecutor.Instance);

    [Fact]
    public async Task Ten_thousand_small_round_trips_allocate_next_to_nothing()
    {
        // Away from the test framework's own context, which allocates for each continuation.
        long perFrame = await Task.Run(MeasureAsync);
        Assert.InRange(perFrame, 0, 32);
    }

    private async Task<long> MeasureAsync()
    {
        await using Server server = Server.Start(
            SocketNetwork.Instance,
            new IPEndPoint(IPAddress.Loopback, 0),
            _ => new EchoHandler(),
            new ServerOptions(),
            _ports);
        IByteConnection bytes = await SocketNetwork.Instance.ConnectAsync(server.LocalAddress, CancellationToken.None);
        await using var client = new RequestConnection(bytes, new RequestConnectionOptions(), _ports);
        client.Frames.Open();
        await RoundTripsAsync(client, 2_000);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await RoundTripsAsync(client, 10_000);
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / 20_000;
    }

    private static async Task RoundTripsAsync(RequestConnection client, int count)
    {
        for (int i = 0; i < count; i++)
        {
            CorrelationId id = await client.ReserveAsync(CancellationToken.None);
            OutboundFrame frame = TestFrames.Outbound(id.Value, "small"u8);
            using InboundFrame answer = await client.SendAsync(id, frame, TimeSpan.FromSeconds(10));
            Invariant.Check(answer.Header.BodySize == 5);
        }
    }
}
