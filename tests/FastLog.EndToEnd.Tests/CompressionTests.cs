namespace FastLog.EndToEnd.Tests;

/// <summary>Each codec through the real program, with the libraries and without.</summary>
public sealed class CompressionTests
{
    [NeedsCodecsFact]
    public async Task A_text_comes_back_with_each_codec_from_a_broker_that_has_none_of_them()
    {
        using NoCodecs without = NoCodecs.Create();
        await using TestBroker broker = await TestBroker.StartAsync(
            Directory.CreateTempSubdirectory("fastlog-e2e-").FullName, without.Wrapper, ownsDirectory: true);
        byte[] text = await File.ReadAllBytesAsync(Path.Combine(Fastlog.Root, "protocol-spec/disk/record-batch.md"));
        foreach (string codec in (string[])["none", "gzip", "lz4", "zstd", "snappy"])
        {
            (await broker.RunAsync("topic", "create", codec)).Expect(0);
            (await broker.RunAsync(text, "produce", codec, "--compression", codec, "--linger", "5ms")).Expect(0);
            FastlogResult back = (await broker.RunAsync("consume", codec)).Expect(0);
            Assert.Equal(text, back.Output);
            string dump = (await Fastlog.RunAsync("log", "dump", Directory.GetDirectories(broker.Directory, "*", SearchOption.AllDirectories)
                .First(name => Path.GetFileName(name).StartsWith(codec, StringComparison.Ordinal)))).Expect(0).Text;
            Assert.Contains($"codec {codec} ", dump, StringComparison.Ordinal);
        }
    }

    [NeedsCodecsFact]
    public async Task Without_the_library_a_client_says_what_to_install()
    {
        using NoCodecs without = NoCodecs.Create();
        await using TestBroker broker = await TestBroker.StartAsync();
        (await broker.RunAsync("topic", "create", "t")).Expect(0);
        (await broker.RunAsync(
            "produce", "t", new string('v', 1000), "--compression", "zstd")).Expect(0);
        (await without.RunAsync("produce", "t", "v", "--compression", "lz4", "--server", broker.Address))
            .ExpectError(1, "lz4", "liblz4.so.1", "apt-get install liblz4-1");
        (await without.RunAsync("bench", "produce", "--compression", "snappy", "--server", broker.Address))
            .ExpectError(1, "snappy", "libsnappy.so.1", "apt-get install libsnappy1v5");
        (await without.RunAsync("consume", "t", "--server", broker.Address))
            .ExpectError(1, "zstd", "libzstd.so.1", "apt-get install libzstd1");
    }

    /// <summary>A machine without the libraries: the loader finds files of their names first, which are none.</summary>
    private sealed class NoCodecs : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fastlog-no-codecs-");

        public IReadOnlyList<string> Wrapper => ["env", $"LD_LIBRARY_PATH={_folder.FullName}"];

        public static NoCodecs Create()
        {
            var made = new NoCodecs();
            foreach (string name in (string[])["liblz4.so.1", "libzstd.so.1", "libsnappy.so.1"])
                File.WriteAllText(Path.Combine(made._folder.FullName, name), "not a library");
            return made;
        }

        public Task<FastlogResult> RunAsync(params string[] arguments) =>
            Fastlog.RunProgramAsync("env", [], [.. Wrapper.Skip(1), Fastlog.Program, .. arguments]);

        public void Dispose() => _folder.Delete(recursive: true);
    }
}
