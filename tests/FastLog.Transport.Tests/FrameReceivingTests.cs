using FastLog.Primitives;
using FastLog.Protocol.Frames;

namespace FastLog.Transport.Tests;

public sealed class FrameReceivingTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task Frames_cut_at_each_byte_arrive_whole()
    {
        byte[] first = TestFrames.Bytes(1, TestFrames.Pattern(20, 1), TestFrames.Pattern(30, 2));
        byte[] second = TestFrames.Bytes(2, TestFrames.Pattern(5, 3), []);
        byte[] both = [.. first, .. second];
        for (int cut = 1; cut < both.Length; cut++)
        {
            var handler = new CollectingHandler();
            (FrameConnection connection, MemoryConnection peer) = Start(handler);
            await peer.SendAsync(both[..cut]);
            await peer.SendAsync(both[cut..]);
            using (InboundFrame frame = await handler.TakeAsync())
            {
                Assert.Equal(TestFrames.Pattern(20, 1), frame.Body.ToArray());
                Assert.Equal(TestFrames.Pattern(30, 2), frame.Payload.ToArray());
            }

            using (InboundFrame frame = await handler.TakeAsync())
                Assert.Equal(TestFrames.Pattern(5, 3), frame.Body.ToArray());
            await connection.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(10, 0)]
    [InlineData(100, 4_095)]
    [InlineData(100, 4_096)]
    [InlineData(4_064, 4_095)]
    [InlineData(4_065, 1)]
    [InlineData(9_000, 5_000)]
    public async Task Dribbled_frames_of_all_shapes_arrive_whole(int body, int payload)
    {
        var handler = new CollectingHandler();
        (FrameConnection connection, MemoryConnection peer) = Start(handler, receiveMax: 1);
        byte[] bytes = TestFrames.Bytes(7, TestFrames.Pattern(body, 1), TestFrames.Pattern(payload, 2));
        await peer.SendAsync([.. bytes, .. bytes]);
        for (int i = 0; i < 2; i++)
        {
            using InboundFrame frame = await handler.TakeAsync();
            Assert.Equal(7UL, frame.Header.Correlation.Value);
            Assert.Equal(TestFrames.Pattern(body, 1), frame.Body.ToArray());
            Assert.Equal(TestFrames.Pattern(payload, 2), frame.Payload.ToArray());
        }

        await connection.DisposeAsync();
    }

    [Fact]
    public async Task Frames_of_random_sizes_in_random_pieces_arrive_whole_and_in_order()
    {
        const ulong Seed = 20_261;
        var prng = new Prng(Seed);
        var handler = new CollectingHandler();
        (FrameConnection connection, MemoryConnection peer) = Start(handler);
        var stream = new List<byte>();
        var sizes = new List<(int Body, int Payload)>();
        for (int i = 0; i < 200; i++)
        {
            (int body, int payload) = ((int)(prng.NextUInt64() % 6_000), (int)(prng.NextUInt64() % 90_000));
            if (i % 3 == 0)
                (body, payload) = (body % 100, payload % 100);
            sizes.Add((body, payload));
            stream.AddRange(TestFrames.Bytes((ulong)i, TestFrames.Pattern(body, i), TestFrames.Pattern(payload, i + 1)));
        }

        Task sending = SendInPiecesAsync(peer, [.. stream], prng);
        for (int i = 0; i < sizes.Count; i++)
        {
            using InboundFrame frame = await handler.TakeAsync();
            Assert.True(frame.Header.Correlation.Value == (ulong)i, $"seed {Seed}, frame {i}");
            Assert.Equal(TestFrames.Pattern(sizes[i].Body, i), frame.Body.ToArray());
            using BufferLease? payload = frame.TakePayload();
            Assert.Equal(TestFrames.Pattern(sizes[i].Payload, i + 1), payload?.Span.ToArray() ?? []);
        }

        await sending;
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_burst_of_requests_is_answered_by_few_sends()
    {
        var handler = new EchoHandler();
        (FrameConnection connection, MemoryConnection peer) = Start(handler);
        byte[] one = TestFrames.Bytes(1, TestFrames.Pattern(40, 1), []);
        byte[] burst = [.. Enumerable.Repeat(one, 100).SelectMany(bytes => bytes)];
        await peer.SendAsync(burst);
        await Soon.UntilAsync(() => connection.Counts.FramesSent == 100, "100 answers");
        Assert.InRange(connection.Counts.Sends, 1, 3);
        await connection.DisposeAsync();
    }

    [Theory]
    [InlineData("oversize", CloseKind.FrameTooLarge)]
    [InlineData("magic", CloseKind.BadMagic)]
    [InlineData("crc", CloseKind.ChecksumMismatch)]
    [InlineData("large crc", CloseKind.ChecksumMismatch)]
    [InlineData("sizes", CloseKind.Malformed)]
    [InlineData("small size", CloseKind.Malformed)]
    public async Task A_bad_frame_is_answered_and_closes_with_its_reason(string defect, CloseKind expected)
    {
        byte[] bytes = TestFrames.Bytes(9, TestFrames.Pattern(defect == "large crc" ? 5_000 : 20, 1), []);
        switch (defect)
        {
            case "oversize":
                bytes[0] = 0x7f;
                break;
            case "magic":
                bytes[4] ^= 1;
                break;
            case "crc":
            case "large crc":
                bytes[40] ^= 1;
                break;
            case "sizes":
                bytes[25] = 1;
                break;
            default:
                (bytes[2], bytes[3]) = (0, 3);
                break;
        }

        var handler = new EchoHandler();
        (FrameConnection connection, MemoryConnection peer) = Start(handler);
        var answers = new CollectingHandler();
        var peerSide = new FrameConnection(peer, answers, new FrameConnectionOptions(), _time.Ports);
        await peer.SendAsync([.. bytes, .. bytes]);
        _ = peerSide.RunAsync();
        using (InboundFrame answer = await answers.TakeAsync())
        {
            Assert.Equal(FrameKind.Error, answer.Header.Kind);
            Assert.Equal("refused"u8, answer.Body.Span);
        }

        Assert.Equal(expected, (await handler.Closed.WaitAsync(Soon.Limit)).Kind);
        Assert.Equal(0, handler.Frames);
        await peerSide.DisposeAsync();
        await connection.DisposeAsync();
        Assert.Equal(1, handler.Closes);
    }

    [Fact]
    public async Task Random_bytes_close_with_a_peers_fault()
    {
        for (ulong seed = 1; seed <= 50; seed++)
        {
            var prng = new Prng(seed);
            byte[] bytes = new byte[200];
            for (int i = 0; i < bytes.Length; i++)
                bytes[i] = (byte)prng.NextUInt64();
            var handler = new EchoHandler();
            (FrameConnection connection, MemoryConnection peer) = Start(handler);
            await peer.SendAsync(bytes);
            peer.EndSend();
            CloseReason reason = await handler.Closed.WaitAsync(Soon.Limit);
            Assert.True(reason.IsPeersFault, $"seed {seed}: {reason}");
            await connection.DisposeAsync();
        }
    }

    [Fact]
    public async Task An_end_inside_of_a_frame_is_a_truncation_and_between_frames_an_end()
    {
        byte[] bytes = TestFrames.Bytes(1, TestFrames.Pattern(20, 1), TestFrames.Pattern(5_000, 1));
        foreach ((int length, CloseKind kind) in new[]
                 {
                     (1, CloseKind.Truncated), (40, CloseKind.Truncated), (3_000, CloseKind.Truncated),
                     (bytes.Length, CloseKind.PeerEnded), (0, CloseKind.PeerEnded),
                 })
        {
            var handler = new EchoHandler();
            (FrameConnection connection, MemoryConnection peer) = Start(handler);
            await peer.SendAsync(bytes[..length]);
            peer.EndSend();
            Assert.Equal(kind, (await handler.Closed.WaitAsync(Soon.Limit)).Kind);
            await connection.DisposeAsync();
        }
    }

    [Fact]
    public async Task Before_hello_the_frame_limit_is_low()
    {
        var handler = new EchoHandler { Opens = false };
        (FrameConnection connection, MemoryConnection peer) = Start(handler);
        await peer.SendAsync(TestFrames.Bytes(1, TestFrames.Pattern(1_000, 1), TestFrames.Pattern(15_000, 1)));
        await peer.SendAsync(TestFrames.Bytes(2, [], TestFrames.Pattern(16 * 1024, 1)));
        peer.EndSend();
        Assert.Equal(CloseKind.FrameTooLarge, (await handler.Closed.WaitAsync(Soon.Limit)).Kind);
        Assert.Equal(1, handler.Frames);
        await connection.DisposeAsync();
    }

    private static async Task SendInPiecesAsync(MemoryConnection peer, byte[] stream, Prng prng)
    {
        int sent = 0;
        while (sent < stream.Length)
        {
            int piece = Math.Min(stream.Length - sent, 1 + (int)(prng.NextUInt64() % 70_000));
            await peer.SendAsync(stream[sent..(sent + piece)]);
            sent += piece;
        }
    }

    private (FrameConnection Connection, MemoryConnection Peer) Start(IFrameHandler handler, int receiveMax = int.MaxValue)
    {
        (MemoryConnection left, MemoryConnection right) = MemoryConnection.Pair();
        left.ReceiveMax = receiveMax;
        var connection = new FrameConnection(left, handler, new FrameConnectionOptions(), _time.Ports);
        _ = connection.RunAsync();
        return (connection, right);
    }
}
