using FastLog.Primitives;

namespace FastLog.Broker.Topics;

/// <summary>
/// Where topics are kept: the truth about which exist. Each change is durable when its task ends, and not made at all or
/// unknown when it fails. One call at a time.
/// </summary>
public interface ITopicStore
{
    /// <summary>All topics. Called first, once.</summary>
    /// <exception cref="TopicStoreException">What is stored cannot be read: nothing may be concluded from it.</exception>
    ValueTask<TopicCatalog> LoadAsync(CancellationToken cancellationToken);

    /// <summary>Keeps a topic whose id and name are not in use.</summary>
    /// <exception cref="TopicStoreException">It could not be stored.</exception>
    ValueTask AddAsync(Topic topic, CancellationToken cancellationToken);

    /// <summary>Keeps a topic that is there in another form: of the same id and name.</summary>
    /// <exception cref="TopicStoreException">It could not be stored; the form before is kept.</exception>
    ValueTask ReplaceAsync(Topic topic, CancellationToken cancellationToken);

    /// <summary>Ends a topic; it counts as deleted until <see cref="ForgetAsync"/>.</summary>
    /// <exception cref="TopicStoreException">It could not be stored.</exception>
    ValueTask RemoveAsync(TopicId id, CancellationToken cancellationToken);

    /// <summary>The directories of the deleted topic are gone.</summary>
    /// <exception cref="TopicStoreException">It could not be stored.</exception>
    ValueTask ForgetAsync(TopicId id, CancellationToken cancellationToken);
}
