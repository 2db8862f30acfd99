using System.Net;
using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Simulator.Tests;

public class SimulatedNetworkTests
{
    private static readonly EndPoint Address = new DnsEndPoint("broker-1", 9092);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly SimulatedScheduler _scheduler = new(seed: 5);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Bytes_arrive_whole_and_in_order_however_they_are_cut(double splitChance)
    {
        SimulatedNetwork network = Network(new SimulatedNetworkOptions { SplitChance = splitChance, BufferBytes = 4096 });
        byte[] sent = new byte[50_000];
        new Prng(1).Fill(sent);
        var sizes = new HashSet<int>();
        byte[] received = _scheduler.Run(async () =>
        {
            (IByteConnection client, IByteConnection server) = await Connect(network);
            Task sending = Send(client, sent.AsMemory(0, 20_000), sent.AsMemory(20_000));
            byte[] all = await ReceiveAll(server, sent.Length, sizes);
            await sending;
            client.Dispose();
            Assert.Equal(0, await server.ReceiveAsync(new byte[10], CancellationToken.None));
            return all;
        });
        Assert.Equal(sent, received);
        Assert.Equal(splitChance > 0, sizes.Contains(1));
    }

    [Fact]
    public void A_file_region_is_copied_through_its_file()
    {
        SimulatedNetwork network = Network(new SimulatedNetworkOptions());
        byte[] content = new byte[10_000];
        new Prng(2).Fill(content);
        var file = new MemoryFile(content);
        byte[] received = _scheduler.Run(async () =>
        {
            (IByteConnection client, IByteConnection server) = await Connect(network);
            var region = new FileRegion(file, new FilePosition(100), 9000);
            Task sending = SendPieces(client, [OutboundPiece.Of(new byte[] { 1, 2 }), OutboundPiece.Of(region)]);
            byte[] all = await ReceiveAll(server, 9002, []);
            await sending;
            return all;
        });
        Assert.Equal([1, 2, .. content[100..9100]], received);
    }

    [Fact]
    public void A_reader_that_does_not_read_makes_its_sender_wait()
    {
        SimulatedNetwork network = Network(new SimulatedNetworkOptions { BufferBytes = 4096 });
        _scheduler.Run(async () =>
        {
            (IByteConnection client, IByteConnection server) = await Connect(network);
            Task sending = Send(client, new byte[5000]);
            await _scheduler.Ports.Timers.DelayAsync(Limit, CancellationToken.None);
            Assert.False(sending.IsCompleted);
            await ReceiveAll(server, 5000, []);
            await sending;
        });
    }

    [Fact]
    public void A_connect_without_a_listener_is_refused()
    {
        SimulatedNetwork network = Network(new SimulatedNetworkOptions());
        NetworkException refused = Assert.Throws<NetworkException>(
            () => _scheduler.Run(async () => await network.ConnectAsync(Address, CancellationToken.None)));
        Assert.Contains("refused", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, network.Refusals);
    }

    [Fact]
    public void An_address_is_taken_once_and_port_0_picks_a_free_one()
    {
        SimulatedNetwork network = Network(new SimulatedNetworkOptions());
        network.Listen(Address);
        Assert.Throws<NetworkException>(() => network.Listen(Address));
        IListener picked = network.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        Assert.NotEqual(0, Assert.IsType<IPEndPoint>(picked.LocalAddress).Port);
        _scheduler.Run(async () =>
        {
            var address = new DnsEndPoint("localhost", ((IPEndPoint)picked.LocalAddress).Port);
            Task<IByteConnection> connecting = network.ConnectAsync(address, CancellationToken.None).AsTask();
            (await picked.AcceptAsync(CancellationToken.None)).Dispose();
            (await connecting).Dispose();
        });
    }

    [Fact]
    public void An_abort_fails_pending_calls_at_once_and_the_peer_hears_of_it()
    {
        SimulatedNetwork network = Network(new SimulatedNetworkOptions { BufferBytes = 4096 });
        _scheduler.Run(async () =>
        {
            (IByteConnection client, IByteConnection server) = await Connect(network);
            Task receiving = Receive(client);
            Task sending = Send(client, new byte[9000]);
            Task peerReceiving = ReceiveAll(server, 9001, []);
            await Task.Yield();
            client.Abort();
            client.Abort();
            await Assert.ThrowsAsync<NetworkException>(() => receiving);
            await Assert.ThrowsAsync<NetworkException>(() => sending);
            await Assert.ThrowsAsync<NetworkException>(() => peerReceiving);
            await Assert.ThrowsAsync<NetworkException>(() => Send(server, new byte[1]));
        });
    }

    [Fact]
    public void Sends_to_a_closed_peer_break_the_connection()
    {
        SimulatedNetwork network = Network(new SimulatedNetworkOptions { BufferBytes = 4096 });
        _scheduler.Run(async () =>
        {
            (IByteConnection client, IByteConnection server) = await Connect(network);
            server.Dispose();
            Assert.Equal(0, await client.ReceiveAsync(new byte[1], CancellationToken.None));
            await Assert.ThrowsAsync<NetworkException>(() => Send(client, new byte[100_000]));
        });
    }

    [Fact]
    public void A_waiting_receive_and_accept_can_be_cancelled()
    {
        SimulatedNetwork network = Network(new SimulatedNetworkOptions());
        _scheduler.Run(async () =>
        {
            (IByteConnection client, _) = await Connect(network);
            using var cancel = new CancellationTokenSource();
            Task<int> receiving = client.ReceiveAsync(new byte[1], cancel.Token).AsTask();
            Task accepting = network.Listen(new DnsEndPoint("x", 1)).AcceptAsync(cancel.Token).AsTask();
            cancel.Cancel();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => receiving);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accepting);
        });
    }

    [Fact]
    public void A_killed_process_leaves_broken_connections_and_a_free_address()
    {
        SimulatedNetwork network = Network(new SimulatedNetworkOptions());
        SimulatedProcess broker = _scheduler.CreateProcess("broker");
        INetwork brokerNetwork = network.Attach(broker, "broker-1");
        IListener listener = brokerNetwork.Listen(Address);
        _scheduler.Run(async () =>
        {
            IByteConnection client = await network.ConnectAsync(Address, CancellationToken.None);
            await listener.AcceptAsync(CancellationToken.None);
            broker.Kill();
            await Assert.ThrowsAsync<NetworkException>(() => Receive(client));
            await Assert.ThrowsAsync<NetworkException>(async () => await network.ConnectAsync(Address, CancellationToken.None));
            Assert.Throws<NetworkException>(() => brokerNetwork.Listen(Address));
            network.Attach(_scheduler.CreateProcess("again"), "broker-1").Listen(Address);
            await network.ConnectAsync(Address, CancellationToken.None);
        });
    }

    [Fact]
    public void A_machine_without_power_says_nothing_until_it_is_on_again()
    {
        SimulatedNetwork network = Network(new SimulatedNetworkOptions());
        SimulatedProcess broker = _scheduler.CreateProcess("broker");
        IListener listener = network.Attach(broker, "broker-1").Listen(Address);
        _scheduler.Run(async () =>
        {
            IByteConnection client = await network.ConnectAsync(Address, CancellationToken.None);
            await listener.AcceptAsync(CancellationToken.None);
            network.PowerOff("broker-1");
            broker.Kill();
            Task receiving = Receive(client);
            await Send(client, new byte[10]);
            await _scheduler.Ports.Timers.DelayAsync(Limit, CancellationToken.None);
            Assert.False(receiving.IsCompleted);
            NetworkException off = await Assert.ThrowsAsync<NetworkException>(
                async () => await network.ConnectAsync(Address, CancellationToken.None));
            Assert.Contains("timed out", off.Message, StringComparison.Ordinal);
            network.Attach(_scheduler.CreateProcess("again"), "broker-1");
            await Assert.ThrowsAsync<NetworkException>(() => receiving);
        });
    }

    [Fact]
    public void Troubles_by_chance_happen_and_are_counted()
    {
        var options = new SimulatedNetworkOptions { ResetChance = 0.5, RefuseChance = 0.5, StallChance = 0.5 };
        SimulatedNetwork network = Network(options);
        network.Listen(Address);
        _scheduler.Run(async () =>
        {
            for (int i = 0; i < 50; i++)
            {
                try
                {
                    using IByteConnection client = await network.ConnectAsync(Address, CancellationToken.None);
                    await Send(client, new byte[10], new byte[10]);
                }
                catch (NetworkException)
                {
                    // Counted below.
                }
            }
        });
        Assert.InRange(network.Refusals, 5, 45);
        Assert.InRange(network.Resets, 5, 45);
        Assert.True(network.Stalls > 5);
    }

    [Fact]
    public void A_stall_of_everything_delays_what_is_sent_in_it()
    {
        SimulatedNetwork network = Network(new SimulatedNetworkOptions());
        _scheduler.Run(async () =>
        {
            (IByteConnection client, IByteConnection server) = await Connect(network);
            MonotonicTime start = _scheduler.Now;
            network.StallAll(Limit);
            await Send(client, new byte[1]);
            await ReceiveAll(server, 1, []);
            Assert.True(_scheduler.Now.Since(start) >= Limit);
        });
    }

    private static async Task Receive(IByteConnection connection) =>
        await connection.ReceiveAsync(new byte[10], CancellationToken.None);

    private static Task Send(IByteConnection connection, params ReadOnlyMemory<byte>[] pieces) =>
        SendPieces(connection, pieces.Select(OutboundPiece.Of).ToArray());

    private static async Task SendPieces(IByteConnection connection, OutboundPiece[] pieces) =>
        await connection.SendAsync(pieces, CancellationToken.None);

    private static async Task<byte[]> ReceiveAll(IByteConnection connection, int length, HashSet<int> sizes)
    {
        byte[] all = new byte[length];
        int done = 0;
        while (done < length)
        {
            int count = await connection.ReceiveAsync(all.AsMemory(done), CancellationToken.None);
            Assert.NotEqual(0, count);
            sizes.Add(count);
            done += count;
        }

        return all;
    }

    private static async Task<(IByteConnection Client, IByteConnection Server)> Connect(SimulatedNetwork network)
    {
        IListener listener = network.Listen(Address);
        IByteConnection client = await network.ConnectAsync(Address, CancellationToken.None);
        return (client, await listener.AcceptAsync(CancellationToken.None));
    }

    private SimulatedNetwork Network(SimulatedNetworkOptions options) => new(_scheduler, options);

    private sealed class MemoryFile(byte[] content) : ILeasedFile
    {
        public FileStream? SendStream => null;

        public int Read(FilePosition position, Span<byte> destination)
        {
            content.AsSpan((int)position.Value, destination.Length).CopyTo(destination);
            return destination.Length;
        }

        public void Release()
        {
        }
    }
}
