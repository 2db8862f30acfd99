using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using FastLog.Primitives;

namespace FastLog.EndToEnd.Tests;

/// <summary>A raw socket that speaks frames when it wants to. Bytes are made by hand: the product's writers refuse to lie.</summary>
internal sealed class HostilePeer : IDisposable
{
    public const ushort Hello = 1;
    public const ushort Metadata = 16;
    public const ushort Produce = 32;
    public const ushort Fetch = 33;
    private const int HeadSize = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private HostilePeer(Socket socket) => Socket = socket;

    public Socket Socket { get; }

    public static async Task<HostilePeer> ConnectAsync(string address, bool hello)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPEndPoint.Parse(address));
        var peer = new HostilePeer(socket);
        if (!hello)
            return peer;
        await peer.SendAsync(Frame(Hello, [0, 1, (byte)'x', 0, 0, 0, 0, 0, 0, .. new byte[16], 255, 255, 255, 255]));
        Assert.Equal(2, (await peer.ReadFrameAsync())![5]);
        return peer;
    }

    /// <summary>A frame as the pages tell it, with a right CRC.</summary>
    public static byte[] Frame(ushort key, byte[] body, byte[]? payload = null, byte kind = 1, byte[]? tags = null)
    {
        tags ??= [];
        payload ??= [];
        byte[] frame = new byte[HeadSize + tags.Length + body.Length + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)(frame.Length - 4));
        frame[4] = 0xF1;
        frame[5] = kind;
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(6), (ushort)tags.Length);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(8), key);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(10), 1);
        BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(16), 7);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(24), (uint)body.Length);
        tags.CopyTo(frame, HeadSize);
        body.CopyTo(frame, HeadSize + tags.Length);
        payload.CopyTo(frame, HeadSize + tags.Length + body.Length);
        uint crc = Crc32C.Compute(frame.AsSpan(0, frame.Length - payload.Length));
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(28), crc);
        return frame;
    }

    /// <summary>A produce body for one partition that claims so many bytes of payload.</summary>
    public static byte[] ProduceBody(byte acks, string topicId, int payloadSize) =>
        [acks, 0, 0, 0x13, 0x88, 0, 0, 0, 1, .. Convert.FromHexString(topicId), 0, 0, 0, 0, .. Int(payloadSize)];

    /// <summary>A fetch of 8 MiB from the beginning of partition 0, or one that waits at an offset.</summary>
    public static byte[] FetchBody(string topicId, int waitMs, long offset) =>
    [
        .. Int(waitMs), .. Int(1), .. Int(8 << 20), 0, 0, 0, 1, .. Convert.FromHexString(topicId), 0, 0, 0, 0,
        .. Int((int)(offset >> 32)), .. Int((int)offset), .. Int(-1), .. Int(-1), .. Int(8 << 20),
    ];

    public static byte[] Int(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (bytes.Length > 0)
            bytes = bytes[await Socket.SendAsync(bytes, patience.Token)..];
    }

    /// <summary>Sends as much as the kernel takes at once, and leaves it at that; how many bytes that was.</summary>
    public int SendWhatFits(ReadOnlySpan<byte> bytes, int times)
    {
        Socket.Blocking = false;
        int all = 0;
        for (int i = 0; i < times; i++)
        {
            int sent = Socket.Send(bytes, SocketFlags.None, out SocketError error);
            all += sent;
            if (error != SocketError.Success || sent < bytes.Length)
                break;
        }

        return all;
    }

    /// <summary>The next frame, or null when the broker has closed.</summary>
    public async Task<byte[]?> ReadFrameAsync()
    {
        byte[]? size = await ReadAsync(4);
        if (size is null)
            return null;
        byte[]? rest = await ReadAsync(BinaryPrimitives.ReadInt32BigEndian(size));
        return rest is null ? null : [.. size, .. rest];
    }

    /// <summary>The code and sentence of the next frame, which must be an error, and whether the connection is closed behind it.</summary>
    public async Task<(int Code, string Message)> ReadErrorAsync()
    {
        byte[]? frame = await ReadFrameAsync();
        Assert.NotNull(frame);
        Assert.Equal(3, frame[5]);
        int size = BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(HeadSize + 2));
        return (BinaryPrimitives.ReadUInt16BigEndian(frame.AsSpan(HeadSize)), Encoding.UTF8.GetString(frame, HeadSize + 4, size));
    }

    public void Dispose() => Socket.Dispose();

    private async Task<byte[]?> ReadAsync(int size)
    {
        using var patience = new CancellationTokenSource(Patience);
        byte[] bytes = new byte[size];
        for (int have = 0; have < size;)
        {
            int received;
            try
            {
                received = await Socket.ReceiveAsync(bytes.AsMemory(have), patience.Token);
            }
            catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
            {
                return null;
            }

            if (received == 0)
                return null;
            have += received;
        }

        return bytes;
    }
}
