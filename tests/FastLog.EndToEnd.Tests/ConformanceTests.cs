namespace FastLog.EndToEnd.Tests;

/// <summary>The second client, written in Python from the specification alone, against the vectors and a real broker.</summary>
public sealed class ConformanceTests
{
    [NeedsToolFact("python3")]
    public async Task The_second_client_reads_every_vector()
    {
        FastlogResult result = await Fastlog.RunProgramAsync("python3", [], "tools/conformance/check_vectors.py");
        Assert.True(result.ExitCode == 0, result.Text + result.Errors);
        Assert.Matches(@"[1-9]\d* passed, 0 failed", result.Text);
    }

    [NeedsToolFact("python3")]
    public async Task The_second_client_finds_a_real_broker_as_the_specification_says()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        FastlogResult result = await Fastlog.RunProgramAsync("python3", [], "tools/conformance/conformance.py", "--server", broker.Address);
        Assert.True(result.ExitCode == 0, string.Join('\n', result.Text.Split('\n').Where(line => !line.StartsWith("ok ", StringComparison.Ordinal))) + result.Errors);
        Assert.Matches(@"[1-9]\d* passed, 0 failed", result.Text);
    }
}
