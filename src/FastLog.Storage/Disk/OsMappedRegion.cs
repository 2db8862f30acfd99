using Microsoft.Win32.SafeHandles;

namespace FastLog.Storage.Disk;

/// <summary>A shared writable mapping by mmap. The owner alone uses and disposes it.</summary>
internal sealed class OsMappedRegion : IMappedRegion
{
    private readonly string _path;
    private readonly int _length;
    private nint _address;

    private OsMappedRegion(string path, nint address, int length)
    {
        _path = path;
        _address = address;
        _length = length;
    }

    public unsafe Span<byte> Span => new((void*)Address, _length);

    private nint Address =>
        _address != 0 ? _address : throw new ObjectDisposedException(nameof(OsMappedRegion), _path);

    public static OsMappedRegion Map(string path, SafeFileHandle file, int length)
    {
        nint address = OsNative.Map(0, (nuint)length, OsNative.ProtectReadWrite, OsNative.MapShared, file, 0);
        return address == -1
            ? throw OsFailure.OfLastCall("mmap", path)
            : new OsMappedRegion(path, address, length);
    }

    public void Flush()
    {
        while (OsNative.FlushMapped(Address, (nuint)_length, OsNative.SyncNow) != 0)
        {
            if (!OsFailure.WasInterrupted)
                throw OsFailure.OfLastCall("msync", _path);
        }
    }

    public void Dispose()
    {
        nint address = _address;
        _address = 0;
        // A failure here can only mean a wrong address or length: our own bug, and nothing is left to release.
        if (address != 0 && OsNative.Unmap(address, (nuint)_length) != 0)
            throw OsFailure.OfLastCall("munmap", _path);
    }
}
