using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using FastLog.Primitives;

namespace FastLog.Cli.CommandLine;

/// <summary>JSON on standard output: one value, or one object a line.</summary>
internal static class JsonOutput
{
    // Names and texts stay readable: nothing is escaped that JSON does not ask for.
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes one value and a line end.</summary>
    public static void Write(Action<Utf8JsonWriter> value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Options))
            value(writer);
        using Stream output = Console.OpenStandardOutput();
        output.Write(buffer.WrittenSpan);
        output.Write("\n"u8);
    }

    /// <summary>ISO 8601 UTC with milliseconds; a time outside of the calendar as its number of milliseconds.</summary>
    public static string Time(Timestamp time) =>
        time.UnixMilliseconds is >= -62_135_596_800_000 and <= 253_402_300_799_999
            ? time.ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)
            : time.UnixMilliseconds.ToString(CultureInfo.InvariantCulture);
}
