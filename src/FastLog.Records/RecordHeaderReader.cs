namespace FastLog.Records;

/// <summary>Iterates the headers of one record, which were checked when the record was read.</summary>
public ref struct RecordHeaderReader
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _at;
    private int _left;

    internal RecordHeaderReader(ReadOnlySpan<byte> bytes, int count)
    {
        _bytes = bytes;
        _left = count;
    }

    /// <summary>The name in UTF-8 (not checked to be valid).</summary>
    public ReadOnlySpan<byte> Key { get; private set; }

    public NullableBytes Value { get; private set; }

    /// <summary>Moves to the next header; false after the last.</summary>
    public bool Read()
    {
        if (_left == 0)
            return false;
        _left--;
        if (!RecordReader.TryReadLength(_bytes, ref _at, out int keyLength))
            return false;
        Key = _bytes.Slice(_at, keyLength);
        _at += keyLength;
        if (!RecordReader.TryReadLength(_bytes, ref _at, out int valueLength))
            return false;
        if (valueLength < 0)
        {
            Value = NullableBytes.Null;
            return true;
        }

        Value = new NullableBytes(_bytes.Slice(_at, valueLength));
        _at += valueLength;
        return true;
    }
}
