namespace FastLog.Primitives.Tests;

public sealed class TextTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("1500", 1500)]
    [InlineData("64KiB", 65536)]
    [InlineData("1MiB", 1048576)]
    [InlineData("1.5 MiB", 1572864)]
    [InlineData("2GB", 2_000_000_000)]
    [InlineData("7B", 7)]
    public void Sizes_are_read_with_and_without_units(string text, long bytes)
    {
        Assert.True(SizeText.TryParse(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("-1")]
    [InlineData("MiB")]
    [InlineData("1e3")]
    [InlineData("5 parsecs")]
    [InlineData("99999999999999TiB")]
    public void What_is_no_size_is_refused(string? text) => Assert.False(SizeText.TryParse(text, out _));

    [Theory]
    [InlineData(67108864, "64MiB")]
    [InlineData(0, "0")]
    [InlineData(1500, "1500")]
    public void Sizes_are_shown_with_the_largest_unit_that_divides_them(long bytes, string text) =>
        Assert.Equal(text, SizeText.Format(bytes));

    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("5s", 5000)]
    [InlineData("7d", 604_800_000)]
    [InlineData("90", 90)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("2m", 120_000)]
    public void Durations_are_read_with_a_unit_or_in_the_names_own(string text, long milliseconds)
    {
        Assert.True(DurationText.TryParse(text, TimeSpan.FromMilliseconds(1), out TimeSpan read));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), read);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-5s")]
    [InlineData("5 weeks")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(DurationText.TryParse(text, null, out _));

    [Fact]
    public void An_unknown_name_finds_the_nearest_known_one()
    {
        Assert.Equal("orders", Suggestion.Nearest("ordrs", ["payments", "orders"]));
        Assert.Null(Suggestion.Nearest("xyz", ["payments", "orders"]));
        Assert.Equal("; did you mean 'orders'?", Suggestion.Phrase("ordres", ["orders"]));
    }
}
