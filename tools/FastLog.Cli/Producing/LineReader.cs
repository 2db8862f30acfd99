namespace FastLog.Cli.Producing;

/// <summary>
/// Cuts a stream into lines: LF alone separates, CR is data, an empty line is an empty value, a last line without LF
/// counts. A line is valid until the next is asked for. Not thread-safe.
/// </summary>
internal sealed class LineReader(Stream stream, int lineBytesMax)
{
    private const int BufferBytes = 1 << 20;

    private byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>Lines handed out so far.</summary>
    public long LineNumber { get; private set; }

    /// <summary>The next line if it is in memory already.</summary>
    public bool TryNext(out ReadOnlyMemory<byte> line)
    {
        int length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
        if (length >= 0)
        {
            line = _buffer.AsMemory(_start, length);
            _start += length + 1;
            LineNumber++;
            return true;
        }

        line = _buffer.AsMemory(_start, _end - _start);
        if (!_ended || line.Length == 0)
            return false;
        _start = _end;
        LineNumber++;
        return true;
    }

    /// <summary>Reads more; false at the end of the stream.</summary>
    /// <exception cref="InvalidDataException">A line is longer than the limit.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (_ended)
            return false;
        int rest = _end - _start;
        if (rest > lineBytesMax)
            throw new InvalidDataException($"line {LineNumber + 1} is longer than {lineBytesMax} bytes");
        if (_start > 0)
            _buffer.AsSpan(_start, rest).CopyTo(_buffer);
        else if (rest == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        _start = 0;
        _end = rest;

        // A read of a terminal or pipe cannot be cancelled: it is left behind, with its buffer, when the process ends.
        int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).AsTask().WaitAsync(cancellationToken);
        _ended = read == 0;
        _end += read;
        return true;
    }
}
