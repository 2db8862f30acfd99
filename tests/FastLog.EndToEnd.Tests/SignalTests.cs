using System.Diagnostics;
using System.Globalization;

namespace FastLog.EndToEnd.Tests;

/// <summary>Commands that wait end soon after Ctrl-C and SIGTERM, and when nobody reads them any more.</summary>
public sealed class SignalTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task Commands_that_wait_end_on_a_signal(string signal)
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "t")).Expect(0);
        (await broker.RunAsync("produce", "t", "@one")).Expect(0);

        // Each has done its first work when it is interrupted: the follower has printed, the producer's line is stored.
        using Process follower = Start("consume", "t", "--follow", "--from", "@-1h", "--server", broker.Address);
        Assert.Equal("@one", await follower.StandardOutput.ReadLineAsync().WaitAsync(Patience));
        using Process producer = Start("produce", "t", "--server", broker.Address);
        await producer.StandardInput.WriteLineAsync("two");
        await producer.StandardInput.FlushAsync();
        Assert.Equal("two", await follower.StandardOutput.ReadLineAsync().WaitAsync(Patience));
        Assert.Equal(1, await EndAsync(producer, signal));
        Assert.Contains("1 records were acknowledged", await producer.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await EndAsync(follower, signal));
    }

    [Fact]
    public async Task A_follower_ends_when_its_reader_has_gone()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "t")).Expect(0);
        (await broker.RunAsync("produce", "t", "one")).Expect(0);
        using Process follower = Start("consume", "t", "--follow", "--server", broker.Address);
        Assert.Equal("one", await follower.StandardOutput.ReadLineAsync().WaitAsync(Patience));
        follower.StandardOutput.Close();
        (await broker.RunAsync("produce", "t", "two")).Expect(0);
        await follower.WaitForExitAsync().WaitAsync(Patience);
        Assert.Equal(1, follower.ExitCode);
        Assert.Empty(await follower.StandardError.ReadToEndAsync());
    }

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(Fastlog.Program, arguments)
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!;

    private static async Task<int> EndAsync(Process process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        return process.ExitCode;
    }
}
