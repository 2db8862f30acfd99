using FastLog.Primitives;
using FastLog.Storage.Disk;

namespace FastLog.Broker.Topics;

/// <summary>
/// The topics of a broker without a cluster: one file of the data directory, replaced as a whole at each change. The
/// disk's calls run on the blocking executor. One call at a time.
/// </summary>
public sealed class LocalTopicStore : ITopicStore
{
    public const string FileName = "topic-list";

    private readonly IDisk _disk;
    private readonly string _directory;
    private readonly IExecutor _blocking;
    private readonly Func<bool> _partitionsExist;
    private readonly SortedDictionary<string, Topic> _topics = new(StringComparer.Ordinal);
    private readonly SortedDictionary<TopicId, DeletedTopic> _deleted = [];

    /// <param name="disk">The disk port.</param>
    /// <param name="directory">The data directory; exists.</param>
    /// <param name="blocking">Where the disk's calls run.</param>
    /// <param name="partitionsExist">Says whether the data directory holds partitions: then the file must exist.</param>
    public LocalTopicStore(IDisk disk, string directory, IExecutor blocking, Func<bool> partitionsExist)
    {
        _disk = disk;
        _directory = directory;
        _blocking = blocking;
        _partitionsExist = partitionsExist;
    }

    private string FilePath => $"{_directory}/{FileName}";

    public async ValueTask<TopicCatalog> LoadAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TopicCatalog catalog = TopicCatalog.Empty;
        await _blocking.RunAsync(() => catalog = Load());
        foreach (Topic topic in catalog.Topics)
        {
            if (!_topics.TryAdd(topic.Name, topic))
                throw TopicFile.Corrupt(FilePath, $"holds the topic '{topic.Name}' twice");
        }

        foreach (DeletedTopic deleted in catalog.Deleted)
            _deleted[deleted.Id] = deleted;
        return Snapshot();
    }

    public async ValueTask AddAsync(Topic topic, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(topic);
        cancellationToken.ThrowIfCancellationRequested();
        _topics.Add(topic.Name, topic);
        try
        {
            await WriteAsync();
        }
        catch (TopicStoreException)
        {
            _topics.Remove(topic.Name);
            throw;
        }
    }

    public async ValueTask ReplaceAsync(Topic topic, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(topic);
        cancellationToken.ThrowIfCancellationRequested();
        Topic before = _topics[topic.Name];
        Invariant.Check(before.Id == topic.Id);
        _topics[topic.Name] = topic;
        try
        {
            await WriteAsync();
        }
        catch (TopicStoreException)
        {
            _topics[topic.Name] = before;
            throw;
        }
    }

    public async ValueTask RemoveAsync(TopicId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Topic topic = _topics.Values.First(candidate => candidate.Id == id);
        _topics.Remove(topic.Name);
        _deleted.Add(id, new DeletedTopic(id, topic.Name));
        try
        {
            await WriteAsync();
        }
        catch (TopicStoreException)
        {
            _topics.Add(topic.Name, topic);
            _deleted.Remove(id);
            throw;
        }
    }

    public async ValueTask ForgetAsync(TopicId id, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!_deleted.Remove(id, out DeletedTopic deleted))
            return;
        try
        {
            await WriteAsync();
        }
        catch (TopicStoreException)
        {
            _deleted.Add(id, deleted);
            throw;
        }
    }

    private TopicCatalog Snapshot() => new([.. _topics.Values], [.. _deleted.Values]);

    private TopicCatalog Load()
    {
        AtomicFileContent content;
        try
        {
            content = AtomicFile.Read(_disk, FilePath, TopicFile.Magic, TopicFile.Version);
        }
        catch (DiskException cause)
        {
            throw new TopicStoreException(TopicStoreFault.Disk, FilePath, $"cannot be read: {cause.Message}", cause);
        }

        switch (content.Status)
        {
            case AtomicFileStatus.Ok:
                return TopicFile.Decode(content.Bytes, FilePath);
            case AtomicFileStatus.VersionUnknown:
                throw new TopicStoreException(
                    TopicStoreFault.ForeignVersion, FilePath,
                    $"has version {content.Version}, but this build reads up to version {TopicFile.Version}: start the newer one");
            case AtomicFileStatus.Foreign:
                throw TopicFile.Corrupt(FilePath, "is not a topic file: its magic number is another one");
            case AtomicFileStatus.Damaged:
                throw TopicFile.Corrupt(FilePath, "is damaged: sizes or checksum do not fit");
            default:
                return Begin();
        }
    }

    // Without the file nothing says which topics exist. With partitions beside it that is a loss, not a beginning.
    private TopicCatalog Begin()
    {
        if (_partitionsExist())
        {
            throw new TopicStoreException(
                TopicStoreFault.Missing, FilePath,
                "is missing, but the data directory holds partitions: restore it from a backup before starting again");
        }

        Write(TopicFile.Encode(TopicCatalog.Empty));
        return TopicCatalog.Empty;
    }

    private async ValueTask WriteAsync()
    {
        byte[] content = TopicFile.Encode(Snapshot());
        await _blocking.RunAsync(() => Write(content));
    }

    private void Write(byte[] content)
    {
        try
        {
            AtomicFile.Write(_disk, _directory, FileName, TopicFile.Magic, TopicFile.Version, content);
        }
        catch (DiskException cause)
        {
            throw new TopicStoreException(TopicStoreFault.Disk, FilePath, $"cannot be written: {cause.Message}", cause);
        }
    }
}
