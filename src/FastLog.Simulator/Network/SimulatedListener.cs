using System.Net;
using FastLog.Transport.Network;

namespace FastLog.Simulator;

/// <summary>An accepting address of a simulated host. One thread.</summary>
internal sealed class SimulatedListener(HostNetwork host, string key, EndPoint address) : IListener
{
    private readonly Queue<SimulatedConnection> _waiting = new();
    private readonly Signal _changed = new();
    private bool _disposed;

    public EndPoint LocalAddress { get; } = address;

    public HostNetwork Host { get; } = host;

    public async ValueTask<IByteConnection> AcceptAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (_disposed)
                throw new OperationCanceledException("the listener was disposed");
            if (_waiting.TryDequeue(out SimulatedConnection? connection))
                return connection;
            await _changed.WaitAsync(cancellationToken);
        }
    }

    public ValueTask DisposeAsync()
    {
        Close();
        return ValueTask.CompletedTask;
    }

    internal void Close()
    {
        if (_disposed)
            return;
        _disposed = true;
        Host.Network.Forget(key, this);
        foreach (SimulatedConnection connection in _waiting)
            connection.Reset("the listener was closed");
        _changed.Pulse();
    }

    internal void Offer(SimulatedConnection connection)
    {
        _waiting.Enqueue(connection);
        _changed.Pulse();
    }
}
