using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Tests.Logs;

namespace FastLog.Storage.Tests.Producers;

/// <summary>Batches of a producer, and the log that takes them.</summary>
internal static class ProducerRig
{
    public static byte[] Batch(long producer, int epoch, int sequence, params string[] values)
    {
        var builder = new BatchBuilder(new byte[1 << 20]);
        foreach (string value in values)
            Assert.True(builder.TryAppend(new Timestamp(1000), default, System.Text.Encoding.UTF8.GetBytes(value)));
        return builder.Build(Codec.None, new BatchProducer(producer, (short)epoch, sequence)).ToArray();
    }

    public static AppendResult Produce(
        this StorageRig rig, long producer, int epoch, int sequence, params string[] values) =>
        rig.Append(Batch(producer, epoch, sequence, values));

    /// <summary>The append went well and begins at the offset.</summary>
    public static void AtOffset(long offset, AppendResult result)
    {
        Assert.Equal(AppendStatus.Ok, result.Status);
        Assert.Equal(offset, result.BaseOffset.Value);
    }

    public static void Refused(AppendStatus status, AppendResult result)
    {
        Assert.Equal(status, result.Status);
        Assert.True(result.BaseOffset.Value <= 0);
    }

    public static string[] Values(this StorageRig rig) => [.. rig.ReadAll().Select(record => record.Value)];
}
