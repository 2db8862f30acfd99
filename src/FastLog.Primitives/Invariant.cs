using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace FastLog.Primitives;

/// <summary>Checks that stay on in Release: a failure is our own bug, caught nowhere but at the owner, which fences.</summary>
public static class Invariant
{
    /// <exception cref="InvariantViolationException">The condition does not hold.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Check(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string text = "",
        [CallerFilePath] string file = "",
        [CallerLineNumber] int line = 0)
    {
        if (!condition)
            Throw(text, file, line);
    }

    [DoesNotReturn]
    private static void Throw(string text, string file, int line) =>
        throw new InvariantViolationException($"invariant violated: {text} ({Path.GetFileName(file)}:{line})");
}
