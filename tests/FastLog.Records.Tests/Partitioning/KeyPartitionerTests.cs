using System.Text.Json;
using FastLog.Records.Partitioning;

namespace FastLog.Records.Tests.Partitioning;

public sealed class KeyPartitionerTests
{
    [Fact]
    public void Hashes_and_partitions_are_those_of_the_vectors()
    {
        string text = File.ReadAllText(Repository.PathOf("protocol-spec/vectors/partitioner.json"));
        using JsonDocument document = JsonDocument.Parse(text);
        foreach (JsonElement vector in document.RootElement.EnumerateArray())
        {
            byte[] key = Convert.FromHexString(vector.GetProperty("key").GetString()!);
            Assert.Equal(vector.GetProperty("murmur2").GetInt32(), Murmur2.Hash(key));
            foreach (int count in (int[])[1, 3, 8, 1000])
                Assert.Equal(vector.GetProperty($"of{count}").GetInt32(), KeyPartitioner.PartitionOf(key, count).Value);
        }
    }

    [Fact]
    public void A_topic_without_partitions_is_a_bug_of_the_caller() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => KeyPartitioner.PartitionOf([], 0));
}
