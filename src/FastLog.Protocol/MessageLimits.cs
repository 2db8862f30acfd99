namespace FastLog.Protocol;

/// <summary>Limits inside of messages; told in <c>protocol-spec/05-limits.md</c>.</summary>
public static class MessageLimits
{
    /// <summary>The largest string, in bytes of UTF-8.</summary>
    public const int StringSizeMax = ushort.MaxValue;

    /// <summary>An error's sentence is cut to so many bytes of UTF-8.</summary>
    public const int ErrorMessageSizeMax = 1024;

    /// <summary>The most elements of one array, whatever the bytes would allow.</summary>
    public const int ArrayCountMax = 256 * 1024;

    /// <summary>The most tags of one section.</summary>
    public const int TagCountMax = 64;

    /// <summary>The longest topic name, in characters (all ASCII).</summary>
    public const int TopicNameSizeMax = 249;

    /// <summary>The longest id of a consumer group, in bytes of UTF-8.</summary>
    public const int GroupIdSizeMax = 255;

    /// <summary>The largest metadata of a committed offset, in bytes of UTF-8.</summary>
    public const int OffsetMetadataSizeMax = 4096;

    /// <summary>The default of the largest record batch of any topic, in bytes.</summary>
    public const int BatchSizeMaxDefault = 8 * 1024 * 1024;

    /// <summary>The default of the largest payload of a fetch response, in bytes.</summary>
    public const int FetchSizeMaxDefault = 12 * 1024 * 1024;

    /// <summary>The default of the requests without an answer on one connection.</summary>
    public const int RequestsInFlightMaxDefault = 64;

    /// <summary>The default of the idle timeout, in milliseconds.</summary>
    public const int IdleTimeoutMsDefault = 600_000;

    /// <summary>The default of the time from connect until hello is answered, in milliseconds.</summary>
    public const int HelloTimeoutMsDefault = 10_000;

    /// <summary>The default of the time in which a begun frame must be complete, in milliseconds.</summary>
    public const int FrameTimeoutMsDefault = 30_000;
}
