namespace FastLog.Primitives;

/// <summary>"Did you mean": the known name nearest to an unknown one.</summary>
public static class Suggestion
{
    /// <summary>The nearest candidate within a third of the word's length (at least 2 edits), or null.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        ArgumentNullException.ThrowIfNull(word);
        ArgumentNullException.ThrowIfNull(candidates);
        int distanceMax = Math.Max(2, word.Length / 3);
        return candidates
            .Select(candidate => (Name: candidate, Distance: Distance(word, candidate)))
            .Where(found => found.Distance <= distanceMax)
            .OrderBy(found => found.Distance)
            .ThenBy(found => found.Name, StringComparer.Ordinal)
            .Select(found => found.Name)
            .FirstOrDefault();
    }

    /// <summary>"; did you mean 'x'?" or nothing.</summary>
    public static string Phrase(string word, IEnumerable<string> candidates) =>
        Nearest(word, candidates) is { } name ? $"; did you mean '{name}'?" : "";

    // Levenshtein's distance, one row at a time.
    private static int Distance(string left, string right)
    {
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int above = row[j];
                int change = left[i - 1] == right[j - 1] ? 0 : 1;
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + change);
                diagonal = above;
            }
        }

        return row[^1];
    }
}
