using FastLog.Primitives;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Messages;
using FastLog.Protocol.Wire;

namespace FastLog.Protocol.Tests;

/// <summary>
/// The hot messages allocate nothing but the arrays of their partitions, and not those when they are reused. Checked
/// with invariants inside of the measured part, since xunit's assertions allocate.
/// </summary>
public class AllocationTests
{
    private const int Rounds = 1_000;

    [Fact]
    public void Reading_a_produce_request_into_a_reused_array_allocates_nothing()
    {
        byte[] frame = Samples.Frame(Samples.Produce, FrameKind.Request, payloadSize: 7).Frame;
        var partitions = new ProducePartitionRequest[4];
        Assert.Equal(0, AllocatedBy(() =>
        {
            WireReader reader = Open(frame);
            Invariant.Check(ProduceCodec.TryRead(ref reader, ref partitions, out _) == WireStatus.Ok);
        }));
    }

    [Fact]
    public void Reading_a_fetch_request_into_a_reused_array_allocates_nothing()
    {
        byte[] frame = Samples.Frame(Samples.Fetch, FrameKind.Request).Frame;
        var partitions = new FetchPartitionRequest[4];
        Assert.Equal(0, AllocatedBy(() =>
        {
            WireReader reader = Open(frame);
            Invariant.Check(FetchCodec.TryRead(ref reader, ref partitions, out _) == WireStatus.Ok);
        }));
    }

    [Fact]
    public void Reading_a_fetch_request_allocates_its_array_alone()
    {
        byte[] frame = Samples.Frame(Samples.Fetch, FrameKind.Request).Frame;
        long array = AllocatedBy(() => GC.KeepAlive(new FetchPartitionRequest[1]));
        Assert.Equal(array, AllocatedBy(() =>
        {
            WireReader reader = Open(frame);
            Invariant.Check(FetchCodec.TryRead(ref reader, out FetchRequest _) == WireStatus.Ok);
        }));
    }

    [Fact]
    public void Writing_produce_and_fetch_allocates_nothing()
    {
        byte[] destination = new byte[1024];
        FrameHeader header = FrameHeader.Request(ApiKey.Produce, new CorrelationId(1));
        HeaderTags deadline = HeaderTags.WithDeadline(TimeSpan.FromSeconds(1));
        Assert.Equal(0, AllocatedBy(() =>
        {
            FrameWriter.Write(destination, header, Samples.Produce, 7, deadline);
            FrameWriter.Write(destination, header, Samples.Fetch, 0, deadline);
        }));
    }

    private static WireReader Open(byte[] frame)
    {
        // Header tags with a principal make a string, so they are read by who wants them, not here.
        FrameStatus status = FrameReader.TryRead(frame, FrameLimits.FrameSizeMaxDefault, out FrameHeader header);
        Invariant.Check(status == FrameStatus.Ok);
        return new WireReader(FrameReader.Body(frame, header), header.PayloadSize);
    }

    private static long AllocatedBy(Action action)
    {
        action();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
            action();
        return (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
    }
}
