using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>
/// The batches of one partition that have not ended, in the order of their records. Under the partition's lock.
/// </summary>
internal struct BatchList
{
    public ProducerBatch? First { get; private set; }

    public ProducerBatch? Last { get; private set; }

    public void AddLast(ProducerBatch batch)
    {
        batch.Previous = Last;
        if (Last is null)
            First = batch;
        else
            Last.Next = batch;
        Last = batch;
    }

    public void Remove(ProducerBatch batch)
    {
        Invariant.Check(First is not null);
        if (batch.Previous is null)
            First = batch.Next;
        else
            batch.Previous.Next = batch.Next;
        if (batch.Next is null)
            Last = batch.Previous;
        else
            batch.Next.Previous = batch.Previous;
        batch.Previous = null;
        batch.Next = null;
    }
}
