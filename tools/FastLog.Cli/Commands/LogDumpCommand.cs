using System.CommandLine;
using FastLog.Cli.CommandLine;
using FastLog.Cli.Consuming;
using FastLog.Primitives;
using FastLog.Records;
using FastLog.Storage.Inspection;

namespace FastLog.Cli.Commands;

/// <summary><c>fastlog log dump</c>: shows the batches of segments, and their records if asked.</summary>
internal static class LogDumpCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("DIR-or-SEGMENT") { Description = "A data, topic or partition directory, or one segment" };
        var records = new Option<bool>("--records") { Description = "Show the records, one JSON object a line" };
        Option<bool> json = CommonOptions.Json();
        return CommandBuilder.Create("dump", "Show the batches of segments, or their records",
                "fastlog log dump ./data/topics/orders-*/0", "fastlog log dump 00000000000000000000.log --records")
            .With(path, records, json)
            .Does((result, token) =>
            {
                (LogInspection inspection, IReadOnlyList<InspectedPartition> partitions) = LogCommand.Open(result.GetRequiredValue(path));
                using Stream output = Console.OpenStandardOutput();
                using var dump = new Dump(inspection, output, result.GetValue(records), result.GetValue(json));
                bool whole = true;
                foreach (InspectedPartition partition in partitions)
                    whole &= dump.Run(partition, token);
                return Task.FromResult(whole ? ExitCode.Done : ExitCode.Failed);
            });
    }

    private sealed class Dump : IDisposable
    {
        private readonly LogInspection _inspection;
        private readonly RecordPrinter _printer;
        private readonly StreamWriter _text;
        private readonly InflateBuffer _inflated = new(BufferPool.Shared);
        private readonly bool _records;
        private readonly bool _json;

        public Dump(LogInspection inspection, Stream output, bool records, bool json)
        {
            _inspection = inspection;
            _records = records;
            _json = json;
            _printer = new RecordPrinter(output, RecordFormat.Json, "");
            _text = new StreamWriter(output, leaveOpen: true) { AutoFlush = false };
        }

        public bool Run(InspectedPartition partition, CancellationToken cancellationToken)
        {
            bool whole = true;
            foreach (string segment in _inspection.Segments(partition))
            {
                if (!_records && !_json)
                    _text.WriteLine($"segment {segment}");
                string ended = _inspection.Walk(segment, (position, header, bytes) =>
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (_records)
                        ShowRecords(partition, bytes);
                    else
                        ShowBatch(segment, position, header);
                    return true;
                });
                if (ended.Length == 0)
                    continue;
                whole = false;
                Console.Error.WriteLine($"fastlog: {segment}: {ended}");
            }

            _printer.Flush();
            _text.Flush();
            return whole;
        }

        public void Dispose()
        {
            _text.Dispose();
            _printer.Dispose();
            _inflated.Dispose();
        }

        private void ShowRecords(InspectedPartition partition, ReadOnlyMemory<byte> batch)
        {
            BatchStatus status = RecordReader.TryOpen(batch.Span, _inflated, out RecordReader reader);
            if (status != BatchStatus.Ok)
                throw CliException.Failed($"the records of a batch cannot be read: {status}");
            while (reader.Read())
                _printer.Print(partition.Topic, partition.Id?.Partition ?? default, reader);
        }

        private void ShowBatch(string segment, FilePosition position, in BatchHeader header)
        {
            LogOffset last = header.BaseOffset.Plus(header.LastOffsetDelta);
            if (_json)
            {
                _text.WriteLine(
                    $"{{\"file\":{System.Text.Json.JsonSerializer.Serialize(segment)},\"position\":{position},"
                    + $"\"baseOffset\":{header.BaseOffset},\"lastOffset\":{last},\"records\":{header.RecordCount},"
                    + $"\"sizeBytes\":{header.BatchSize},\"leaderEpoch\":{header.LeaderEpoch},"
                    + $"\"codec\":\"{header.Codec.ToString().ToLowerInvariant()}\",\"crc\":{header.Crc},"
                    + $"\"maxTimestamp\":\"{JsonOutput.Time(header.MaxTimestamp)}\"}}");
                return;
            }

            _text.WriteLine(
                $"  position {position}  offsets {header.BaseOffset}-{last}  records {header.RecordCount}  bytes {header.BatchSize}  "
                + $"epoch {header.LeaderEpoch}  codec {header.Codec.ToString().ToLowerInvariant()}  crc {header.Crc:x8}  "
                + $"max time {JsonOutput.Time(header.MaxTimestamp)}");
        }
    }
}
