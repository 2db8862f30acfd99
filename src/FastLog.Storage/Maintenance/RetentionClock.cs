using System.Buffers.Binary;
using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Storage.Maintenance;

/// <summary>
/// The time by which a data directory's segments age: append times are taken from it and compared with it. While the process
/// runs it goes on with the monotonic clock alone, so that no jump of the wall clock moves it. Over a restart it goes on
/// from what the file `clock` says, by as much as the wall clock has moved since, but at most a day: the least that the wall
/// clock has said since the start counts, so that a clock that is wrong at the start and then set right does no harm.
/// Thread-safe.
/// </summary>
internal sealed class RetentionClock
{
    public const string FileName = "clock";

    /// <summary>"FLCK".</summary>
    public const uint Magic = 0x464C434B;

    public const ushort Version = 1;

    public const int TimeAt = 0;
    public const int Size = TimeAt + sizeof(long);

    private readonly IClock _clock;
    private readonly MonotonicTime _start;
    private readonly long _recorded;
    private long _downtime;

    private RetentionClock(IClock clock, Timestamp? recorded)
    {
        _clock = clock;
        _start = clock.Now;

        // A new directory begins with the wall clock's time, whatever that is: only differences count.
        _recorded = (recorded ?? clock.WallNow).UnixMilliseconds;
        _downtime = recorded is null ? 0 : (long)StorageLimits.DowntimeCountedMax.TotalMilliseconds;
    }

    /// <summary>What it was when the last life recorded it; of a new directory, when that was made.</summary>
    public Timestamp Recorded => new(_recorded);

    public Timestamp Now => At(_clock.Now, _clock.WallNow);

    /// <summary>The time at a moment for which the caller has both clocks' times.</summary>
    public Timestamp At(MonotonicTime now, Timestamp wallNow)
    {
        long elapsed = (long)now.Since(_start).TotalMilliseconds;
        long claimed = Math.Max(0, wallNow.UnixMilliseconds - elapsed - _recorded);
        long downtime = Volatile.Read(ref _downtime);
        while (claimed < downtime)
        {
            long seen = Interlocked.CompareExchange(ref _downtime, claimed, downtime);
            if (seen == downtime)
                break;
            downtime = seen;
        }

        return new Timestamp(_recorded + Math.Min(claimed, downtime) + elapsed);
    }

    /// <summary>Goes on where the last life's file says; Damaged: from the wall clock, as if the directory were new.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static AtomicFileStatus Open(IDisk disk, string root, IClock clock, out RetentionClock opened)
    {
        AtomicFileStatus status = TryRead(disk, root, out Timestamp recorded);
        opened = new RetentionClock(clock, status == AtomicFileStatus.Ok ? recorded : null);
        if (status != AtomicFileStatus.Ok)
            opened.WriteFirst(disk, root);
        return status;
    }

    /// <summary>What the last life's file says; none unless the status is Ok.</summary>
    /// <exception cref="DiskException">The device failed.</exception>
    public static AtomicFileStatus TryRead(IDisk disk, string root, out Timestamp recorded)
    {
        recorded = Timestamp.None;
        AtomicFileContent content = AtomicFile.Read(disk, $"{root}/{FileName}", Magic, Version);
        if (content.Status != AtomicFileStatus.Ok)
            return content.Status;
        if (content.Bytes.Length != Size)
            return AtomicFileStatus.Damaged;
        recorded = new Timestamp(BinaryPrimitives.ReadInt64BigEndian(content.Bytes.AsSpan(TimeAt)));
        return AtomicFileStatus.Ok;
    }

    /// <summary>Before anything ages by it: a life that is killed before its first round has a clock to hand on.</summary>
    private void WriteFirst(IDisk disk, string root)
    {
        try
        {
            Write(disk, root);
        }
        catch (DiskException failure) when (failure.IsDiskFull)
        {
            // Deleting is how room is made; the rounds try again.
        }
    }

    /// <summary>What the next life goes on from.</summary>
    /// <exception cref="DiskException">The device failed or is full; the former time is still there.</exception>
    public void Write(IDisk disk, string root)
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(bytes[TimeAt..], Now.UnixMilliseconds);
        AtomicFile.Write(disk, root, FileName, Magic, Version, bytes);
    }
}
