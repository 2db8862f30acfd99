using FastLog.Primitives;
using FastLog.Records;

namespace FastLog.Storage.Tests.Logs;

/// <summary>A batch as a model remembers it.</summary>
/// <param name="Base">Its base offset.</param>
/// <param name="Timestamp">Of all of its records.</param>
/// <param name="Values">One a record.</param>
/// <param name="Sequence">Of its first record; -1 without a producer.</param>
internal sealed record ModelBatch(long Base, long Timestamp, string[] Values, int Sequence)
{
    public long End => Base + Values.Length;

    public byte[] Encode(long producer)
    {
        var builder = new BatchBuilder(new byte[64 << 10]);
        foreach (string value in Values)
            Assert.True(builder.TryAppend(new Timestamp(Timestamp), default, System.Text.Encoding.UTF8.GetBytes(value)));
        return Sequence < 0
            ? builder.Build().ToArray()
            : builder.Build(Codec.None, new BatchProducer(producer, 0, Sequence)).ToArray();
    }
}
