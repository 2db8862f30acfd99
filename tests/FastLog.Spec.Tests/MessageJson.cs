using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Protocol.Messages;

namespace FastLog.Spec.Tests;

/// <summary>
/// Messages as the vectors tell them: the spec's field names, numbers for codes, hex for ids, -1 for none.
/// </summary>
internal static class MessageJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = new SpecNames(),
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        IgnoreReadOnlyProperties = true,
        Converters =
        {
            new Number<LogOffset>(value => new LogOffset(value), offset => offset.Value),
            new Number<LeaderEpoch>(value => new LeaderEpoch((int)value), epoch => epoch.Value),
            new Number<GroupGeneration>(value => new GroupGeneration((int)value), generation => generation.Value),
            new Number<NodeId>(value => new NodeId((int)value), node => node.Value),
            new Number<PartitionId>(value => new PartitionId((int)value), partition => partition.Value),
            new Number<Timestamp>(value => new Timestamp(value), time => time.UnixMilliseconds),
            new Number<ApiVersion>(value => new ApiVersion((ushort)value), version => version.Value),
            new Number<TimeSpan>(value => TimeSpan.FromMilliseconds(value), time => (long)time.TotalMilliseconds),
            new ErrorResponseConverter(),
            new Hex<Uid128>(value => value, id => id),
            new Hex<TopicId>(value => new TopicId(value), id => id.Value),
        },
    };

    public static T Parse<T>(JsonObject body)
    {
        JsonNode nested = body.DeepClone();
        Nest(nested);
        return nested.Deserialize<T>(Options)!;
    }

    public static JsonObject Format<T>(T message)
    {
        JsonNode node = JsonSerializer.SerializeToNode(message, Options)!;
        Flatten(node);
        return node.AsObject();
    }

    /// <summary>topicId and partition become one object, as the code has them.</summary>
    private static void Nest(JsonNode? node)
    {
        if (node is JsonArray array)
            array.ToList().ForEach(Nest);
        if (node is not JsonObject fields)
            return;
        fields.Select(field => field.Value).ToList().ForEach(Nest);
        if (fields.Remove("topicId", out JsonNode? topic) && fields.Remove("partition", out JsonNode? partition))
            fields["partition"] = new JsonObject { ["topic"] = topic, ["partition"] = partition };
    }

    private static void Flatten(JsonNode? node)
    {
        if (node is JsonArray array)
            array.ToList().ForEach(Flatten);
        if (node is not JsonObject fields)
            return;
        fields.Select(field => field.Value).ToList().ForEach(Flatten);
        if (fields["partition"] is not JsonObject place)
            return;
        fields["topicId"] = place["topic"]!.DeepClone();
        fields["partition"] = place["partition"]!.DeepClone();
    }

    /// <summary>camelCase, with the unit where the type has none on the wire.</summary>
    private sealed class SpecNames : JsonNamingPolicy
    {
        public override string ConvertName(string name) => name switch
        {
            "Timeout" => "timeoutMs",
            "WaitMax" => "waitMaxMs",
            "IdleTimeout" => "idleTimeoutMs",
            "At" => "timestamp",
            _ => CamelCase.ConvertName(name),
        };
    }

    private sealed class Number<T>(Func<long, T> parse, Func<T, long> format) : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            parse(reader.GetInt64());

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteNumberValue(format(value));
    }

    /// <summary>It has two constructors, between which the serializer does not choose.</summary>
    private sealed class ErrorResponseConverter : JsonConverter<ErrorResponse>
    {
        public override ErrorResponse Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            Fields fields = JsonSerializer.Deserialize<Fields>(ref reader, options)!;
            return new ErrorResponse(fields.Code, fields.Message, fields.Apis);
        }

        public override void Write(Utf8JsonWriter writer, ErrorResponse value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, new Fields(value.Code, value.Message, value.Apis), options);

        private sealed record Fields(ErrorCode Code, string Message, IReadOnlyList<ApiRange> Apis);
    }

    private sealed class Hex<T>(Func<Uid128, T> parse, Func<T, Uid128> format) : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Uid128.TryParse(reader.GetString(), out Uid128 id)
                ? parse(id)
                : throw new JsonException(string.Create(CultureInfo.InvariantCulture,
                    $"not an id: {reader.GetString()}"));

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(format(value).ToString());
    }
}
