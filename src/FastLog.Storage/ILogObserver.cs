namespace FastLog.Storage;

/// <summary>Hears of a partition log's moves. Called outside of the log's section, on any thread; must be short.</summary>
public interface ILogObserver
{
    /// <summary>The readable end moved up; several moves may be told as one.</summary>
    void ReadableEndAdvanced(PartitionLog log);

    /// <summary>The log was fenced: nothing is acknowledged any more. Told once.</summary>
    void Faulted(PartitionLog log, StorageFault fault);
}
