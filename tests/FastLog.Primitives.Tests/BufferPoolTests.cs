namespace FastLog.Primitives.Tests;

public class BufferPoolTests
{
    private const int Large = 4 << 20;

    private readonly BufferPool _pool = new();

    [Fact]
    public void A_large_buffer_that_came_back_is_rented_again()
    {
        byte[] first = ArrayOf(_pool.Rent(Large - 100), out BufferLease lease);
        lease.Dispose();
        Assert.Equal(Large, _pool.KeptBytes);
        Assert.Same(first, ArrayOf(_pool.Rent(Large), out _));
        Assert.Equal(0, _pool.KeptBytes);
        Assert.Equal(Large, _pool.RentedBytes);
    }

    [Fact]
    public void What_is_kept_has_a_bound_whatever_was_out_at_once()
    {
        foreach (int size in (int[])[100_000, 1 << 20, Large, (8 << 20) + 1, 16 << 20, 40 << 20])
        {
            BufferLease[] leases = [.. Enumerable.Range(0, 40).Select(_ => _pool.Rent(size))];
            Assert.All(leases, lease => Assert.Equal(size, lease.Memory.Length));
            foreach (BufferLease lease in leases)
                lease.Dispose();
            Assert.InRange(_pool.KeptBytes, 1, BufferPool.KeptBytesMax);
        }

        Assert.Equal(0, _pool.RentedBytes);
    }

    [Theory]
    [InlineData(64 * 1024 + 1)]
    [InlineData(80 * 1024)]
    [InlineData(80 * 1024 + 1)]
    [InlineData((8 << 20) + 100)]
    [InlineData((16 << 20) - 1)]
    [InlineData(16 << 20)]
    public void A_large_buffer_is_at_most_a_quarter_larger_than_asked_for(int size)
    {
        byte[] array = ArrayOf(_pool.Rent(size), out BufferLease lease);
        Assert.InRange(array.Length, size, size + (size / 4));
        lease.Dispose();
        Assert.Same(array, ArrayOf(_pool.Rent(size), out _));
    }

    [Fact]
    public void Sizes_in_use_take_the_place_of_sizes_that_are_not()
    {
        foreach (BufferLease lease in Enumerable.Range(0, 400).Select(_ => _pool.Rent(128 * 1024)).ToArray())
            lease.Dispose();
        byte[] array = ArrayOf(_pool.Rent(Large), out BufferLease large);
        large.Dispose();
        Assert.Same(array, ArrayOf(_pool.Rent(Large), out _));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(Large)]
    public void A_buffer_that_held_bytes_of_clients_is_cleared_when_it_comes_back(int size)
    {
        byte[] array = ArrayOf(_pool.Rent(size, clearOnReturn: true), out BufferLease lease);
        lease.Span.Fill(7);
        lease.Dispose();
        Assert.True(array.AsSpan(0, size).IndexOfAnyExcept((byte)0) < 0);
    }

    private static byte[] ArrayOf(BufferLease rented, out BufferLease lease)
    {
        lease = rented;
        Assert.True(System.Runtime.InteropServices.MemoryMarshal.TryGetArray<byte>(rented.Memory, out ArraySegment<byte> segment));
        return segment.Array!;
    }
}
