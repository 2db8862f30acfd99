using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace FastLog.Transport.Network;

/// <summary>A reusable send whose end can be awaited without allocation. One at a time.</summary>
internal sealed class SocketOperation : SocketAsyncEventArgs, IValueTaskSource<long>
{
    private ManualResetValueTaskSourceCore<long> _core;

    public SocketOperation()
        : base(true)
    {
    }

    /// <summary>Sends what is set; the answer is the number of bytes.</summary>
    public ValueTask<long> SendAsync(Socket socket)
    {
        _core.Reset();
        return Started(socket.SendAsync(this));
    }

    /// <summary>Sends the elements; the answer is the number of bytes.</summary>
    public ValueTask<long> SendPacketsAsync(Socket socket)
    {
        _core.Reset();
        return Started(socket.SendPacketsAsync(this));
    }

    long IValueTaskSource<long>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<long>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<long>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        if (SocketError == SocketError.Success)
            _core.SetResult(BytesTransferred);
        else
            _core.SetException(new SocketException((int)SocketError));
    }

    private ValueTask<long> Started(bool pending)
    {
        if (pending)
            return new ValueTask<long>(this, _core.Version);
        if (SocketError == SocketError.Success)
            return new ValueTask<long>(BytesTransferred);
        return ValueTask.FromException<long>(new SocketException((int)SocketError));
    }
}
