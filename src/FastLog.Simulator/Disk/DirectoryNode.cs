namespace FastLog.Simulator;

/// <summary>A directory: the entries that calls see and those on the device. An entry is a file or a directory.</summary>
internal sealed class DirectoryNode
{
    public SortedDictionary<string, object> Current { get; set; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, object> Durable { get; set; } = new(StringComparer.Ordinal);
}

/// <summary>A directory operation that is not durable yet; a node of null takes the name away.</summary>
internal sealed record DirectoryChange(
    DirectoryNode Directory, string Name, object? Node, DirectoryNode? SourceDirectory = null, string SourceName = "")
{
    public void ApplyToDurable()
    {
        SourceDirectory?.Durable.Remove(SourceName);
        if (Node is null)
            Directory.Durable.Remove(Name);
        else
            Directory.Durable[Name] = Node;
    }
}
