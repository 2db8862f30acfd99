using FastLog.Primitives;
using FastLog.Storage.Disk;
using FastLog.Storage.Recovery;

namespace FastLog.Storage.Flushing;

/// <summary>Makes one member's bytes durable in its own files. Of the flight that holds the member.</summary>
internal static class MemberFlush
{
    /// <summary>
    /// Flushes the files of the ranges and of what earlier rounds carried, then notes the point. The point is noted only
    /// here, after every flush has returned: it never claims more than is on the device.
    /// </summary>
    /// <exception cref="DiskException">A flush failed: no later one may be trusted.</exception>
    public static void Run(FlushMember member, List<FlushRange> ranges, RecoveryLog recoveryLog, FlushMetrics metrics)
    {
        List<IDiskFile> files = member.CarriedFiles;
        foreach (FlushRange range in ranges)
        {
            if (!files.Contains(range.File))
                files.Add(range.File);
        }

        foreach (IDiskFile file in files)
            file.FlushData();
        if (files.Count == 0)
            return;
        metrics.FilesFlushed(files.Count);
        files.Clear();
        member.CarriedGeneration = 0;
        if (ranges.Count > 0)
            member.Point = ranges[^1].End;
        recoveryLog.NoteFlushed(member.Participant.Id, member.Point);
    }

    public static long Bytes(List<FlushRange> ranges)
    {
        long bytes = 0;
        foreach (FlushRange range in ranges)
            bytes += range.Length;
        return bytes;
    }
}

/// <summary>A flush of one member's own files on a lane. Reused; posted first to the blocking executor, then to the section.</summary>
internal sealed class DirectFlight(GroupCommit commit, RecoveryLog recoveryLog, IClock clock) : IThreadPoolWorkItem
{
    private readonly List<FlushRange> _ranges = [];
    private FlushMember? _member;
    private bool _ended;

    public void Take(FlushMember member)
    {
        _member = member;
        _ended = false;
    }

    public void Execute()
    {
        FlushMember member = _member!;
        if (_ended)
        {
            _member = null;
            commit.DirectLanded(this, member);
            return;
        }

        Fly(member);
        _ended = true;
        commit.Section.Run(this);
    }

    private void Fly(FlushMember member)
    {
        MonotonicTime start = clock.Now;
        bool any = false;
        try
        {
            any = member.Participant.BeginFlush(_ranges);
            MemberFlush.Run(member, _ranges, recoveryLog, commit.Metrics);
            commit.Metrics.DirectEnded(MemberFlush.Bytes(_ranges), clock.Now.Since(start));
        }
        catch (DiskException failure)
        {
            member.FlightFailure = failure;
        }

        _ranges.Clear();
        if (any || member.FlightFailure is not null)
            member.Participant.FlushEnded(member.Point, member.FlightFailure);
    }
}
