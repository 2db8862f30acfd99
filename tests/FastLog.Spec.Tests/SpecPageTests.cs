using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FastLog.Protocol;
using FastLog.Protocol.Frames;
using FastLog.Protocol.Wire;

namespace FastLog.Spec.Tests;

/// <summary>Lists that the spec and the code both have are the same lists.</summary>
public partial class SpecPageTests
{
    [Fact]
    public void The_table_of_error_codes_is_the_one_of_the_code()
    {
        IEnumerable<string> told = SpecFiles.Rows(SpecFiles.Page("04-errors.md"))
            .Where(row => row.Length == 4 && int.TryParse(row[0], out _))
            .Select(row => string.Join(" | ", row));
        IEnumerable<string> known = ErrorCodes.All.Select(info =>
            $"{(int)info.Code} | `{info.Name}` | {(info.Retriable ? "yes" : "no")} | {info.Sentence}");
        Assert.Equal(known, told);
        Assert.Equal(Enum.GetValues<ErrorCode>(), ErrorCodes.All.Select(info => info.Code));
    }

    [Fact]
    public void The_table_of_limits_is_the_one_of_the_code()
    {
        IEnumerable<string> told = SpecFiles.Rows(SpecFiles.Page("05-limits.md"))
            .Where(row => row.Length == 4 && row[0].StartsWith('`'))
            .Select(row => $"{row[0].Trim('`')} = {row[1]}");
        IEnumerable<string> known = Constants(typeof(FrameLimits))
            .Concat(Constants(typeof(MessageLimits)))
            .Append($"{nameof(HeaderTags.PrincipalSizeMax)} = {HeaderTags.PrincipalSizeMax}");
        Assert.Equal(known.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_table_of_api_keys_is_the_catalog()
    {
        IEnumerable<string> told = SpecFiles.Rows(SpecFiles.Page("06-versioning.md"))
            .Where(row => row.Length == 5 && int.TryParse(row[0], out _))
            .Select(row => string.Join(" | ", row));
        IEnumerable<string> known = MessageCatalog.All.Select(message =>
            $"{(int)message.Key} | {message.Name} | {message.Range.First}-{message.Range.Last} | client to broker | "
            + $"[{message.Page}](messages/{message.Page})");
        Assert.Equal(known, told);
        Assert.Equal(Enum.GetValues<ApiKey>().Where(key => key != ApiKey.None), MessageCatalog.All
            .Select(message => message.Key));
    }

    [Fact]
    public void The_tables_of_defects_are_the_statuses_of_the_code()
    {
        IEnumerable<string> frame = Enum.GetNames<FrameStatus>().Where(name => name != nameof(FrameStatus.Ok));
        IEnumerable<string> body = Enum.GetNames<WireStatus>().Where(name => name != nameof(WireStatus.Ok));
        Assert.Equal(frame.Order(), FirstCells("02-framing.md").Order());
        Assert.Equal(body.Order(), FirstCells("01-types.md").Order());
    }

    [Fact]
    public void The_table_of_the_fixed_part_is_the_layout_of_the_code()
    {
        Dictionary<string, int> places = typeof(FrameHeader).Assembly
            .GetType("FastLog.Protocol.Frames.FrameHeaderLayout")!
            .GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.Name.EndsWith("At", StringComparison.Ordinal))
            .ToDictionary(field => field.Name[..^2].Replace("Crc", "Crc32c", StringComparison.Ordinal), field =>
                (int)field.GetValue(null)!);
        Dictionary<string, int> told = SpecFiles.Rows(SpecFiles.Page("02-framing.md"))
            .Where(row => row.Length == 4 && int.TryParse(row[0], out int at) && at < FrameLimits.HeadSize
                && row[1].StartsWith('u'))
            .ToDictionary(row => char.ToUpperInvariant(row[2][0]) + row[2][1..], row =>
                int.Parse(row[0], CultureInfo.InvariantCulture));
        Assert.Equal(places.OrderBy(place => place.Value), told.OrderBy(place => place.Value));
    }

    [Fact]
    public void Each_message_has_a_page_with_its_key_and_each_page_has_a_message()
    {
        IEnumerable<string> pages = Directory.GetFiles(Path.Combine(SpecFiles.Root, "messages"), "*.md")
            .Select(page => Path.GetFileName(page));
        Assert.Equal(MessageCatalog.All.Select(message => message.Page).Order(), pages.Order());
        foreach (MessageInfo message in MessageCatalog.All)
        {
            string page = SpecFiles.Page($"messages/{message.Page}");
            Assert.StartsWith($"# {message.Name}\n", page, StringComparison.Ordinal);
            Assert.Contains($"\n| {(int)message.Key} | {message.Range.First} | client to broker", page,
                StringComparison.Ordinal);
            foreach (string part in (string[])["**Purpose.**", "## Request", "## Response", "## Errors",
                "## Ordering", "## Worked example"])
                Assert.Contains(part, page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_field_tables_of_each_page_are_the_fields_of_its_vectors()
    {
        JsonObject[] vectors = SpecFiles.Vectors("messages.json");
        foreach (MessageInfo message in MessageCatalog.All)
        {
            string page = SpecFiles.Page($"messages/{message.Page}");
            string name = Path.GetFileNameWithoutExtension(message.Page);
            CompareFields(vectors, $"{name}.request", Part(page, "## Request"));
            CompareFields(vectors, $"{name}.response", Part(page, "## Response"));
        }

        CompareFields(vectors, "error", Part(SpecFiles.Page("04-errors.md"), "## The error body"));
    }

    [Fact]
    public void Each_worked_example_is_a_vector_and_the_code_writes_it_again()
    {
        Dictionary<string, string> vectors = SpecFiles.Vectors("messages.json")
            .ToDictionary(vector => (string)vector["name"]!, vector => (string)vector["hex"]!);
        foreach (string name in MessageCatalog.All.Select(message => $"messages/{message.Page}").Append("04-errors.md"))
        {
            (string Name, byte[] Bytes)[] examples = [.. SpecFiles.Examples(SpecFiles.Page(name))];
            Assert.True(examples.Length >= 2, $"{name} lacks worked examples");
            foreach ((string example, byte[] bytes) in examples)
            {
                Assert.Equal(vectors[example], Convert.ToHexStringLower(bytes));
                Assert.Equal("Ok", Protocol.Tests.AnyMessage.Read(bytes, FrameLimits.FrameSizeMaxDefault,
                    out byte[]? again));
                Assert.Equal(bytes, again);
            }
        }
    }

    [Fact]
    public void Each_code_that_a_page_names_is_known()
    {
        IEnumerable<string> pages = MessageCatalog.All.Select(message => $"messages/{message.Page}")
            .Append("03-connection.md");
        HashSet<string> known = [.. ErrorCodes.All.Select(info => info.Name)];
        foreach (string page in pages)
        {
            foreach (Match name in CodeName().Matches(SpecFiles.Page(page)))
                Assert.True(known.Contains(name.Groups[1].Value), $"{page} names {name.Value}");
        }
    }

    private static void CompareFields(JsonObject[] vectors, string message, string part)
    {
        List<string> found = [];
        foreach (JsonObject vector in vectors.Where(vector => (string)vector["message"]! == message))
            Collect(vector["body"]!, string.Empty, found);
        IEnumerable<string> told = SpecFiles.Rows(part).Where(row => row[0].StartsWith('`'))
            .Select(row => row[0].Trim('`'));
        Assert.Equal(found.Distinct().Order(), told.Order());
    }

    private static void Collect(JsonNode node, string path, List<string> found)
    {
        if (node is JsonArray array)
        {
            found.Add(path);
            foreach (JsonObject element in array.OfType<JsonObject>())
                Collect(element, path + "[]", found);
        }
        else if (node is JsonObject fields)
        {
            foreach ((string name, JsonNode? value) in fields)
                Collect(value!, path.Length == 0 ? name : $"{path}.{name}", found);
        }
        else
        {
            found.Add(path);
        }
    }

    private static string Part(string page, string heading)
    {
        int start = page.IndexOf(heading, StringComparison.Ordinal);
        int end = page.IndexOf("\n## ", start, StringComparison.Ordinal);
        return page[start..end];
    }

    private static IEnumerable<string> FirstCells(string page) =>
        SpecFiles.Rows(SpecFiles.Page(page)).Where(row => row[0].StartsWith('`') && char.IsUpper(row[0][1]))
            .Select(row => row[0].Trim('`'));

    private static IEnumerable<string> Constants(Type type) => type
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => $"{field.Name} = {field.GetRawConstantValue()}");

    [GeneratedRegex("`([A-Z][a-z]+[A-Z][A-Za-z]+)`")]
    private static partial Regex CodeName();
}
