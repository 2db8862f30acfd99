using FastLog.Primitives;
using Microsoft.Win32.SafeHandles;

namespace FastLog.Transport.Tests;

/// <summary>A real file that counts its leases.</summary>
internal sealed class TestFile(string path) : ILeasedFile, IDisposable
{
    private readonly FileStream _stream = new(path, new FileStreamOptions
    {
        Mode = FileMode.Open,
        Access = FileAccess.Read,
        Share = FileShare.ReadWrite | FileShare.Delete,
        BufferSize = 0,
        Options = FileOptions.Asynchronous,
    });

    private readonly SafeFileHandle _handle = File.OpenHandle(path);
    private int _leases;
    private int _released;

    public bool HidesStream { get; init; }

    public int Leases => Volatile.Read(ref _leases);

    public int Released => Volatile.Read(ref _released);

    public FileStream? SendStream => HidesStream ? null : _stream;

    public FileRegion Lease(int at, int length)
    {
        Interlocked.Increment(ref _leases);
        return new FileRegion(this, new FilePosition(at), length);
    }

    public int FailedReads { get; private set; }

    public int Read(FilePosition position, Span<byte> destination)
    {
        try
        {
            return RandomAccess.Read(_handle, destination, position.Value);
        }
        catch (IOException)
        {
            FailedReads++;
            throw;
        }
    }

    public void Release()
    {
        Interlocked.Increment(ref _released);
        Assert.True(Interlocked.Decrement(ref _leases) >= 0);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _handle.Dispose();
    }
}
