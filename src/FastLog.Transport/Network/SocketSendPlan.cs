using System.Net.Sockets;
using System.Runtime.InteropServices;
using FastLog.Primitives;

namespace FastLog.Transport.Network;

/// <summary>The memory that one socket will send next, as segments of arrays, with the copies it made. Not thread-safe.</summary>
internal sealed class SocketSendPlan
{
    /// <summary>Bytes of one copy of a region that is no real file.</summary>
    public const int CopySlice = 256 * 1024;

    /// <summary>Below the system's limit for one vectored send (1,024).</summary>
    private const int SegmentsMax = 256;

    private readonly List<ArraySegment<byte>> _segments = [];
    private readonly List<BufferLease> _copies = [];
    private readonly SendPacketsElement[] _elements = new SendPacketsElement[1];

    public bool HasMemory => _segments.Count > 0;

    public bool IsFull => _segments.Count >= SegmentsMax;

    public void AddMemory(ReadOnlyMemory<byte> memory)
    {
        if (memory.IsEmpty)
            return;
        if (MemoryMarshal.TryGetArray(memory, out ArraySegment<byte> segment))
        {
            _segments.Add(segment);
            return;
        }

        memory.CopyTo(RentCopy(memory.Length));
    }

    /// <exception cref="NetworkException">The file could not be read.</exception>
    public void AddCopy(FileRegion region)
    {
        Memory<byte> copy = RentCopy(region.Length);
        try
        {
            if (region.File!.Read(region.Position, copy.Span) != region.Length)
                throw new NetworkException($"a file region of {region.Length} bytes is not all in its file");
        }
        catch (IOException cause) when (cause is not NetworkException)
        {
            throw new NetworkException($"a file region could not be read: {cause.Message}", cause);
        }
    }

    /// <summary>Reads a region whose sending failed, to find out whether its file is at fault.</summary>
    /// <exception cref="NetworkException">The file could not be read.</exception>
    public void Probe(FileRegion region)
    {
        Clear();
        for (int done = 0; done < region.Length; done += CopySlice)
        {
            AddCopy(new FileRegion(region.File, region.Position.Plus(done), Math.Min(CopySlice, region.Length - done)));
            Clear();
        }
    }

    /// <summary>Makes the operation send what is left; false when nothing is.</summary>
    public bool SetMemory(SocketOperation operation)
    {
        if (_segments.Count == 0)
            return false;
        if (_segments.Count > 1)
            operation.BufferList = _segments;
        else
            operation.SetBuffer(_segments[0].Array, _segments[0].Offset, _segments[0].Count);
        return true;
    }

    /// <summary>Takes away what the operation sent.</summary>
    public void Sent(SocketOperation operation, long bytes)
    {
        ResetBuffers(operation);
        int whole = 0;
        while (whole < _segments.Count && bytes >= _segments[whole].Count)
            bytes -= _segments[whole++].Count;
        _segments.RemoveRange(0, whole);
        if (_segments.Count > 0)
            _segments[0] = _segments[0].Slice((int)bytes);
        else
            ReturnCopies();
    }

    public void SetFile(SocketOperation operation, FileStream stream, FileRegion region)
    {
        _elements[0] = new SendPacketsElement(stream, region.Position.Value, region.Length);
        operation.SendPacketsElements = _elements;
    }

    /// <summary>Forgets all; for the end of a send, failed or not.</summary>
    public void Clear()
    {
        _segments.Clear();
        ReturnCopies();
    }

    private static void ResetBuffers(SocketOperation operation)
    {
        if (operation.BufferList is not null)
            operation.BufferList = null;
        else
            operation.SetBuffer(null, 0, 0);
    }

    private Memory<byte> RentCopy(int length)
    {
        BufferLease lease = BufferPool.Shared.Rent(length, clearOnReturn: true);
        _copies.Add(lease);
        MemoryMarshal.TryGetArray((ReadOnlyMemory<byte>)lease.Memory, out ArraySegment<byte> segment);
        _segments.Add(segment);
        return lease.Memory;
    }

    private void ReturnCopies()
    {
        foreach (BufferLease copy in _copies)
            copy.Dispose();
        _copies.Clear();
    }
}
