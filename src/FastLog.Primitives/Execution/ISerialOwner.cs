namespace FastLog.Primitives;

/// <summary>What an owner does around the bursts of its <see cref="SerialSection"/>.</summary>
public interface ISerialOwner
{
    /// <summary>
    /// Inside of the section, after a burst of work items (the queue was seen empty, or the burst is at its limit): the
    /// place for one gathered write of what the burst staged.
    /// </summary>
    void BurstEnded();

    /// <summary>
    /// An exception left a work item or <see cref="BurstEnded"/>: our own bug. The owner fences itself. Inside of the section.
    /// </summary>
    void Faulted(Exception cause);
}
