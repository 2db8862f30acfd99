using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using FastLog.Primitives;

namespace FastLog.Records.Tests;

/// <summary>The page of the format and the code say the same.</summary>
public sealed partial class FormatPageTests
{
    private static readonly string Page = File.ReadAllText(Repository.PathOf("protocol-spec/disk/record-batch.md"));

    [Fact]
    public void The_header_table_has_the_offsets_of_the_code()
    {
        var onPage = HeaderRow().Matches(Page).ToDictionary(
            row => row.Groups["name"].Value,
            row => int.Parse(row.Groups["offset"].Value, CultureInfo.InvariantCulture));
        var inCode = typeof(BatchHeaderLayout)
            .GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.Name.EndsWith("At", StringComparison.Ordinal) || field.Name == "HeaderSize")
            .ToDictionary(field => field.Name, field => (int)field.GetRawConstantValue()!);
        Assert.Equal(inCode.OrderBy(pair => pair.Value), onPage.OrderBy(pair => pair.Value));
    }

    [Fact]
    public void The_sizes_in_the_header_table_add_up()
    {
        int at = 0;
        foreach (Match row in HeaderRow().Matches(Page))
        {
            Assert.Equal(at, int.Parse(row.Groups["offset"].Value, CultureInfo.InvariantCulture));
            if (row.Groups["size"].Value.Length > 0)
                at += int.Parse(row.Groups["size"].Value, CultureInfo.InvariantCulture);
        }

        Assert.Equal(BatchHeaderLayout.HeaderSize, at);
    }

    [Fact]
    public void The_chain_prefix_and_the_reach_of_the_crc_are_as_told()
    {
        Assert.Equal(21, BatchHeaderLayout.ChainPrefixSize);
        Assert.Equal(21, BatchHeaderLayout.CrcCoversFrom);
        Assert.Contains("The first 21 bytes (`ChainPrefixSize`", Page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_limits_on_the_page_are_those_of_the_code()
    {
        string text = Page.ReplaceLineEndings(" ");
        Assert.Contains($"{RecordLimits.InflatedSizeDefaultMax >> 20} MiB a batch", text, StringComparison.Ordinal);
        Assert.Contains($"above {RecordLimits.InflatedSizeFree >> 20} MiB", text, StringComparison.Ordinal);
        Assert.Contains($"than {RecordLimits.InflatedRatioMax} times", text, StringComparison.Ordinal);
        Assert.Contains($"at least {RecordLimits.RecordSizeMin} bytes each", text, StringComparison.Ordinal);
        string count = RecordLimits.RecordCountMax.ToString("N0", CultureInfo.InvariantCulture);
        Assert.Contains($"1 to {count}", text, StringComparison.Ordinal);
        Assert.Equal(TimeSpan.FromHours(1), RecordLimits.TimestampAheadDefaultMax);
    }

    [Fact]
    public void The_example_is_what_the_code_writes()
    {
        var builder = new BatchBuilder(new byte[Example().Length]);
        Assert.True(builder.TryAppend(new Timestamp(1700000000000), "a"u8, "one"u8));
        RecordHeader[] headers = [new("h"u8.ToArray(), null)];
        Assert.True(builder.TryAppend(new Timestamp(1699999999998), NullableBytes.Null, ""u8, headers));
        Memory<byte> batch = builder.Build();
        BatchStamp.Stamp(batch.Span, new LogOffset(42), new LeaderEpoch(3));
        Assert.Equal(Convert.ToHexString(Example()), Convert.ToHexString(batch.Span));
    }

    [Fact]
    public void The_example_reads_as_told()
    {
        byte[] example = Example();
        using var buffer = new InflateBuffer(BufferPool.Shared);
        Assert.Equal(BatchStatus.Ok, BatchValidator.ValidateStored(example, example.Length, out BatchHeader header));
        Assert.Equal(new LeaderEpoch(3), header.LeaderEpoch);
        Assert.Equal(BatchStatus.Ok, RecordReader.TryOpen(example, buffer, out RecordReader records));
        Assert.True(records.Read());
        Assert.Equal(new LogOffset(42), records.Offset);
        Assert.True(records.Value.Span.SequenceEqual("one"u8));
        Assert.True(records.Read());
        Assert.Equal(new Timestamp(1699999999998), records.Timestamp);
        Assert.True(records.Key.IsNull);
        Assert.False(records.Value.IsNull);
        Assert.False(records.Read());
        Assert.Equal(BatchStatus.Ok, records.Status);
    }

    private static byte[] Example()
    {
        string block = ExampleBlock().Match(Page).Groups["lines"].Value;
        string[] lines = block.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string hex = string.Concat(lines.Select(line => BytesOfLine().Match(line).Value));
        return Convert.FromHexString(hex.Replace(" ", ""));
    }

    [GeneratedRegex(@"^\| (?<offset>\d+) \| (?<size>\d*) ?\| [^|]+ \| `(?<name>\w+)` \|", RegexOptions.Multiline)]
    private static partial Regex HeaderRow();

    [GeneratedRegex(@"```hex\n(?<lines>.*?)```", RegexOptions.Singleline)]
    private static partial Regex ExampleBlock();

    [GeneratedRegex("^([0-9a-f]{2} ?)+(?= {2})")]
    private static partial Regex BytesOfLine();
}
