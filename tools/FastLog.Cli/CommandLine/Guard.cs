using FastLog.Client;
using FastLog.Hosting;
using FastLog.Hosting.Configuration;
using FastLog.Records;
using FastLog.Storage;

namespace FastLog.Cli.CommandLine;

/// <summary>Turns what went wrong into one line on standard error and an exit code.</summary>
internal static class Guard
{
    public static async Task<int> RunAsync(Func<Task<int>> action, CancellationToken cancellationToken)
    {
        try
        {
            return await action();
        }
        catch (CliException failure)
        {
            return Report(failure.ExitCode, failure.Message);
        }
        catch (ConfigException failure)
        {
            return Report(ExitCode.Usage, failure.Message);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return Report(ExitCode.Failed, "interrupted");
        }
        catch (Exception failure) when (failure is ServerUnreachableException or RequestTimeoutException)
        {
            return Report(ExitCode.NoServer, failure.Message);
        }
        catch (IOException failure) when (StandardOutput.IsReaderGone(failure))
        {
            // As after "consume | head": who reads has seen enough, and knows it.
            return ExitCode.Failed;
        }
        catch (Exception failure) when (failure is FastLogException or BrokerStartException or StorageException or IOException
            or UnauthorizedAccessException or CodecNotAvailableException)
        {
            return Report(ExitCode.Failed, failure.Message);
        }
    }

    private static int Report(int exitCode, string message)
    {
        Console.Error.WriteLine("fastlog: " + message.ReplaceLineEndings(" "));
        return exitCode;
    }
}
