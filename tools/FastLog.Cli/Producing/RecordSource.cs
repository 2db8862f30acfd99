using System.Text;
using FastLog.Cli.CommandLine;
using FastLog.Client;
using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Cli.Producing;

/// <summary>Makes a record of a line as the options say.</summary>
internal sealed class RecordSource
{
    private readonly byte[]? _separator;
    private readonly ReadOnlyMemory<byte>? _key;
    private readonly RecordHeader[]? _headers;
    private readonly PartitionId? _partition;

    public RecordSource(string? key, string? separator, IEnumerable<string> headers, int? partition)
    {
        if (separator is { Length: 0 })
            throw CliException.Usage("--key-separator must not be empty");
        if (key is not null && separator is not null)
            throw CliException.Usage("--key and --key-separator exclude each other");
        _separator = separator is null ? null : Encoding.UTF8.GetBytes(separator);
        if (key is not null)
            _key = Encoding.UTF8.GetBytes(key);
        RecordHeader[] list = [.. headers.Select(Header)];
        _headers = list.Length == 0 ? null : list;
        _partition = partition is { } number ? new PartitionId(number) : null;
    }

    /// <exception cref="CliException">A key separator is asked for and the line has none.</exception>
    public ProducerRecord Make(ReadOnlyMemory<byte> line, long lineNumber)
    {
        ReadOnlyMemory<byte>? key = _key;
        if (_separator is not null)
        {
            int at = line.Span.IndexOf(_separator);
            if (at < 0)
            {
                string separator = Encoding.UTF8.GetString(_separator);
                throw CliException.Failed(
                    $"line {lineNumber} has no key separator '{separator}'; write it as KEY{separator}VALUE, or leave out --key-separator");
            }

            key = line[..at];
            line = line[(at + _separator.Length)..];
        }

        return new ProducerRecord(key, line) { Headers = _headers, Partition = _partition };
    }

    private static RecordHeader Header(string text)
    {
        int at = text.IndexOf('=', StringComparison.Ordinal);
        if (at <= 0)
            throw CliException.Usage($"--header '{text}': k=v is expected");
        return new RecordHeader(Encoding.UTF8.GetBytes(text[..at]), Encoding.UTF8.GetBytes(text[(at + 1)..]));
    }
}
