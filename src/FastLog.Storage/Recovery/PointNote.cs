using System.Runtime.InteropServices;
using FastLog.Primitives;
using FastLog.Storage.Flushing;

namespace FastLog.Storage.Recovery;

/// <summary>A fact that the recovery log is to write with its next round.</summary>
internal readonly record struct PointNote(RecoveryEntryKind Kind, TopicPartition Id, FlushPoint Point);

/// <summary>Notes in their order; a later flushed point of a partition takes the place of the one before it. One thread.</summary>
internal sealed class PendingNotes
{
    private readonly Dictionary<TopicPartition, int> _last = [];

    public List<PointNote> Notes { get; } = [];

    public void Add(in PointNote note)
    {
        ref int last = ref CollectionsMarshal.GetValueRefOrAddDefault(_last, note.Id, out bool exists);
        if (exists && note.Kind == RecoveryEntryKind.Flushed && Notes[last].Kind == RecoveryEntryKind.Flushed)
        {
            Notes[last] = note;
            return;
        }

        last = Notes.Count;
        Notes.Add(note);
    }

    /// <summary>Takes notes back that could not be written: they come before all that was added since.</summary>
    public void PutBack(PendingNotes earlier)
    {
        List<PointNote> since = [.. Notes];
        Clear();
        foreach (PointNote note in earlier.Notes)
            Add(note);
        foreach (PointNote note in since)
            Add(note);
        earlier.Clear();
    }

    public void Clear()
    {
        Notes.Clear();
        _last.Clear();
    }
}
