namespace FastLog.Hosting.Http;

/// <summary>The limits of the HTTP port; told in <c>protocol-spec/http.md</c>. Sizes are bytes.</summary>
public static class HttpLimits
{
    /// <summary>Connections at once; one more is closed.</summary>
    public const int ConnectionsMax = 64;

    /// <summary>All headers of a request; over it the answer is 431.</summary>
    public const int HeadersSizeMax = 8 * 1024;

    /// <summary>Headers of a request in number.</summary>
    public const int HeadersMax = 50;

    /// <summary>The request line; over it the answer is 414.</summary>
    public const int RequestLineSizeMax = 2 * 1024;

    /// <summary>Topics that <c>/metrics</c> lists, the first ones by name; a gauge counts the others.</summary>
    public const int TopicsListedMax = 1_000;

    /// <summary>Combinations of tag values of one instrument; what comes later counts under <c>overflow="true"</c>.</summary>
    public const int SeriesMax = 1_000;

    /// <summary>From the first byte of a request to the last of its headers; over it the answer is 408.</summary>
    public static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(5);

    /// <summary>A connection without a request for this long is closed.</summary>
    public static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(60);

    /// <summary>A peer that takes an answer more slowly than this many bytes a second, after the grace, is closed.</summary>
    public const int BytesPerSecondMin = 1_024;

    public static readonly TimeSpan RateGrace = TimeSpan.FromSeconds(5);
}
