using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using FastLog.Cli.CommandLine;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Cli.Consuming;

/// <summary>How records are written.</summary>
internal enum RecordFormat
{
    Value,
    KeyValue,
    Json,
}

/// <summary>Writes records to a stream through one buffer. Not thread-safe.</summary>
internal sealed class RecordPrinter : IDisposable
{
    private const int FlushAtBytes = 256 << 10;

    private readonly Stream _output;
    private readonly RecordFormat _format;
    private readonly byte[] _separator;
    private readonly ArrayBufferWriter<byte> _buffer = new(2 * FlushAtBytes);
    private readonly Utf8JsonWriter _json;

    public RecordPrinter(Stream output, RecordFormat format, string separator)
    {
        _output = output;
        _format = format;
        _separator = Encoding.UTF8.GetBytes(separator);
        _json = new Utf8JsonWriter(_buffer, JsonOutput.Options);
    }

    /// <exception cref="IOException">Standard output was closed.</exception>
    public void Print(string topic, PartitionId partition, in RecordReader record)
    {
        switch (_format)
        {
            case RecordFormat.Json:
                PrintJson(topic, partition, record);
                break;
            case RecordFormat.KeyValue:
                _buffer.Write(record.Key.Span);
                _buffer.Write(_separator);
                _buffer.Write(record.Value.Span);
                break;
            default:
                _buffer.Write(record.Value.Span);
                break;
        }

        _buffer.Write("\n"u8);
        if (_buffer.WrittenCount >= FlushAtBytes)
            Flush();
    }

    /// <exception cref="IOException">Standard output was closed.</exception>
    public void Flush()
    {
        _output.Write(_buffer.WrittenSpan);
        _output.Flush();
        _buffer.ResetWrittenCount();
    }

    public void Dispose() => _json.Dispose();

    private void PrintJson(string topic, PartitionId partition, in RecordReader record)
    {
        _json.Reset(_buffer);
        _json.WriteStartObject();
        _json.WriteString("topic", topic);
        _json.WriteNumber("partition", partition.Value);
        _json.WriteNumber("offset", record.Offset.Value);
        _json.WriteString("timestamp", JsonOutput.Time(record.Timestamp));
        WriteBytes("key"u8, record.Key);
        WriteBytes("value"u8, record.Value);
        _json.WriteStartArray("headers"u8);
        RecordHeaderReader headers = record.Headers;
        while (headers.Read())
        {
            _json.WriteStartObject();
            WriteBytes("key"u8, new NullableBytes(headers.Key));
            WriteBytes("value"u8, headers.Value);
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
        _json.WriteEndObject();
        _json.Flush();
    }

    private void WriteBytes(ReadOnlySpan<byte> name, NullableBytes bytes)
    {
        if (bytes.IsNull)
        {
            _json.WriteNull(name);
        }
        else if (Utf8.IsValid(bytes.Span))
        {
            _json.WriteString(name, bytes.Span);
        }
        else
        {
            _json.WriteStartObject(name);
            _json.WriteBase64String("base64"u8, bytes.Span);
            _json.WriteEndObject();
        }
    }
}
