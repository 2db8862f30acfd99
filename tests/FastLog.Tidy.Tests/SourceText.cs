using System.Text.RegularExpressions;

namespace FastLog.Tidy.Tests;

/// <summary>C# source reduced to what is code: comments and the insides of strings are blanked, lines are kept.</summary>
internal static partial class SourceText
{
    public static string[] CodeLines(string path)
    {
        string text = File.ReadAllText(path);
        string blanked = CommentsAndStrings().Replace(text, match =>
            match.Value[0] == '/'
                ? new string('\n', match.Value.Count(c => c == '\n'))
                : "\"" + new string('\n', match.Value.Count(c => c == '\n')) + "\"");
        return blanked.Split('\n');
    }

    [GeneratedRegex("""
        //[^\n]*|/\*.*?\*/|"{3,}.*?"{3,}|[$]?@"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'
        """, RegexOptions.Singleline | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex CommentsAndStrings();
}
