using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using FastLog.Primitives;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Frames;

/// <summary>What a frame's header may tell beside its fixed part; the default has none of it.</summary>
/// <param name="Deadline">The time left for an answer when the frame was sent; whole milliseconds.</param>
/// <param name="Principal">For whom a broker forwards; from others it is ignored.</param>
/// <param name="Trace">The caller's trace.</param>
public readonly record struct HeaderTags(TimeSpan? Deadline, string? Principal, TraceContext? Trace)
{
    public const int DeadlineId = 1;
    public const int PrincipalId = 2;
    public const int TraceId = 3;

    /// <summary>The longest principal, in bytes of UTF-8.</summary>
    public const int PrincipalSizeMax = 1024;

    /// <summary>Only a deadline.</summary>
    public static HeaderTags WithDeadline(TimeSpan deadline) => new(deadline, null, null);

    /// <summary>Bytes when encoded.</summary>
    public int EncodedSize
    {
        get
        {
            int size = Deadline is null ? 0 : TagReader.PrefixSize + sizeof(uint);
            if (Principal is not null)
                size += TagReader.PrefixSize + Encoding.UTF8.GetByteCount(Principal);
            return Trace is null ? size : size + TagReader.PrefixSize + TraceContext.Size;
        }
    }

    /// <summary>Reads a section; tags that are not known are skipped unless they must be understood.</summary>
    public static WireStatus TryRead(ReadOnlySpan<byte> section, out HeaderTags tags)
    {
        tags = default;
        var read = default(HeaderTags);
        var reader = new TagReader(section);
        WireStatus status;
        while (reader.TryMoveNext(out status))
        {
            WireStatus known = read.Accept(reader, out read);
            if (known != WireStatus.Ok)
                return known;
        }

        if (status == WireStatus.Ok)
            tags = read;
        return status;
    }

    internal void Write(ref WireWriter writer)
    {
        if (Deadline is { } deadline)
        {
            writer.WriteU16(DeadlineId);
            writer.WriteSize(sizeof(uint));
            writer.WriteMilliseconds(deadline);
        }

        if (Principal is not null)
            writer.WriteTag(PrincipalId, Encoding.UTF8.GetBytes(Principal));
        if (Trace is { } trace)
        {
            writer.WriteU16(TraceId);
            writer.WriteSize(TraceContext.Size);
            writer.WriteUid(trace.TraceId);
            writer.WriteU64(trace.SpanId);
            writer.WriteU8(trace.Flags);
        }
    }

    private HeaderTags WithTrace(ReadOnlySpan<byte> value) => this with
    {
        Trace = new TraceContext(
            Uid128.Read(value),
            BinaryPrimitives.ReadUInt64BigEndian(value[Uid128.Size..]),
            value[TraceContext.Size - 1]),
    };

    private WireStatus Accept(in TagReader tag, out HeaderTags tags)
    {
        tags = this;
        ReadOnlySpan<byte> value = tag.Value;
        switch (tag.Id)
        {
            case DeadlineId:
                if (value.Length != sizeof(uint))
                    return WireStatus.InvalidTag;
                tags = this with { Deadline = TimeSpan.FromMilliseconds(BinaryPrimitives.ReadUInt32BigEndian(value)) };
                return WireStatus.Ok;
            case PrincipalId:
                if (value.Length > PrincipalSizeMax || !Utf8.IsValid(value))
                    return WireStatus.InvalidTag;
                tags = this with { Principal = Encoding.UTF8.GetString(value) };
                return WireStatus.Ok;
            case TraceId:
                if (value.Length != TraceContext.Size)
                    return WireStatus.InvalidTag;
                tags = WithTrace(value);
                return WireStatus.Ok;
            default:
                return tag.MustUnderstand ? WireStatus.UnknownTag : WireStatus.Ok;
        }
    }
}
