using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace FastLog.EndToEnd.Tests;

/// <summary>A flipped bit on the disk of a real broker: found by a consumer, told, and repaired by the command line.</summary>
public sealed class DamageTests
{
    private const int Lines = 200;

    [Fact]
    public async Task A_flipped_bit_is_named_by_every_tool_and_repaired_without_the_loss_of_another_record()
    {
        string directory = Directory.CreateTempSubdirectory("fastlog-damage-").FullName;
        await using (TestBroker broker = await TestBroker.StartAsync(directory, null, ownsDirectory: false))
        {
            (await broker.RunAsync("topic", "create", "t", "--partitions", "1")).Expect(0);
            (await broker.RunAsync(Text(0, Lines), "produce", "t", "--batch-bytes", "1024")).Expect(0);
            await broker.Process.TerminateAsync();
        }

        string segment = Directory.GetFiles(directory, "*.log", SearchOption.AllDirectories).Single();
        (int position, int first, int last) = FlipInBatch(segment, 3);
        byte[] flipped = await File.ReadAllBytesAsync(segment);

        // A broker serves it without a look at CRCs; the consumer finds it and gives all before it.
        await using (TestBroker broker = await TestBroker.StartAsync(directory, null, ownsDirectory: false))
        {
            FastlogResult consumed = (await broker.RunAsync("consume", "t")).Expect(1);
            Assert.Equal(Encoding.ASCII.GetString(Text(0, first)), consumed.Text);
            Assert.Contains($"the batch at offset {first} is damaged", consumed.Errors, StringComparison.Ordinal);
            Assert.Contains($"--partition 0 --from {last + 1}", consumed.Errors, StringComparison.Ordinal);
            consumed = (await broker.RunAsync("consume", "t", "--partition", "0", "--from", $"{last + 1}")).Expect(0);
            Assert.Equal(Encoding.ASCII.GetString(Text(last + 1, Lines)), consumed.Text);
            (await Fastlog.RunAsync("log", "repair", directory)).ExpectError(1, "in use", "stopped broker");
            await broker.Process.TerminateAsync();
        }

        (await Fastlog.RunAsync("log", "verify", directory)).Expect(1);
        FastlogResult planned = (await Fastlog.RunAsync("log", "repair", directory, "--dry-run")).Expect(0);
        Assert.Contains($"position {position}, ", planned.Text, StringComparison.Ordinal);
        Assert.Contains($"offsets {first} to {last}: BatchCrcMismatch", planned.Text, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", planned.Text, StringComparison.Ordinal);
        Assert.Equal(flipped, await File.ReadAllBytesAsync(segment));
        FastlogResult repaired = (await Fastlog.RunAsync("log", "repair", directory, "--json")).Expect(0);
        JsonElement[] lines = [.. repaired.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal("Excise", lines[0].GetProperty("kind").GetString());
        Assert.True(lines[^1].GetProperty("ok").GetBoolean());
        (await Fastlog.RunAsync("log", "verify", directory)).Expect(0);
        string topics = Path.Combine(directory, "topic-list");
        byte[] good = await File.ReadAllBytesAsync(topics);
        await File.WriteAllBytesAsync(topics, good[..^1]);
        Assert.Contains($"{topics}: SmallFileDamaged", (await Fastlog.RunAsync("log", "verify", directory)).Expect(1).Text, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(topics, good);
        Assert.Contains("ok, nothing to do", (await Fastlog.RunAsync("log", "repair", directory)).Expect(0).Text, StringComparison.Ordinal);
        await using (TestBroker broker = await TestBroker.StartAsync(directory, null, ownsDirectory: false))
        {
            FastlogResult consumed = (await broker.RunAsync("consume", "t")).Expect(0);
            Assert.Equal(Encoding.ASCII.GetString([.. Text(0, first), .. Text(last + 1, Lines)]), consumed.Text);
            (await broker.RunAsync("produce", "t", "on")).Expect(0);
        }

        Directory.Delete(directory, recursive: true);
    }

    private static byte[] Text(int from, int to) =>
        Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(from, to - from).Select(i => $"line {i} {new string('x', 40)}\n")));

    /// <summary>Flips a bit in the records of a batch; where it lies and which offsets it holds.</summary>
    private static (int Position, int First, int Last) FlipInBatch(string segment, int number)
    {
        byte[] bytes = File.ReadAllBytes(segment);
        int at = 4096;
        for (int i = 0; i < number; i++)
            at += 12 + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 8));
        bytes[at + 100] ^= 0x10;
        File.WriteAllBytes(segment, bytes);
        int first = (int)BinaryPrimitives.ReadInt64BigEndian(bytes.AsSpan(at));
        return (at, first, first + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 23)));
    }
}
