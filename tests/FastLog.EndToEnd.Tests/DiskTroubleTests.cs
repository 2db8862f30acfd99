using System.Security.Cryptography;
using System.Text;
using FastLog.Torture;

namespace FastLog.EndToEnd.Tests;

/// <summary>Full, failing and foreign disks: one clear line each, and nothing that was acknowledged is lost.</summary>
public sealed class DiskTroubleTests
{
    [NeedsRootFact]
    public async Task A_full_disk_refuses_records_keeps_what_was_acknowledged_and_takes_more_after_a_delete()
    {
        using SmallDisk disk = SmallDisk.Mount(64);
        await using TestBroker broker = await TestBroker.StartAsync(Path.Combine(disk.Path, "data"), null, ownsDirectory: false);
        (await broker.RunAsync("topic", "create", "large")).Expect(0);
        (await broker.RunAsync("topic", "create", "small")).Expect(0);
        (await broker.RunAsync("produce", "small", "before")).Expect(0);
        byte[] text = Lines(80_000, 1_000);
        FastlogResult full = await broker.RunAsync(text, "produce", "large", "--timeout", "15s");
        full.ExpectError(1, "disk is full", "records were acknowledged");
        string words = full.Errors[..full.Errors.IndexOf(" records were acknowledged", StringComparison.Ordinal)];
        int acknowledged = int.Parse(words[(words.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(acknowledged, 20_000, 70_000);

        // Reading goes on, and each line is one that was sent.
        FastlogResult consumed = (await broker.RunAsync("consume", "large")).Expect(0);
        Assert.Equal(acknowledged, consumed.Output.Count(b => b == '\n'));
        var sent = new HashSet<string>(Encoding.ASCII.GetString(text).Split('\n'), StringComparer.Ordinal);
        Assert.All(consumed.Text.Split('\n'), line => Assert.Contains(line, sent));
        Assert.Equal("before\n", (await broker.RunAsync("consume", "small")).Expect(0).Text);

        // Deleting a topic is how room is made.
        (await broker.RunAsync("topic", "delete", "large")).Expect(0);
        (await broker.RunAsync("topic", "create", "next")).Expect(0);
        (await broker.RunAsync(Lines(20_000, 1_000), "produce", "next", "--timeout", "30s")).Expect(0);
        Assert.Equal("before\n", (await broker.RunAsync("consume", "small")).Expect(0).Text);
    }

    [NeedsToolFact("strace")]
    public async Task A_failing_fdatasync_refuses_records_with_the_cause_and_loses_none_that_were_acknowledged()
    {
        string directory = Directory.CreateTempSubdirectory("fastlog-e2e-").FullName;
        try
        {
            await using (TestBroker made = await TestBroker.StartAsync(directory, null, ownsDirectory: false))
            {
                (await made.RunAsync("topic", "create", "t")).Expect(0);
                (await made.RunAsync("produce", "t", "first")).Expect(0);
            }

            // strace counts by thread, and the start flushes too: one lane, and the error begins at a call that comes later.
            string[] strace = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=20+"];
            var acknowledged = new List<string> { "first" };
            await using (TestBroker failing = await TestBroker.StartAsync(
                directory, strace, ownsDirectory: false, "--set", "storage.flushLanes=1"))
            {
                FastlogResult last;
                do
                {
                    string value = $"value-{acknowledged.Count}";
                    last = await failing.RunAsync("produce", "t", value, "--timeout", "5s");
                    if (last.ExitCode == 0)
                        acknowledged.Add(value);
                }
                while (last.ExitCode == 0 && acknowledged.Count < 60);
                last.ExpectError(1, "fdatasync", "errno 5", "0 records were acknowledged");
                (await failing.RunAsync("produce", "t", "later", "--timeout", "5s")).ExpectError(1, "fdatasync", "errno 5");
            }

            await using TestBroker again = await TestBroker.StartAsync(directory, null, ownsDirectory: false);
            string[] kept = (await again.RunAsync("consume", "t")).Expect(0).Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(acknowledged, kept.Take(acknowledged.Count));
            (await again.RunAsync("produce", "t", "after")).Expect(0);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_data_directory_that_cannot_be_used_is_told_in_one_line_and_left_as_it_is()
    {
        string directory = Directory.CreateTempSubdirectory("fastlog-e2e-").FullName;
        try
        {
            string file = Path.Combine(directory, "file");
            await File.WriteAllTextAsync(file, "not a directory");
            (await ServeAsync(file)).ExpectError(1, file);
            string data = Path.Combine(directory, "data");
            await using (TestBroker made = await TestBroker.StartAsync(data, null, ownsDirectory: false))
            {
                (await made.RunAsync("topic", "create", "t")).Expect(0);
                (await made.RunAsync("produce", "t", "kept")).Expect(0);
                await made.Process.TerminateAsync();
            }

            (await ServeAsync(data, "--node-id", "7")).ExpectError(1, "belongs to node 1");
            foreach (string name in (string[])["meta", "topic-list"])
            {
                string path = Path.Combine(data, name);
                byte[] good = await File.ReadAllBytesAsync(path);
                byte[] garbage = RandomNumberGenerator.GetBytes(400);
                await File.WriteAllBytesAsync(path, garbage);
                (await ServeAsync(data)).ExpectError(1, data);
                Assert.Equal(garbage, await File.ReadAllBytesAsync(path));
                await File.WriteAllBytesAsync(path, good);
            }

            foreach (string log in Directory.GetFiles(Path.Combine(data, "recovery")))
                await File.WriteAllBytesAsync(log, RandomNumberGenerator.GetBytes(400));
            await using TestBroker again = await TestBroker.StartAsync(data, null, ownsDirectory: false);
            Assert.Equal("kept\n", (await again.RunAsync("consume", "t")).Expect(0).Text);
            Assert.Contains("RecoveryLogDefect", again.Process.ErrorText, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [NeedsRootFact]
    public async Task A_read_only_data_directory_is_told_in_one_line()
    {
        using SmallDisk disk = SmallDisk.Mount(1);
        disk.MakeReadOnly();
        (await ServeAsync(Path.Combine(disk.Path, "data"))).ExpectError(1, disk.Path, "Read-only");
    }

    private static Task<FastlogResult> ServeAsync(string data, params string[] more) =>
        Fastlog.RunAsync(ServerProcess.ServeArguments(data, 0, more));

    private static byte[] Lines(int count, int size)
    {
        var random = new Random(7);
        byte[] text = new byte[count * size];
        random.NextBytes(text);
        for (int i = 0; i < text.Length; i++)
            text[i] = i % size == size - 1 ? (byte)'\n' : (byte)('a' + (text[i] % 26));
        return text;
    }
}
