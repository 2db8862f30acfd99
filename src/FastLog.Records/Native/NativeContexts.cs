namespace FastLog.Records.Native;

/// <summary>
/// A codec's working memory outside of the managed heap, one context a call at a time; those not in use are kept for the
/// next call, up to a limit, so that a batch allocates nothing. Thread-safe.
/// </summary>
internal sealed class NativeContexts(Func<nint> create, Action<nint> free)
{
    private readonly nint[] _kept = new nint[RecordLimits.CodecContextsKeptMax];
    private readonly Lock _gate = new();
    private int _count;

    /// <summary>A context for the caller alone, in whatever state its last use left it.</summary>
    /// <exception cref="InsufficientMemoryException">The library has no memory for one.</exception>
    public nint Rent()
    {
        lock (_gate)
        {
            if (_count > 0)
                return _kept[--_count];
        }

        nint context = create();
        return context != 0 ? context : throw new InsufficientMemoryException("no memory for a codec's context");
    }

    /// <summary>Gives a rented context back, once.</summary>
    public void Return(nint context)
    {
        lock (_gate)
        {
            if (_count < _kept.Length)
            {
                _kept[_count++] = context;
                return;
            }
        }

        free(context);
    }

    /// <summary>Ends a rented context instead of giving it back: its use has made it larger than it should stay.</summary>
    public void Discard(nint context) => free(context);
}
