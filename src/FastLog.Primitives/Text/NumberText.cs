using System.Globalization;

namespace FastLog.Primitives;

/// <summary>A non-negative decimal number times a unit's factor.</summary>
internal static class NumberText
{
    public static bool TryScale(string digits, long factor, out long result)
    {
        result = 0;
        const NumberStyles style = NumberStyles.AllowDecimalPoint;
        if (!decimal.TryParse(digits, style, CultureInfo.InvariantCulture, out decimal number))
            return false;
        if (number > long.MaxValue / (decimal)factor)
            return false;
        result = (long)(number * factor);
        return true;
    }
}
