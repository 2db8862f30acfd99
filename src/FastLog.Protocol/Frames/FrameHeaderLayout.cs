namespace FastLog.Protocol.Frames;

/// <summary>Places in the fixed part of a frame; told in <c>protocol-spec/02-framing.md</c>.</summary>
internal static class FrameHeaderLayout
{
    /// <summary>The first byte of each frame behind its size; another framing would have another one.</summary>
    public const byte Magic = 0xF1;

    public const int FrameSizeAt = 0;
    public const int MagicAt = FrameSizeAt + sizeof(uint);
    public const int KindAt = MagicAt + sizeof(byte);
    public const int HeaderSizeAt = KindAt + sizeof(byte);
    public const int ApiKeyAt = HeaderSizeAt + sizeof(ushort);
    public const int ApiVersionAt = ApiKeyAt + sizeof(ushort);
    public const int FlagsAt = ApiVersionAt + sizeof(ushort);
    public const int CorrelationIdAt = FlagsAt + sizeof(uint);
    public const int BodySizeAt = CorrelationIdAt + sizeof(ulong);
    public const int CrcAt = BodySizeAt + sizeof(uint);
    public const int End = CrcAt + sizeof(uint);
}
