using System.Globalization;
using FastLog.Broker;
using FastLog.Hosting.Configuration;
using FastLog.Primitives;

namespace FastLog.Hosting;

/// <summary>Writes a broker's state changes as lines: time, level, event id and name, sentence, cause. Thread-safe.</summary>
public sealed class TextBrokerLog : IBrokerLog
{
    private readonly TextWriter _output;
    private readonly BrokerEventLevel _levelMin;
    private readonly Lock _gate = new();

    /// <param name="output">Where lines go; written under a lock, flushed by line.</param>
    /// <param name="levelMin">What is less important is not written.</param>
    public TextBrokerLog(TextWriter output, BrokerEventLevel levelMin)
    {
        _output = output;
        _levelMin = levelMin;
    }

    /// <summary>The level that <see cref="ConfigSchema.LogLevel"/> names.</summary>
    public static BrokerEventLevel Level(BrokerConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration.Text(ConfigSchema.LogLevel) switch
        {
            "trace" or "debug" => BrokerEventLevel.Debug,
            "warning" => BrokerEventLevel.Warning,
            "error" => BrokerEventLevel.Error,
            _ => BrokerEventLevel.Information,
        };
    }

    public void Report(in BrokerEvent occurred)
    {
        if (occurred.Level < _levelMin)
            return;
        string time = SystemClock.Instance.WallNow.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        string level = occurred.Level.ToString().ToLowerInvariant();
        string cause = occurred.Cause is null ? "" : $" [{occurred.Cause.GetType().Name}: {occurred.Cause.Message}]";
        string line = $"{time} {level} {(int)occurred.Kind} {occurred.Kind}: {occurred.Message}{cause}".ReplaceLineEndings(" ");
        lock (_gate)
            _output.WriteLine(line);
    }
}
