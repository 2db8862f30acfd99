using System.Net;
using FastLog.Transport.Network;

namespace FastLog.Simulator;

/// <summary>The network as one process sees it. When the process is killed, its connections break and its listeners close.</summary>
internal sealed class HostNetwork : INetwork
{
    private readonly List<SimulatedConnection> _connections = [];
    private readonly List<SimulatedConnection> _vanished = [];
    private readonly List<SimulatedListener> _listeners = [];

    public HostNetwork(SimulatedNetwork network, string name)
    {
        Network = network;
        Name = name;
    }

    public SimulatedNetwork Network { get; }

    public string Name { get; }

    public bool IsDown { get; private set; }

    public IListener Listen(EndPoint address)
    {
        ThrowIfDown();
        SimulatedListener listener = Network.Listen(this, address);
        _listeners.Add(listener);
        return listener;
    }

    public async ValueTask<IByteConnection> ConnectAsync(EndPoint address, CancellationToken cancellationToken)
    {
        ThrowIfDown();
        IByteConnection connection = await Network.ConnectAsync(this, address, cancellationToken);
        ThrowIfDown();
        return connection;
    }

    internal void Add(SimulatedConnection connection) => _connections.Add(connection);

    internal void Remove(SimulatedConnection connection) => _connections.Remove(connection);

    /// <summary>The process ended: the system closes what it had open, or nobody does when the power went.</summary>
    internal void GoDown(bool silently)
    {
        if (IsDown)
            return;
        IsDown = true;
        foreach (SimulatedConnection connection in _connections.ToArray())
        {
            if (silently)
                Vanish(connection);
            else
                connection.Reset("the process ended");
        }

        foreach (SimulatedListener listener in _listeners)
            listener.Close();
    }

    /// <summary>The machine is on again.</summary>
    internal void PowerIsBack()
    {
        foreach (SimulatedConnection connection in _vanished)
            connection.PowerIsBack();
    }

    private void Vanish(SimulatedConnection connection)
    {
        connection.Vanish();
        _vanished.Add(connection);
    }

    private void ThrowIfDown()
    {
        if (IsDown)
            throw new NetworkException("the process of this network is gone");
    }
}
