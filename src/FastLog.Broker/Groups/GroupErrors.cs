using FastLog.Broker.Partitions;
using FastLog.Protocol;

namespace FastLog.Broker.Groups;

/// <summary>Errors that several requests for groups share.</summary>
internal static class GroupErrors
{
    public static RequestError Unknown(string groupId) =>
        new(ErrorCode.UnknownGroup, $"group '{groupId}' has committed nothing, or nothing for longer than offsets are kept");
}
