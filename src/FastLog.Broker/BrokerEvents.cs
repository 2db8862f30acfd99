using System.Net;
using FastLog.Broker.Topics;
using FastLog.Primitives;
using FastLog.Protocol;
using FastLog.Storage;

namespace FastLog.Broker;

/// <summary>The one list of what a broker tells.</summary>
internal static class BrokerEvents
{
    public static void Started(this IBrokerLog log, EndPoint address, Uid128 cluster, NodeId node, int partitions, bool wasClean)
    {
        string before = wasClean ? "the last stop was clean" : "the last stop was not clean: tails are recovered";
        Tell(
            log, BrokerEventKind.Started, BrokerEventLevel.Information,
            $"listening on {address}, cluster {cluster}, node {node}, {partitions} partitions to open; {before}");
    }

    public static void Recovering(this IBrokerLog log, int served, int all, long bytesRead, TimeSpan took) => Tell(
        log, BrokerEventKind.Recovering, BrokerEventLevel.Information,
        $"{served} of {all} partitions are served after {took.TotalSeconds:0.0} s, {bytesRead} bytes were read above their recovery points");

    public static void Ready(this IBrokerLog log, int served, int failed, long bytesRead, long producerBytesRead, TimeSpan took)
    {
        BrokerEventLevel level = failed == 0 ? BrokerEventLevel.Information : BrokerEventLevel.Error;
        string rest = failed == 0 ? "" : $", {failed} could not be opened";
        Tell(log, BrokerEventKind.Ready, level, $"{served} partitions are served after {took.TotalSeconds:0.000} s, {bytesRead} bytes were read above their recovery points, {producerBytesRead} for what is known of producers{rest}");
    }

    public static void Stopping(this IBrokerLog log) =>
        Tell(log, BrokerEventKind.Stopping, BrokerEventLevel.Information, "stopping: new work is refused");

    public static void Stopped(this IBrokerLog log, TimeSpan took) => Tell(
        log, BrokerEventKind.Stopped, BrokerEventLevel.Information, $"stopped after {took.TotalSeconds:0.000} s");

    public static void PartitionFailed(this IBrokerLog log, string topic, PartitionId partition, Exception cause) => Tell(
        log, BrokerEventKind.PartitionFailed, BrokerEventLevel.Error,
        $"partition {topic}/{partition} cannot be opened: {cause.Message}", cause);

    public static void PartitionFenced(this IBrokerLog log, string topic, PartitionId partition, StorageFault fault) => Tell(
        log, BrokerEventKind.PartitionFenced, BrokerEventLevel.Error,
        $"partition {topic}/{partition} takes no records any more: {fault.Message}", fault.Cause);

    public static void PartitionDamaged(this IBrokerLog log, string topic, PartitionId partition, LogDefect defect) => Tell(
        log, BrokerEventKind.PartitionDamaged, BrokerEventLevel.Error,
        $"partition {topic}/{partition} is damaged: {defect.Kind} in {defect.File} at {defect.Position}: {defect.Detail}");

    public static void PartitionUnknown(this IBrokerLog log, string topic, TopicPartition id) => Tell(
        log, BrokerEventKind.PartitionUnknown, BrokerEventLevel.Warning,
        $"the data directory holds partition {topic}/{id.Partition} of topic id {id.Topic}, which is in no list; it is left alone");

    public static void TopicCreated(this IBrokerLog log, Topic topic) => Tell(
        log, BrokerEventKind.TopicCreated, BrokerEventLevel.Information,
        $"topic {topic.Name} created: id {topic.Id}, {topic.PartitionCount} partitions");

    public static void TopicDeleted(this IBrokerLog log, Topic topic) => Tell(
        log, BrokerEventKind.TopicDeleted, BrokerEventLevel.Information, $"topic {topic.Name} deleted: id {topic.Id}");

    public static void TopicFilesRemoved(this IBrokerLog log, in DeletedTopic topic) => Tell(
        log, BrokerEventKind.TopicFilesRemoved, BrokerEventLevel.Debug,
        $"the directories of the deleted topic {topic.Name} (id {topic.Id}) are removed");

    public static void TopicFilesKept(this IBrokerLog log, in DeletedTopic topic, Exception cause) => Tell(
        log, BrokerEventKind.TopicFilesKept, BrokerEventLevel.Warning,
        $"directories of the deleted topic {topic.Name} (id {topic.Id}) stay until the next start: {cause.Message}", cause);

    public static void TopicGrown(this IBrokerLog log, Topic topic, int before) => Tell(
        log, BrokerEventKind.TopicGrown, BrokerEventLevel.Information,
        $"topic {topic.Name} has {topic.PartitionCount} partitions now, {before} before");

    public static void TopicAltered(this IBrokerLog log, Topic topic) => Tell(
        log, BrokerEventKind.TopicAltered, BrokerEventLevel.Information,
        $"settings of topic {topic.Name} changed; set on it now: "
        + (topic.Configs.Count == 0 ? "nothing" : string.Join(", ", topic.Configs.Select(entry => $"{entry.Key}={entry.Value}"))));

    public static void OffsetsLoaded(this IBrokerLog log, PartitionId partition, int offsets, int unknownRecords) => Tell(
        log, BrokerEventKind.OffsetsLoaded, unknownRecords == 0 ? BrokerEventLevel.Debug : BrokerEventLevel.Warning,
        $"{offsets} committed offsets are read from partition {partition}"
        + (unknownRecords == 0 ? "" : $"; {unknownRecords} records of a form that this version does not know were passed over"));

    public static void OffsetsDamaged(this IBrokerLog log, PartitionId partition, LogOffset first, LogOffset last) => Tell(
        log, BrokerEventKind.OffsetsDamaged, BrokerEventLevel.Error,
        $"committed offsets are lost with damage in partition {partition}, offsets {first} to {last} of its log: "
        + "their groups go on at an earlier commit");

    public static void OffsetsFailed(this IBrokerLog log, PartitionId partition, Exception cause) => Tell(
        log, BrokerEventKind.OffsetsFailed, BrokerEventLevel.Error,
        $"the committed offsets in partition {partition} cannot be used: {cause.Message}", cause);

    public static void OffsetsForgotten(this IBrokerLog log, int count) => Tell(
        log, BrokerEventKind.OffsetsForgotten, BrokerEventLevel.Information,
        $"{count} committed offsets of idle groups or deleted topics are forgotten");

    public static void Storage(this IBrokerLog log, StorageEvent told) => Tell(
        log,
        told.IsWarning ? BrokerEventKind.StorageWarned : BrokerEventKind.StorageTold,
        told.IsWarning ? BrokerEventLevel.Warning : BrokerEventLevel.Debug,
        $"{told.Id}: {told.Path}: {told.Message}");

    public static void RequestFailed(this IBrokerLog log, ApiKey api, EndPoint remote, Exception cause) => Tell(
        log, BrokerEventKind.RequestFailed, BrokerEventLevel.Error, $"{api} from {remote} failed: {cause.Message}", cause);

    public static void ProducerIdsFailed(this IBrokerLog log, Exception cause) => Tell(
        log, BrokerEventKind.ProducerIdsFailed, BrokerEventLevel.Error, $"no producer ids: {cause.Message}", cause);

    public static void Tell(
        this IBrokerLog log, BrokerEventKind kind, BrokerEventLevel level, string message, Exception? cause = null) =>
        log.Report(new BrokerEvent(kind, level, message, cause));
}
