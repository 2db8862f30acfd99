using FastLog.Primitives;

namespace FastLog.Client;

/// <summary>
/// Pauses between attempts: doubling up to a limit, the second half of each at random, so that clients spread out.
/// </summary>
internal sealed class Backoff(ClientOptions options, IEntropy entropy)
{
    private const int DoublingsMax = 30;

    /// <param name="failures">Failed attempts so far, 1 or more.</param>
    public TimeSpan After(int failures)
    {
        long first = options.RetryBackoffMin.Ticks;
        long limit = options.RetryBackoffMax.Ticks;
        int doublings = Math.Clamp(failures - 1, 0, DoublingsMax);
        long full = first > limit >> doublings ? limit : first << doublings;
        long half = full / 2;
        return new TimeSpan(half + (long)Math.BigMul(entropy.NextUInt64(), (ulong)(full - half + 1), out _));
    }
}
