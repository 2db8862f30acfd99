using FastLog.Primitives;

namespace FastLog.Protocol.Frames;

/// <summary>The caller's place in a distributed trace: W3C trace context as 25 bytes.</summary>
public readonly record struct TraceContext(Uid128 TraceId, ulong SpanId, byte Flags)
{
    public const int Size = Uid128.Size + sizeof(ulong) + sizeof(byte);
}
