namespace FastLog.Hosting.Tests;

public sealed class OpenFileLimitTests
{
    [Theory]
    [InlineData(4096, 512)]
    [InlineData(1024, 64)]
    [InlineData(256, 64)]
    [InlineData(524_288, 1_024)]
    [InlineData(long.MaxValue, 1_024)]
    public void Fewer_logs_stay_open_where_fewer_files_may_be(long files, int logs) =>
        Assert.Equal(logs, OpenFileLimit.WarmLogsWithin(files));

    [Fact]
    public void The_soft_limit_is_taken_from_what_the_kernel_tells()
    {
        const string Text = """
            Limit                     Soft Limit           Hard Limit           Units
            Max processes             95912                95912                processes
            Max open files            4096                 8192                 files

            """;
        Assert.Equal(4096, OpenFileLimit.Parse(Text));
        Assert.Equal(long.MaxValue, OpenFileLimit.Parse("Max open files            unlimited            unlimited            files"));
        Assert.Equal(long.MaxValue, OpenFileLimit.Parse(""));
    }
}
