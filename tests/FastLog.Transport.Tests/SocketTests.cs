using System.Net;
using System.Net.Sockets;
using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Transport.Tests;

public sealed class SocketTests : IDisposable
{
    private readonly RuntimePorts _ports = SystemPorts.Create(ThreadPoolExecutor.Instance);
    private readonly string _path = Path.GetTempFileName();

    [Fact]
    public async Task File_regions_large_and_small_at_odd_positions_arrive_byte_for_byte()
    {
        byte[] content = TestFrames.Pattern(3_000_000, 5);
        await File.WriteAllBytesAsync(_path, content);
        using var file = new TestFile(_path);
        (int At, int Length)[] regions =
            [(1, 10), (4_097, 40_000), (77, 1_500_001), (2_999_000, 1_000), (13, 32_768), (14, 32_767)];
        var collecting = new CollectingHandler();
        await using Server server = StartServer(_ => collecting);
        await using FrameConnection client = await ConnectAsync(server, new EchoHandler());
        for (int round = 0; round < 3; round++)
        {
            OutboundFrame frame = TestFrames.Outbound(1, "head"u8, regions.Sum(region => region.Length) + 3);
            foreach ((int at, int length) in regions)
                frame.AddPayload(file.Lease(at, length));
            frame.AddPayload(new byte[] { 1, 2, 3 }, null);
            Assert.True(client.TrySend(frame));
            using InboundFrame got = await collecting.TakeAsync();
            byte[] expected = [.. regions.SelectMany(region => content[region.At..(region.At + region.Length)]), 1, 2, 3];
            Assert.True(expected.AsSpan().SequenceEqual(got.Payload.Span));
        }

        await Soon.UntilAsync(() => file.Leases == 0, "all leases released");
        Assert.Equal(3 * regions.Length, file.Released);
    }

    [Fact]
    public async Task Regions_of_what_is_no_real_file_are_copied()
    {
        byte[] content = TestFrames.Pattern(1_000_000, 6);
        await File.WriteAllBytesAsync(_path, content);
        using var file = new TestFile(_path) { HidesStream = true };
        var collecting = new CollectingHandler();
        await using Server server = StartServer(_ => collecting);
        await using FrameConnection client = await ConnectAsync(server, new EchoHandler());
        OutboundFrame frame = TestFrames.Outbound(1, "head"u8, 999_990);
        frame.AddPayload(file.Lease(10, 999_990));
        client.TrySend(frame);
        using InboundFrame got = await collecting.TakeAsync();
        Assert.True(content.AsSpan(10).SequenceEqual(got.Payload.Span));
        await Soon.UntilAsync(() => file.Leases == 0, "lease released");
    }

    [Fact]
    public async Task A_region_beyond_its_file_closes_the_connection_and_is_released()
    {
        await File.WriteAllBytesAsync(_path, new byte[50_000]);
        using var file = new TestFile(_path);
        var handler = new EchoHandler();
        await using Server server = StartServer(_ => new CollectingHandler());
        await using FrameConnection client = await ConnectAsync(server, handler);
        OutboundFrame frame = TestFrames.Outbound(1, "head"u8, 60_000);
        frame.AddPayload(file.Lease(0, 60_000));
        client.TrySend(frame);
        Assert.Equal(CloseKind.Broken, (await handler.Closed.WaitAsync(Soon.Limit)).Kind);
        await client.DisposeAsync();
        Assert.Equal(0, file.Leases);
        Assert.Equal(1, file.Released);
    }

    [Fact]
    public async Task A_region_that_its_file_cannot_give_closes_the_connection_and_its_owner_hears_of_it()
    {
        // The first pages of this file belong to no memory: the system answers EIO there.
        using var file = new TestFile("/proc/self/mem");
        var handler = new EchoHandler();
        await using Server server = StartServer(_ => new CollectingHandler());
        await using FrameConnection client = await ConnectAsync(server, handler);
        OutboundFrame frame = TestFrames.Outbound(1, "head"u8, 60_000);
        frame.AddPayload(file.Lease(0, 60_000));
        client.TrySend(frame);
        CloseReason reason = await handler.Closed.WaitAsync(Soon.Limit);
        Assert.Equal(CloseKind.Broken, reason.Kind);
        Assert.Contains("a file region could not be read", reason.ToString());
        Assert.Equal(1, file.FailedReads);
        await client.DisposeAsync();
        Assert.Equal(0, file.Leases);
    }

    [Fact]
    public async Task A_used_port_is_refused_and_a_closed_ones_is_free_at_once()
    {
        var collecting = new CollectingHandler();
        Server first = StartServer(_ => collecting);
        var port = (IPEndPoint)first.LocalAddress;
        Assert.Throws<NetworkException>(() => SocketNetwork.Instance.Listen(port));
        await using FrameConnection client = await ConnectAsync(first, new EchoHandler());
        client.TrySend(TestFrames.Outbound(1, "x"u8));
        (await collecting.TakeAsync()).Dispose();
        await first.StopAsync(TimeSpan.FromSeconds(5));
        await using IListener second = SocketNetwork.Instance.Listen(port);
        Assert.Equal(port, second.LocalAddress);
    }

    [Fact]
    public async Task A_refused_connection_is_a_typed_error()
    {
        IListener listener = SocketNetwork.Instance.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        EndPoint address = listener.LocalAddress;
        await listener.DisposeAsync();
        await Assert.ThrowsAsync<NetworkException>(
            async () => await SocketNetwork.Instance.ConnectAsync(address, CancellationToken.None));
    }

    [Fact]
    public async Task A_thousand_idle_connections_open_and_close_beside_a_healthy_one()
    {
        await using Server server = StartServer(
            _ => new EchoHandler(), new ServerOptions { ConnectionsPerAddressMax = 2_000 });
        var idle = new List<IByteConnection>();
        for (int i = 0; i < 1_000; i++)
            idle.Add(await SocketNetwork.Instance.ConnectAsync(server.LocalAddress, CancellationToken.None));
        await Soon.UntilAsync(() => server.ConnectionCount == 1_000, "1,000 connections");
        var collecting = new CollectingHandler();
        await using FrameConnection client = await ConnectAsync(server, collecting);
        client.TrySend(TestFrames.Outbound(5, "alive"u8));
        using (InboundFrame answer = await collecting.TakeAsync())
            Assert.Equal("alive"u8, answer.Body.Span);
        foreach (IByteConnection connection in idle)
            connection.Dispose();
        await Soon.UntilAsync(() => server.ConnectionCount == 1, "only the healthy one left");
    }

    [Fact]
    public async Task Connections_over_the_limits_are_closed_with_the_reason_told()
    {
        var log = new RecordingLog();
        await using Server server = Server.Start(
            SocketNetwork.Instance,
            new IPEndPoint(IPAddress.Loopback, 0),
            _ => new EchoHandler(),
            new ServerOptions { ConnectionsPerAddressMax = 2 },
            _ports,
            log);
        await using FrameConnection one = await ConnectAsync(server, new EchoHandler());
        await using FrameConnection two = await ConnectAsync(server, new EchoHandler());
        using IByteConnection three = await SocketNetwork.Instance.ConnectAsync(server.LocalAddress, CancellationToken.None);
        Assert.Equal(0, await three.ReceiveAsync(new byte[1], CancellationToken.None));
        Assert.Equal(CloseKind.AddressLimit, log.Refused.Single().Kind);
        await one.DisposeAsync();
        await Soon.UntilAsync(() => server.ConnectionCount == 1, "one left");
        var collecting = new CollectingHandler();
        await using FrameConnection four = await ConnectAsync(server, collecting);
        four.TrySend(TestFrames.Outbound(5, "alive"u8));
        (await collecting.TakeAsync()).Dispose();
    }

    [Fact]
    public async Task A_stopping_server_lets_a_handler_finish()
    {
        var slow = new FinishingHandler();
        Server server = StartServer(_ => slow);
        var collecting = new CollectingHandler();
        await using FrameConnection client = await ConnectAsync(server, collecting);
        client.TrySend(TestFrames.Outbound(5, "work"u8));
        await slow.Got.Task.WaitAsync(Soon.Limit);
        Task stopping = server.StopAsync(TimeSpan.FromSeconds(10));
        slow.Finish();
        using (InboundFrame answer = await collecting.TakeAsync())
            Assert.Equal("work"u8, answer.Body.Span);
        await stopping.WaitAsync(Soon.Limit);
        Assert.Equal(0, server.ConnectionCount);
        Assert.Equal(CloseKind.PeerEnded, (await collecting.Closed.WaitAsync(Soon.Limit)).Kind);
    }

    [Fact]
    public async Task A_garbage_peer_is_answered_before_the_close()
    {
        await using Server server = StartServer(_ => new EchoHandler());
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.LocalAddress);
        await socket.SendAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        byte[] answer = new byte[1_000];
        Assert.Equal(39, await socket.ReceiveAsync(answer));
        Assert.Equal(0, await socket.ReceiveAsync(answer));
    }

    public void Dispose() => File.Delete(_path);

    private Server StartServer(FrameHandlerFactory factory, ServerOptions? options = null) => Server.Start(
        SocketNetwork.Instance, new IPEndPoint(IPAddress.Loopback, 0), factory, options ?? new ServerOptions(), _ports);

    private async Task<FrameConnection> ConnectAsync(Server server, IFrameHandler handler)
    {
        IByteConnection bytes = await SocketNetwork.Instance.ConnectAsync(server.LocalAddress, CancellationToken.None);
        var connection = new FrameConnection(bytes, handler, new FrameConnectionOptions(), _ports);
        _ = connection.RunAsync();
        return connection;
    }
}
