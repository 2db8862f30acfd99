using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace FastLog.Torture;

/// <summary>
/// A real <c>fastlog serve</c> in a process of its own. Killed when disposed. Its standard error is kept (the last
/// 64 KiB). Start and Dispose from one thread; the rest from any.
/// </summary>
public sealed partial class ServerProcess : IDisposable
{
    private const int ErrorTextMax = 64 << 10;
    private const int SignalTerminate = 15;

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly TaskCompletionSource<string> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _http = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => OnOutput(line.Data);
        _process.ErrorDataReceived += (_, line) => OnError(line.Data);
        _process.Exited += (_, _) => OnExited();
    }

    /// <summary>HOST:PORT once connections are accepted; fails when the process ended before.</summary>
    public Task<string> Address => _address.Task;

    /// <summary>HOST:PORT of the HTTP port, when one was asked for; fails when the process ended before.</summary>
    public Task<string> HttpAddress => _http.Task;

    /// <summary>Ends when every partition is served; fails when the process ended before.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The exit code.</summary>
    public Task<int> Exited => _exited.Task;

    public int Id => _process.Id;

    /// <summary>Bytes of memory resident now.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public string ErrorText
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    /// <param name="program">The fastlog program.</param>
    /// <param name="arguments">All arguments, beginning with serve or dev.</param>
    /// <param name="wrapper">A program and its arguments that run it (strace …), or null.</param>
    public static ServerProcess Start(string program, IReadOnlyList<string> arguments, IReadOnlyList<string>? wrapper = null)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        string[] line = [.. wrapper ?? [], program, .. arguments];
        var start = new ProcessStartInfo(line[0], line[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        var server = new ServerProcess(start);
        server._process.Start();
        server._process.BeginOutputReadLine();
        server._process.BeginErrorReadLine();
        return server;
    }

    /// <summary>
    /// The arguments of a broker on a free port of the loopback. Without a free reserve, as the file systems made for a row or a test
    /// are small; <paramref name="more"/> may set one.
    /// </summary>
    public static string[] ServeArguments(string dataDirectory, int port = 0, params string[] more) =>
    [
        "serve", "--data", dataDirectory, "--listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "--set", "storage.freeReserve=0B", .. more,
    ];

    /// <summary>SIGKILL: the process ends where it is.</summary>
    public async Task KillAsync()
    {
        KillNow();
        await Exited;
    }

    /// <summary>SIGTERM: a graceful stop; answers the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        if (!_process.HasExited && SendSignal(_process.Id, SignalTerminate) != 0)
            throw new InvalidOperationException($"SIGTERM to process {_process.Id} failed: errno {Marshal.GetLastPInvokeError()}");
        return await Exited;
    }

    public void Dispose()
    {
        KillNow();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void KillNow()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    private void OnOutput(string? line)
    {
        const string listening = "listening on ";
        const string http = "http on ";
        if (line is null)
            return;
        if (line.StartsWith(listening, StringComparison.Ordinal))
            _address.TrySetResult(line[listening.Length..]);
        else if (line.StartsWith(http, StringComparison.Ordinal))
            _http.TrySetResult(line[http.Length..]);
        else if (line == "ready")
            _ready.TrySetResult();
    }

    private void OnError(string? line)
    {
        if (line is null)
            return;
        lock (_errors)
        {
            _errors.AppendLine(line);
            if (_errors.Length > ErrorTextMax)
                _errors.Remove(0, _errors.Length - ErrorTextMax);
        }
    }

    private void OnExited()
    {
        int code = _process.ExitCode;
        var ended = new InvalidOperationException($"the server ended with exit code {code}: {ErrorText}");
        if (_address.TrySetException(ended))
            _ = _address.Task.Exception;
        if (_http.TrySetException(ended))
            _ = _http.Task.Exception;
        if (_ready.TrySetException(ended))
            _ = _ready.Task.Exception;
        _exited.TrySetResult(code);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
