using System.Globalization;
using System.Net;
using FastLog.Primitives;
using FastLog.Transport.Network;

namespace FastLog.Simulator;

/// <summary>
/// A network in memory: bytes arrive in order after seeded delays, cut into arbitrary pieces; connects are refused,
/// connections break and stall by the seed or by script. Buffers are bounded, so a reader that does not read makes its
/// sender wait. Each process attaches under its host's name; this object itself is the network of the run's main process.
/// One thread.
/// </summary>
public sealed class SimulatedNetwork : INetwork
{
    private const int FirstPickedPort = 40_000;

    private readonly SortedDictionary<string, SimulatedListener> _listeners = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, HostNetwork> _hosts = new(StringComparer.Ordinal);
    private readonly HashSet<string> _poweredOff = new(StringComparer.Ordinal);
    private readonly SimulatedProcess _process;
    private readonly Prng _random;
    private readonly HostNetwork _main;
    private int _nextPort = FirstPickedPort;
    private MonotonicTime _stalledUntil;

    public SimulatedNetwork(SimulatedScheduler scheduler, SimulatedNetworkOptions options)
    {
        ArgumentNullException.ThrowIfNull(scheduler);
        ArgumentNullException.ThrowIfNull(options);
        Scheduler = scheduler;
        Options = options;
        _process = scheduler.CreateProcess("network");
        _random = new Prng(scheduler.Random.NextUInt64());
        _main = (HostNetwork)Attach(scheduler.Main, scheduler.Main.Name);
    }

    public SimulatedNetworkOptions Options { get; }

    /// <summary>True: nothing is refused, broken or stalled by chance any more.</summary>
    public bool IsHealed { get; set; }

    /// <summary>How often the network itself broke a connection.</summary>
    public long Resets { get; private set; }

    /// <summary>How often a connect was refused.</summary>
    public long Refusals { get; private set; }

    /// <summary>How often a piece was stalled.</summary>
    public long Stalls { get; private set; }

    internal SimulatedScheduler Scheduler { get; }

    /// <summary>The network for one process; a host that had lost its power is on again.</summary>
    /// <param name="process">When it is killed, its connections break and its listeners close.</param>
    /// <param name="host">The machine's name.</param>
    public INetwork Attach(SimulatedProcess process, string host)
    {
        ArgumentNullException.ThrowIfNull(process);
        var attached = new HostNetwork(this, host);
        if (_poweredOff.Remove(host) && _hosts.TryGetValue(host, out HostNetwork? before))
            before.PowerIsBack();
        _hosts[host] = attached;
        process.OnKill(() => attached.GoDown(silently: false));
        return attached;
    }

    /// <summary>
    /// The host's power goes: its connections vanish without a word, and connects to it hang. Call it before the process is
    /// killed.
    /// </summary>
    public void PowerOff(string host)
    {
        _poweredOff.Add(host);
        if (_hosts.TryGetValue(host, out HostNetwork? attached))
            attached.GoDown(silently: true);
    }

    /// <summary>Nothing that is sent from now on arrives before the time is over.</summary>
    public void StallAll(TimeSpan time) => _stalledUntil = Scheduler.Now.Plus(time);

    public IListener Listen(EndPoint address) => _main.Listen(address);

    public ValueTask<IByteConnection> ConnectAsync(EndPoint address, CancellationToken cancellationToken) =>
        _main.ConnectAsync(address, cancellationToken);

    internal SimulatedListener Listen(HostNetwork host, EndPoint address)
    {
        (string name, int port) = NameOf(address);
        if (port == 0)
            port = _nextPort++;
        string key = Key(name, port);
        if (_listeners.ContainsKey(key))
            throw new NetworkException($"{key} is in use");
        EndPoint local = address is IPEndPoint ip ? new IPEndPoint(ip.Address, port) : new DnsEndPoint(name, port);
        var listener = new SimulatedListener(host, key, local);
        _listeners.Add(key, listener);
        return listener;
    }

    internal async Task<IByteConnection> ConnectAsync(
        HostNetwork from, EndPoint address, CancellationToken cancellationToken)
    {
        (string name, int port) = NameOf(address);
        await Wait(DrawDelay(), cancellationToken);
        if (!_listeners.TryGetValue(Key(name, port), out SimulatedListener? listener))
            _listeners.TryGetValue(Key(IPAddress.Any.ToString(), port), out listener);
        if (listener is null && _poweredOff.Count > 0)
        {
            // A machine without power does not even refuse.
            await Wait(Options.ConnectTimeout, cancellationToken);
            throw new NetworkException($"connect to {name}:{port} timed out");
        }

        if (listener is null || Happens(Options.RefuseChance))
        {
            Refusals++;
            Note("refuse", port);
            throw new NetworkException($"connect to {name}:{port} was refused");
        }

        var ownAddress = new DnsEndPoint(from.Name, _nextPort++);
        (SimulatedConnection client, SimulatedConnection server) =
            SimulatedConnection.Pair(this, from, ownAddress, listener.Host, address);
        Note("connect", port);
        listener.Offer(server);
        return client;
    }

    internal void Forget(string key, SimulatedListener listener)
    {
        if (_listeners.TryGetValue(key, out SimulatedListener? known) && known == listener)
            _listeners.Remove(key);
    }

    internal bool IsUp(string host) => !_poweredOff.Contains(host);

    internal bool DrawReset()
    {
        if (!Happens(Options.ResetChance))
            return false;
        Resets++;
        return true;
    }

    /// <summary>How many of the bytes go in one piece: all, or a part whose size is small as often as large.</summary>
    internal int DrawCount(int available)
    {
        if (!_random.Chance(Options.SplitChance))
            return available;
        int scale = 1 << (int)_random.Next(31 - int.LeadingZeroCount(available) + 1);
        return (int)Math.Min(available, _random.Next(1, scale + 1));
    }

    internal TimeSpan DrawDelay()
    {
        var delay = new TimeSpan(_random.Next(Options.DelayMin.Ticks, Options.DelayMax.Ticks + 1));
        if (Happens(Options.StallChance))
        {
            Stalls++;
            delay += Options.StallTime;
        }

        TimeSpan stalled = _stalledUntil.Since(Scheduler.Now);
        return stalled > delay ? stalled : delay;
    }

    internal void At(MonotonicTime time, Action action) => _process.Schedule(time.Since(Scheduler.Now), new ActionWork(action));

    internal void Note(string label, long detail) => Scheduler.Note(label, detail, 0);

    private bool Happens(double chance) => _random.Chance(chance) && !IsHealed;

    private static string Key(string name, int port) => string.Create(CultureInfo.InvariantCulture, $"{name}:{port}");

    private static (string Name, int Port) NameOf(EndPoint address) => address switch
    {
        IPEndPoint ip when ip.Address.Equals(IPAddress.IPv6Any) => (IPAddress.Any.ToString(), ip.Port),
        IPEndPoint ip => (ip.Address.ToString(), ip.Port),
        DnsEndPoint { Host: "localhost" } dns => (IPAddress.Loopback.ToString(), dns.Port),
        DnsEndPoint dns => (dns.Host, dns.Port),
        _ => throw new NetworkException($"{address} is not an address of a simulated network"),
    };

    private async Task Wait(TimeSpan time, CancellationToken cancellationToken)
    {
        var over = new Signal();
        using IDisposable timer = _process.Schedule(time, new ActionWork(over.Pulse));
        await over.WaitAsync(cancellationToken);
    }
}
