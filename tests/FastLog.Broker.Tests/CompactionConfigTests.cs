using FastLog.Broker.Topics;
using FastLog.Protocol.Messages;
using FastLog.Storage;

namespace FastLog.Broker.Tests;

public class CompactionConfigTests
{
    [Theory]
    [InlineData("delete", false, true)]
    [InlineData("compact", true, false)]
    [InlineData("compact,delete", true, true)]
    [InlineData("delete,compact", true, true)]
    public void The_cleanup_policy_decides_what_is_compacted_and_what_is_deleted(string policy, bool isCompacted, bool isDeleted)
    {
        PartitionLogOptions options = Options(("cleanup.policy", policy), ("retention.bytes", "1GiB"));
        Assert.Equal(isCompacted, options.Compaction is not null);
        Assert.Equal(isDeleted, options.RetentionAgeMax is not null);
        Assert.Equal(isDeleted, options.RetentionSizeMax is not null);
    }

    [Fact]
    public void The_settings_of_a_compaction_reach_the_log()
    {
        PartitionLogOptions options = Options(
            ("cleanup.policy", "compact"),
            ("delete.retention.ms", "2h"),
            ("max.compaction.lag.ms", "3d"),
            ("min.cleanable.dirty.ratio", "0.25"),
            ("min.compaction.lag.ms", "90s"));
        var expected = new CompactionPolicy
        {
            TombstoneRetention = TimeSpan.FromHours(2),
            LagMax = TimeSpan.FromDays(3),
            DirtyRatioMin = 0.25,
            LagMin = TimeSpan.FromSeconds(90),
        };
        Assert.Equal(expected, options.Compaction);
        Assert.Equal(new CompactionPolicy(), Options(("cleanup.policy", "compact")).Compaction);
    }

    private static PartitionLogOptions Options(params (string Key, string Value)[] settings)
    {
        ConfigEntry[] given = [.. settings.Select(setting => new ConfigEntry(setting.Key, setting.Value))];
        Assert.True(TopicConfigs.TryNormalize(given, out IReadOnlyList<ConfigEntry>? normal, out string? problem), problem);
        return new TopicConfig(normal, [], isInternal: false).LogOptions;
    }
}
