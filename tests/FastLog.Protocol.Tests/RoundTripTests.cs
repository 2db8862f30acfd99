using FastLog.Protocol.Frames;

namespace FastLog.Protocol.Tests;

public class RoundTripTests
{
    [Fact]
    public void Each_message_is_written_again_as_the_same_bytes()
    {
        foreach ((string name, byte[] frame) in Samples.Frames())
        {
            string status = AnyMessage.Read(frame, FrameLimits.FrameSizeMaxDefault, out byte[]? rewritten);
            Assert.True(status == "Ok", $"{name}: {status}");
            Assert.Equal(Convert.ToHexString(frame), Convert.ToHexString(rewritten!));
        }
    }

    [Fact]
    public void Each_frame_cut_at_every_index_needs_more_data()
    {
        foreach ((string name, byte[] frame) in Samples.Frames())
        {
            for (int length = 0; length < frame.Length; length++)
            {
                string status = AnyMessage.Read(frame.AsSpan(0, length), FrameLimits.FrameSizeMaxDefault, out _);
                Assert.True(status == nameof(FrameStatus.NeedMoreData), $"{name} cut to {length}: {status}");
            }
        }
    }
}
