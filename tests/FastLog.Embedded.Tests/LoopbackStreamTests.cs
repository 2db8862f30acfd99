using FastLog.Embedded.Loopback;
using FastLog.Transport.Network;

namespace FastLog.Embedded.Tests;

/// <summary>The bytes between an embedded broker and its client.</summary>
public class LoopbackStreamTests
{
    private static readonly byte[] Sent = [1, 2, 3, 4, 5];

    [Fact]
    public async Task A_send_ends_with_the_last_of_its_bytes()
    {
        var stream = new LoopbackStream();
        ValueTask send = stream.SendAsync(Sent, CancellationToken.None);
        byte[] window = new byte[3];
        Assert.Equal(3, await stream.ReceiveAsync(window, CancellationToken.None));
        Assert.Equal([1, 2, 3], window);
        Assert.False(send.IsCompleted);
        Assert.Equal(2, await stream.ReceiveAsync(window, CancellationToken.None));
        Assert.Equal([4, 5], window[..2]);
        await send;
    }

    [Fact]
    public async Task A_receive_that_waits_gets_what_is_sent_and_then_the_end()
    {
        var stream = new LoopbackStream();
        byte[] window = new byte[8];
        Task<int> receive = stream.ReceiveAsync(window, CancellationToken.None).AsTask();
        await stream.SendAsync(Sent, CancellationToken.None);
        Assert.Equal(5, await receive);
        receive = stream.ReceiveAsync(window, CancellationToken.None).AsTask();
        stream.End();
        Assert.Equal(0, await receive);
        Assert.Equal(0, await stream.ReceiveAsync(window, CancellationToken.None));
        await Assert.ThrowsAsync<NetworkException>(async () => await stream.SendAsync(Sent, CancellationToken.None));
    }

    [Fact]
    public async Task What_was_offered_before_the_end_is_received_before_it()
    {
        var stream = new LoopbackStream();
        ValueTask send = stream.SendAsync(Sent, CancellationToken.None);
        stream.End();
        byte[] window = new byte[8];
        Assert.Equal(5, await stream.ReceiveAsync(window, CancellationToken.None));
        await send;
        Assert.Equal(0, await stream.ReceiveAsync(window, CancellationToken.None));
    }

    [Fact]
    public async Task A_break_fails_both_sides()
    {
        var stream = new LoopbackStream();
        ValueTask send = stream.SendAsync(Sent, CancellationToken.None);
        stream.Break("over");
        await Assert.ThrowsAsync<NetworkException>(async () => await send);
        await Assert.ThrowsAsync<NetworkException>(async () => await stream.ReceiveAsync(new byte[1], CancellationToken.None));
        var other = new LoopbackStream();
        ValueTask<int> receive = other.ReceiveAsync(new byte[1], CancellationToken.None);
        other.Break("over");
        await Assert.ThrowsAsync<NetworkException>(async () => await receive);
    }

    [Fact]
    public async Task A_cancelled_receive_leaves_the_stream_as_it_was_and_a_cancelled_send_breaks_it()
    {
        var stream = new LoopbackStream();
        using var receiving = new CancellationTokenSource();
        ValueTask<int> receive = stream.ReceiveAsync(new byte[1], receiving.Token);
        await receiving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await receive);
        using var sending = new CancellationTokenSource();
        ValueTask send = stream.SendAsync(Sent, sending.Token);
        byte[] window = new byte[2];
        Assert.Equal(2, await stream.ReceiveAsync(window, CancellationToken.None));
        await sending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await send);
        await Assert.ThrowsAsync<NetworkException>(async () => await stream.ReceiveAsync(window, CancellationToken.None));
    }
}
