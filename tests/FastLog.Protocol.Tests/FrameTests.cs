using System.Buffers;
using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Tests;

public class FrameTests
{
    private const int Limit = FrameLimits.FrameSizeMaxDefault;

    [Fact]
    public void The_first_32_bytes_tell_where_the_payload_begins_and_ends()
    {
        byte[] frame = Samples.Frame(Samples.Produce, FrameKind.Request, payloadSize: 7).Frame;
        Assert.Equal(FrameStatus.NeedMoreData, FrameReader.TryReadHeader(frame.AsSpan(0, 31), Limit, out _));
        Assert.Equal(FrameStatus.Ok, FrameReader.TryReadHeader(frame.AsSpan(0, 32), Limit, out FrameHeader header));
        Assert.Equal(frame.Length, header.TotalSize);
        Assert.Equal(7, header.PayloadSize);
        Assert.Equal(frame.Length - 7, header.HeadSize);
    }

    [Fact]
    public void The_size_is_refused_as_soon_as_four_bytes_are_there()
    {
        byte[] size = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(size, FrameLimits.FrameSizeMaxBeforeHello + 1);
        Assert.Equal(FrameStatus.TooLarge, FrameReader.TryReadHeader(size, FrameLimits.FrameSizeMaxBeforeHello, out _));
        Assert.Equal(FrameStatus.NeedMoreData,
            FrameReader.TryReadHeader(size, FrameLimits.FrameSizeMaxBeforeHello + 1, out _));
    }

    [Fact]
    public void A_refused_frame_tells_whose_request_it_was_when_the_magic_is_right()
    {
        byte[] frame = Samples.Frame(Samples.Fetch, FrameKind.Request).Frame;
        Assert.Equal(FrameStatus.TooLarge, FrameReader.TryReadHeader(frame, frameSizeMax: 28, out FrameHeader header));
        Assert.Equal((ApiKey.Fetch, new CorrelationId(0x1122334455667788)), (header.Api, header.Correlation));
        frame[FrameHeaderLayout.MagicAt] = 0;
        Assert.Equal(FrameStatus.BadMagic, FrameReader.TryReadHeader(frame, Limit, out header));
        Assert.Equal(default, header);
    }

    [Fact]
    public void A_flipped_bit_before_the_payload_is_found_and_one_in_the_payload_is_not_looked_for()
    {
        byte[] frame = Samples.Frame(Samples.Produce, FrameKind.Request, payloadSize: 7).Frame;
        for (int bit = 0; bit < frame.Length * 8; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            FrameStatus status = FrameReader.TryRead(frame, Limit, out _);
            Assert.Equal(bit / 8 >= frame.Length - 7, status == FrameStatus.Ok);
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void A_frame_in_segments_of_every_size_is_read_like_one_in_a_row()
    {
        byte[] frame = Samples.Frame(Samples.Produce, FrameKind.Request, payloadSize: 7).Frame;
        byte[] broken = [.. frame];
        broken[^8] ^= 1;
        for (int size = 1; size <= frame.Length; size++)
        {
            ReadOnlySequence<byte> sound = Segment.Split(frame, size);
            Assert.Equal(FrameStatus.Ok, FrameReader.TryReadHeader(sound, Limit, out FrameHeader header));
            Assert.Equal(FrameStatus.Ok, FrameReader.Verify(sound, header));
            Assert.Equal(FrameStatus.BadCrc, FrameReader.Verify(Segment.Split(broken, size), header));
            Assert.Equal(FrameStatus.NeedMoreData, FrameReader.Verify(sound.Slice(0, header.HeadSize - 1), header));
        }
    }

    [Fact]
    public void The_three_ways_to_write_a_frame_write_the_same_bytes()
    {
        FrameHeader header = FrameHeader.Request(ApiKey.ListTopics, new CorrelationId(5));
        var message = new ListTopicsRequest(IncludeInternal: false);
        byte[] expected = new byte[FrameWriter.HeadSize(message)];
        FrameWriter.Write(expected, header, message, 0);
        var writer = new ArrayBufferWriter<byte>();
        FrameWriter.Write(writer, header, message, 0);
        Assert.Equal(expected, writer.WrittenSpan.ToArray());
        using BufferLease lease = FrameWriter.Write(BufferPool.Shared, header, message, 0);
        Assert.Equal(expected, lease.Span.ToArray());
    }

    [Fact]
    public void A_body_over_its_limit_is_not_written()
    {
        string[] names = [.. Enumerable.Repeat(new string('x', 60_000), 71)];
        var message = new MetadataRequest(false, names, [], AllowAutoCreate: false);
        byte[] destination = new byte[FrameWriter.HeadSize(message)];
        FrameHeader header = FrameHeader.Request(ApiKey.Metadata, new CorrelationId(1));
        Assert.Throws<ArgumentException>(() => FrameWriter.Write(destination, header, message, 0));
    }

    [Fact]
    public void Answers_repeat_key_version_and_correlation_of_their_request()
    {
        var request = new FrameHeader(FrameKind.Request, ApiKey.Fetch, new ApiVersion(9), new CorrelationId(77), 1, 2,
            3);
        Assert.Equal(new FrameHeader(FrameKind.Error, ApiKey.Fetch, new ApiVersion(9), new CorrelationId(77), 0, 0,
            0), request.Error());
        Assert.Equal(request.Error() with { Kind = FrameKind.Response }, request.Response());
    }

    [Fact]
    public void A_deadline_is_rounded_up_and_stays_in_32_bits()
    {
        Assert.Equal(TimeSpan.FromMilliseconds(2), RoundTrip(TimeSpan.FromMilliseconds(1.5)));
        Assert.Equal(TimeSpan.Zero, RoundTrip(TimeSpan.FromMilliseconds(-5)));
        Assert.Equal(TimeSpan.FromMilliseconds(uint.MaxValue), RoundTrip(TimeSpan.MaxValue));
    }

    private static TimeSpan? RoundTrip(TimeSpan deadline)
    {
        HeaderTags tags = HeaderTags.WithDeadline(deadline);
        byte[] frame = new byte[FrameWriter.HeadSize(new ListTopicsRequest(false), tags)];
        FrameWriter.Write(frame, FrameHeader.Request(ApiKey.ListTopics, CorrelationId.None),
            new ListTopicsRequest(false), 0, tags);
        Assert.Equal(FrameStatus.Ok, FrameReader.TryRead(frame, Limit, out FrameHeader header));
        Assert.Equal(WireStatus.Ok, HeaderTags.TryRead(FrameReader.HeaderTags(frame, header), out HeaderTags read));
        return read.Deadline;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public static ReadOnlySequence<byte> Split(byte[] bytes, int size)
        {
            var first = new Segment { Memory = bytes.AsMemory(0, size) };
            Segment last = first;
            for (int at = size; at < bytes.Length; at += size)
            {
                var next = new Segment
                {
                    Memory = bytes.AsMemory(at, Math.Min(size, bytes.Length - at)),
                    RunningIndex = last.RunningIndex + last.Memory.Length,
                };
                last.Next = next;
                last = next;
            }

            return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
        }
    }
}
