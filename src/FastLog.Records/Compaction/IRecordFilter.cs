namespace FastLog.Records;

/// <summary>What becomes of a record when its batch is filtered.</summary>
public enum RecordFate
{
    Keep = 0,

    /// <summary>Kept, and its batch gets a delete horizon if it has none.</summary>
    KeepUntilHorizon,

    Drop,
}

/// <summary>Decides about the records of a batch, one after the other. Called by one thread.</summary>
public interface IRecordFilter
{
    /// <param name="header">The batch's header.</param>
    /// <param name="record">Stands on the record.</param>
    RecordFate Judge(in BatchHeader header, scoped in RecordReader record);
}
