namespace FastLog.Primitives.Tests;

public class ExecutorTests
{
    [Fact]
    public async Task Awaited_work_gives_its_answer_or_what_it_threw()
    {
        IExecutor executor = ThreadPoolExecutor.Instance;
        Assert.Equal(3, await executor.RunAsync(() => 3));
        bool hasRun = false;
        await executor.RunAsync(() => { hasRun = true; });
        Assert.True(hasRun);
        await Assert.ThrowsAsync<FormatException>(
            () => executor.RunAsync(() => throw new FormatException("as it was thrown")));
    }
}
