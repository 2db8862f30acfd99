using FastLog.Protocol.Messages;
using FastLog.Records;

namespace FastLog.LoadGenerator;

/// <summary>What a run does; the names are those of the command line.</summary>
public sealed record BenchOptions
{
    public required IReadOnlyList<string> Servers { get; init; }

    public required string Topic { get; init; }

    public int Partitions { get; init; } = 1;

    /// <summary>Bytes of a record's value.</summary>
    public int Size { get; init; } = 100;

    /// <summary>How long to run; used when <see cref="Records"/> is 0.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many records in all; 0: by time.</summary>
    public long Records { get; init; }

    /// <summary>Time at the start that is not counted.</summary>
    public TimeSpan Warmup { get; init; } = TimeSpan.FromSeconds(1);

    public int Connections { get; init; } = 1;

    public int Producers { get; init; } = 1;

    public int BatchBytes { get; init; } = 256 << 10;

    public TimeSpan Linger { get; init; }

    public ProduceAcks Acks { get; init; } = ProduceAcks.All;

    public Codec Compression { get; init; } = Codec.None;

    /// <summary>Distinct keys; 0: records have no key.</summary>
    public int Keys { get; init; }

    /// <summary>Records a second over all producers, open loop; 0: as fast as it goes.</summary>
    public long Rate { get; init; }

    public bool Verify { get; init; }

    /// <summary>Settings of the topic when the run makes it.</summary>
    public IReadOnlyDictionary<string, string> TopicSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>Keep a topic that the run made.</summary>
    public bool Keep { get; init; }

    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
