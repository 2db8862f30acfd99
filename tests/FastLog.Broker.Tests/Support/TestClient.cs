using System.Net;
using System.Net.Sockets;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;
using FastLog.Transport.Network;

namespace FastLog.Broker.Tests.Support;

/// <summary>A received frame.</summary>
internal sealed record Reply(FrameHeader Header, byte[] Body, byte[] Payload)
{
    public T Read<T>()
        where T : IMessage<T>
    {
        Assert.True(Header.Kind == FrameKind.Response, Header.Kind == FrameKind.Error ? Error().ToString() : Header.Kind.ToString());
        return Decode<T>();
    }

    public ErrorResponse Error()
    {
        Assert.Equal(FrameKind.Error, Header.Kind);
        return Decode<ErrorResponse>();
    }

    private T Decode<T>()
        where T : IMessage<T>
    {
        var reader = new WireReader(Body, Payload.Length);
        Assert.Equal(WireStatus.Ok, T.Decode(ref reader, out T message));
        return message;
    }
}

/// <summary>Speaks frames over a byte connection, one thread of use at a time; shows what a library would hide.</summary>
internal sealed class TestClient(IByteConnection connection) : IDisposable
{
    private readonly List<byte> _received = [];
    private readonly byte[] _window = new byte[64 * 1024];
    private ulong _correlation;

    public static async Task<TestClient> ConnectAsync(INetwork network, EndPoint address, bool hello = true)
    {
        var client = new TestClient(await network.ConnectAsync(address, CancellationToken.None));
        if (hello)
            await client.AskAsync<HelloRequest, HelloResponse>(Hello());
        return client;
    }

    public static HelloRequest Hello() => new("test", "1", [], Uid128.None, NodeId.None);

    public async Task<TResponse> AskAsync<TRequest, TResponse>(TRequest request, byte[]? payload = null)
        where TRequest : IRequest<TRequest, TResponse>
        where TResponse : IMessage<TResponse> => (await AskAsync(request, payload)).Read<TResponse>();

    public async Task<Reply> AskAsync<T>(T request, byte[]? payload = null, HeaderTags tags = default)
        where T : IMessage<T>
    {
        CorrelationId correlation = await SendAsync(request, payload, tags: tags);
        Reply reply = await ReceiveAsync();
        Assert.Equal(correlation, reply.Header.Correlation);
        return reply;
    }

    public async Task<CorrelationId> SendAsync<T>(
        T request, byte[]? payload = null, FrameKind kind = FrameKind.Request, HeaderTags tags = default, ushort version = 1)
        where T : IMessage<T>
    {
        var correlation = new CorrelationId(++_correlation);
        payload ??= [];
        FrameHeader header = FrameHeader.Request(T.Api, correlation) with { Kind = kind, Version = new ApiVersion(version) };
        byte[] head = new byte[FrameWriter.HeadSize(request, tags)];
        FrameWriter.Write(head, header, request, payload.Length, tags);
        await SendBytesAsync([.. head, .. payload]);
        return correlation;
    }

    public async Task SendBytesAsync(byte[] bytes) =>
        await connection.SendAsync([OutboundPiece.Of(bytes)], CancellationToken.None);

    public async Task<Reply> ReceiveAsync() => await TryReceiveAsync() ?? throw new IOException("the broker closed the connection");

    /// <summary>Null when the broker closed.</summary>
    public async Task<Reply?> TryReceiveAsync()
    {
        while (true)
        {
            if (TryTake(out Reply? reply))
                return reply;
            int count;
            try
            {
                count = await connection.ReceiveAsync(_window, CancellationToken.None);
            }
            catch (NetworkException)
            {
                return null;
            }
            catch (SocketException)
            {
                return null;
            }

            if (count == 0)
                return null;
            _received.AddRange(_window.AsSpan(0, count));
        }
    }

    public void Dispose()
    {
        connection.Abort();
        connection.Dispose();
    }

    private bool TryTake(out Reply? reply)
    {
        reply = null;
        byte[] bytes = [.. _received];
        FrameStatus status = FrameReader.TryRead(bytes, FrameLimits.FrameSizeMaxDefault, out FrameHeader header);
        if (status == FrameStatus.NeedMoreData)
            return false;
        Assert.Equal(FrameStatus.Ok, status);
        reply = new Reply(
            header, FrameReader.Body(bytes, header).ToArray(), FrameReader.Payload(bytes, header).ToArray());
        _received.RemoveRange(0, (int)header.TotalSize);
        return true;
    }
}
