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
    /// <summary>
    /// What is judged next, one by one and in this order: a filter that looks things up far away in memory can begin with all of
    /// them at once. Called before the first record and whenever all that was told has been judged.
    /// </summary>
    /// <param name="header">The batch's header.</param>
    /// <param name="ahead">Stands before the next record.</param>
    /// <param name="countMax">No more than these are judged before the next call.</param>
    void Expect(in BatchHeader header, RecordReader ahead, int countMax);

    /// <param name="header">The batch's header.</param>
    /// <param name="record">Stands on the record.</param>
    RecordFate Judge(in BatchHeader header, scoped in RecordReader record);
}
