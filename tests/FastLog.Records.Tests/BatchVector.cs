using System.Text.Json;

namespace FastLog.Records.Tests;

/// <summary>A batch of <c>protocol-spec/vectors/batches.json</c>, with its meaning to another implementation.</summary>
internal sealed class BatchVector
{
    private static readonly string[] Clients = ["codec.none", "edge", "idempotent"];

    private BatchVector(JsonElement json)
    {
        Json = json;
        Name = json.GetProperty("name").GetString()!;
        Bytes = Convert.FromHexString(json.GetProperty("hex").GetString()!);
        CodecName = json.GetProperty("compression").GetString()!;
    }

    public string Name { get; }

    public byte[] Bytes { get; }

    public string CodecName { get; }

    public JsonElement Json { get; }

    public bool IsTransactional => Json.GetProperty("isTransactional").GetBoolean();

    public bool IsControl => Json.GetProperty("isControlBatch").GetBoolean();

    /// <summary>With what is in the box; the other codecs need the system's libraries.</summary>
    public bool IsReadable => CodecName is "none" or "gzip";

    /// <summary>As a client sent it, but for what the leader stamped.</summary>
    public bool IsOfClient => Clients.Any(prefix => Name.StartsWith(prefix, StringComparison.Ordinal));

    public JsonElement[] Records => [.. Json.GetProperty("records").EnumerateArray()];

    public static IReadOnlyList<BatchVector> All { get; } = Load();

    public long Number(string name) => Json.GetProperty(name).GetInt64();

    public static byte[]? Hex(JsonElement value) =>
        value.ValueKind == JsonValueKind.Null ? null : Convert.FromHexString(value.GetString()!);

    private static BatchVector[] Load()
    {
        string text = File.ReadAllText(Repository.PathOf("protocol-spec/vectors/batches.json"));
        using JsonDocument document = JsonDocument.Parse(text);
        return [.. document.RootElement.Clone().EnumerateArray().Select(json => new BatchVector(json))];
    }
}
