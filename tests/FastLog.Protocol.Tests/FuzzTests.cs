using FastLog.Primitives;
using FastLog.Protocol.Frames;

namespace FastLog.Protocol.Tests;

/// <summary>
/// Seeded mutations of valid frames, most of them with a CRC that was made right again so that the message codecs are
/// reached. Each input must end in a status, and what is accepted must be written again as the same message.
/// </summary>
public class FuzzTests
{
    private const ulong Seed = 20_261_121;
    private const int InputCount = 100_000;

    [Fact]
    public void A_hundred_thousand_mutated_frames_end_in_a_status()
    {
        var random = new Prng(Seed);
        byte[][] frames = [.. Samples.Frames().Select(sample => sample.Frame)];
        int accepted = 0;
        for (int i = 0; i < InputCount; i++)
        {
            byte[] input = Mutate(frames[random.Next(frames.Length)], random);
            if (random.Chance(0.8))
                Repair(input);
            try
            {
                accepted += CheckOne(input) ? 1 : 0;
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {Seed}, input {i}, {Convert.ToHexString(input)}: {exception}");
            }
        }

        // Some mutations hit numbers and texts only; none accepted would mean that the codecs were never reached.
        Assert.InRange(accepted, InputCount / 20, InputCount - 1);
    }

    [Fact]
    public void Random_bytes_end_in_a_status()
    {
        var random = new Prng(Seed);
        byte[] bytes = new byte[256];
        for (int i = 0; i < InputCount / 4; i++)
        {
            random.Fill(bytes);
            int length = (int)random.Next(bytes.Length + 1);
            Assert.NotEqual("Ok", AnyMessage.Read(bytes.AsSpan(0, length), FrameLimits.FrameSizeMaxDefault, out _));
        }
    }

    private static bool CheckOne(byte[] input)
    {
        string status = AnyMessage.Read(input, FrameLimits.FrameSizeMaxDefault, out byte[]? rewritten);
        if (status != "Ok")
            return false;
        // Tags that are skipped are not written again; all else is.
        Assert.Equal("Ok", AnyMessage.Read(rewritten, FrameLimits.FrameSizeMaxDefault, out byte[]? again));
        Assert.Equal(rewritten, again);
        return true;
    }

    private static byte[] Mutate(byte[] frame, Prng random)
    {
        byte[] input = (byte[])frame.Clone();
        long changes = random.Next(1, 4);
        for (int i = 0; i < changes; i++)
        {
            int at = (int)random.Next(input.Length);
            switch (random.Next(6))
            {
                case 0: input[at] ^= (byte)(1 << (int)random.Next(8)); break;
                case 1: input[at] = (byte)random.NextUInt64(); break;
                case 2: input[at] = 0xFF; break;
                case 3:
                    input.AsSpan(at, Math.Min(4, input.Length - at))
                    .Fill(random.Chance(0.5) ? (byte)0xFF : (byte)0x7F); break;
                case 4: input = [.. input.AsSpan(0, at)]; break;
                default: input = [.. input.AsSpan(0, at), .. input.AsSpan((int)random.Next(at + 1))]; break;
            }

            if (input.Length == 0)
                return input;
        }

        return input;
    }

    /// <summary>Makes size fields and CRC fit what is there, where the header leaves room for it.</summary>
    private static void Repair(byte[] input)
    {
        if (input.Length < FrameHeaderLayout.End)
            return;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(input, input.Length - sizeof(uint));
        if (FrameReader.TryReadHeader(input, FrameLimits.FrameSizeMaxDefault, out FrameHeader header) != FrameStatus.Ok)
            return;
        uint crc = FrameReader.ComputeCrc(input.AsSpan(0, header.HeadSize));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(input.AsSpan(FrameHeaderLayout.CrcAt), crc);
    }
}
