using FastLog.Primitives;

namespace FastLog.Simulator;

/// <summary>
/// How kindly one power cut treats one file: drawn per file, so that whole losses, whole survivals and every mixture of
/// single sectors all come up often.
/// </summary>
internal readonly record struct PowerCutStyle(double Kept, double Torn)
{
    public static PowerCutStyle Draw(Prng random, PowerCutOutcome outcome)
    {
        if (outcome == PowerCutOutcome.AllLost)
            return new PowerCutStyle(0, 0);
        if (outcome == PowerCutOutcome.AllKept)
            return new PowerCutStyle(1, 0);
        return random.Next(6) switch
        {
            0 => new PowerCutStyle(0, 0),
            1 => new PowerCutStyle(1, 0),
            2 => new PowerCutStyle(0.5, 0),
            3 => new PowerCutStyle(0.9, 0.05),
            4 => new PowerCutStyle(0.1, 0.2),
            _ => new PowerCutStyle(0.3, 0.4),
        };
    }

    /// <summary>One sector after the cut: new, old, or torn at byte level.</summary>
    public byte[] Survivor(Prng random, byte[] old, byte[] written)
    {
        double draw = random.Next(1_000_000) / 1e6;
        if (draw < Kept)
            return written;
        if (draw >= Kept + Torn)
            return old;
        byte[] torn = (byte[])old.Clone();
        int at = (int)random.Next(old.Length + 1);
        switch (random.Next(3))
        {
            case 0:
                written.AsSpan(0, at).CopyTo(torn);
                break;
            case 1:
                written.AsSpan(at).CopyTo(torn.AsSpan(at));
                break;
            default:
                for (int i = 0; i < torn.Length; i++)
                    torn[i] = random.Next(2) == 0 ? old[i] : written[i];
                break;
        }

        return torn;
    }

    /// <summary>The file's size after the cut: as flushed, as written, or on the way between.</summary>
    public long SurvivingLength(Prng random, long durable, long written)
    {
        if (durable == written)
            return durable;
        double draw = random.Next(1_000_000) / 1e6;
        if (draw < Kept)
            return written;
        if (draw >= Kept + Torn)
            return durable;
        return random.Next(Math.Min(durable, written), Math.Max(durable, written) + 1);
    }
}
