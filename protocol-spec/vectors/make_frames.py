#!/usr/bin/env python3
"""Writes frames.json and messages.json and the worked examples of the message pages.

It knows the layouts from the pages, not from the C# codecs, so that the two check each other. Run it after a layout
was added; vectors of a released version never change.
"""
import json
import pathlib
import re
import struct

HERE = pathlib.Path(__file__).parent
SPEC = HERE.parent
MAGIC, KINDS = 0xF1, {"request": 1, "response": 2, "error": 3, "oneWay": 4, "push": 5}
TOPIC = "6f1d2c3b4a5968778695a4b3c2d1e0f0"
CLUSTER = "00112233445566778899aabbccddeeff"
NONE = "0" * 32

CRC_TABLE = []
for index in range(256):
    value = index
    for _ in range(8):
        value = (value >> 1) ^ 0x82F63B78 if value & 1 else value >> 1
    CRC_TABLE.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


# ---- layouts: (field, type); a list is an array of a type or of fields, a dict-less tuple list is a group ----
RANGE = [("key", "u16"), ("first", "u16"), ("last", "u16")]
PLACE = [("topicId", "uuid"), ("partition", "i32")]
OUTCOME = [("error", "u16"), ("errorMessage", "string")]
COMMITTED = [("offset", "i64"), ("leaderEpoch", "i32"), ("metadata", "string")]
REFERENCE = [("name", "string"), ("id", "uuid")]
LAYOUTS = {
    "error": [("code", "u16"), ("message", "string"), ("apis", [RANGE])],
    "hello.request": [("clientName", "string"), ("clientVersion", "string"), ("features", ["string"]),
                      ("clusterId", "uuid"), ("nodeId", "i32")],
    "hello.response": [("serverName", "string"), ("serverVersion", "string"), ("clusterId", "uuid"),
                       ("nodeId", "i32"), ("apis", [RANGE]), ("features", ["string"]),
                       ("limits", [("frameSizeMax", "u32"), ("batchSizeMax", "u32"), ("fetchSizeMax", "u32"),
                                   ("requestsInFlightMax", "u32"), ("idleTimeoutMs", "u32")])],
    "metadata.request": [("allTopics", "bool"), ("names", ["string"]), ("ids", ["uuid"]), ("allowAutoCreate", "bool")],
    "metadata.response": [
        ("clusterId", "uuid"), ("controller", "i32"),
        ("brokers", [[("node", "i32"), ("host", "string"), ("port", "u32"), ("rack", "string")]]),
        ("topics", [OUTCOME + REFERENCE + [("isInternal", "bool"), ("partitions", [[
            ("partition", "i32"), ("error", "u16"), ("leader", "i32"), ("leaderEpoch", "i32"),
            ("replicas", ["i32"]), ("inSyncReplicas", ["i32"])]])]])],
    "create-topic.request": [("name", "string"), ("partitionCount", "u32"), ("replicationFactor", "u32"),
                             ("configs", [[("key", "string"), ("value", "string")]])],
    "create-topic.response": [("id", "uuid"), ("partitionCount", "u32"), ("replicationFactor", "u32")],
    "delete-topic.request": [("topic", REFERENCE)],
    "delete-topic.response": REFERENCE,
    "list-topics.request": [("includeInternal", "bool")],
    "list-topics.response": [("topics", [REFERENCE + [("partitionCount", "u32"), ("replicationFactor", "u32"),
                                                      ("isInternal", "bool")]])],
    "describe-topic.request": [("topic", REFERENCE)],
    "describe-topic.response": REFERENCE + [
        ("isInternal", "bool"), ("replicationFactor", "u32"),
        ("configs", [[("key", "string"), ("value", "string"), ("source", "u8")]]),
        ("partitions", [[("partition", "i32")] + OUTCOME + [
            ("leader", "i32"), ("leaderEpoch", "i32"), ("logStart", "i64"), ("logEnd", "i64"),
            ("highWatermark", "i64"), ("sizeBytes", "u64"), ("segmentCount", "u32")]])],
    "alter-topic.request": [("topic", REFERENCE), ("set", [[("key", "string"), ("value", "string")]]),
                            ("unset", ["string"])],
    "alter-topic.response": REFERENCE + [("configs", [[("key", "string"), ("value", "string"), ("source", "u8")]])],
    "add-partitions.request": [("topic", REFERENCE), ("partitionCount", "u32")],
    "add-partitions.response": REFERENCE + [("partitionCount", "u32")],
    "produce.request": [("acks", "u8"), ("timeoutMs", "u32"), ("partitions", [PLACE + [("payloadSize", "u32")]])],
    "produce.response": [("partitions", [PLACE + OUTCOME + [
        ("baseOffset", "i64"), ("lastOffset", "i64"), ("logStart", "i64"), ("durability", "u8")]])],
    "fetch.request": [("waitMaxMs", "u32"), ("bytesMin", "u32"), ("bytesMax", "u32"), ("partitions", [PLACE + [
        ("fetchOffset", "i64"), ("lastEpoch", "i32"), ("currentLeaderEpoch", "i32"), ("bytesMax", "u32")]])],
    "fetch.response": [("partitions", [PLACE + OUTCOME + [
        ("highWatermark", "i64"), ("logStart", "i64"), ("logEnd", "i64"), ("leaderEpoch", "i32"),
        ("divergingEpoch", "i32"), ("epochEnd", "i64"), ("corruptEnd", "i64"), ("payloadSize", "u32")]])],
    "list-offsets.request": [("partitions", [PLACE + [
        ("currentLeaderEpoch", "i32"), ("query", "u8"), ("timestamp", "i64")]])],
    "list-offsets.response": [("partitions", [PLACE + OUTCOME + [
        ("offset", "i64"), ("timestamp", "i64"), ("leaderEpoch", "i32")]])],
    "delete-records.request": [("partitions", [PLACE + [("currentLeaderEpoch", "i32"), ("before", "i64")]])],
    "delete-records.response": [("partitions", [PLACE + OUTCOME + [("logStart", "i64")]])],
    "init-producer.request": [],
    "init-producer.response": [("producerId", "i64"), ("producerEpoch", "u16")],
    "commit-offsets.request": [("groupId", "string"), ("memberId", "string"), ("generation", "i32"),
                               ("partitions", [PLACE + COMMITTED])],
    "commit-offsets.response": [("partitions", [PLACE + OUTCOME])],
    "fetch-offsets.request": [("groupId", "string"), ("partitions", [PLACE])],
    "fetch-offsets.response": [("partitions", [PLACE + COMMITTED])],
    "list-groups.request": [("prefix", "string")],
    "list-groups.response": [("groups", [[("groupId", "string"), ("partitionCount", "u32"), ("committedAt", "i64")]])],
    "describe-group.request": [("groupId", "string")],
    "describe-group.response": [("groupId", "string"), ("generation", "i32"), ("partitions", [
        [("topic", "string")] + PLACE + COMMITTED + [("committedAt", "i64"), ("logStart", "i64"),
                                                     ("highWatermark", "i64")]])],
    "delete-group.request": [("groupId", "string")],
    "delete-group.response": [("groupId", "string"), ("partitionCount", "u32")],
}
KEYS = {"error": 0, "hello": 1, "metadata": 16, "create-topic": 17, "delete-topic": 18, "list-topics": 19,
        "describe-topic": 20, "alter-topic": 21, "add-partitions": 22,
        "produce": 32, "fetch": 33, "list-offsets": 34, "delete-records": 35, "init-producer": 64, "commit-offsets": 80,
        "fetch-offsets": 81, "list-groups": 82, "describe-group": 83, "delete-group": 84}
NUMBERS = {"u8": ">B", "u16": ">H", "u32": ">I", "u64": ">Q", "i32": ">i", "i64": ">q"}


def encode(kind, value, name, out):
    """Appends (bytes, note) pairs."""
    if isinstance(kind, list) and kind and isinstance(kind[0], tuple):
        for field, inner in kind:
            encode(inner, value[field], f"{name}.{field}" if name else field, out)
    elif isinstance(kind, list):
        out.append((struct.pack(">I", len(value)), f"{name}: count {len(value)}"))
        for at, element in enumerate(value):
            encode(kind[0], element, f"{name}[{at}]", out)
    elif kind == "string":
        text = value.encode()
        out.append((struct.pack(">H", len(text)), f"{name}: size {len(text)}"))
        if text:
            out.append((text, f'{name}: "{value}"'))
    elif kind == "uuid":
        out.append((bytes.fromhex(value), name + (": none" if value == NONE else "")))
    elif kind == "bool":
        out.append((bytes([value]), f"{name}: {'true' if value else 'false'}"))
    else:
        out.append((struct.pack(NUMBERS[kind], value), f"{name}: {value}"))


def tag(number, value):
    return struct.pack(">HI", number, len(value)) + value


def fields_of(message, body):
    out = []
    if LAYOUTS[message]:
        encode(LAYOUTS[message], body, "", out)
    return out


def head(kind, key, correlation, header, body, payload, version=1, flags=0, magic=MAGIC, header_size=None,
         body_size=None, frame_size=None, crc=None):
    header_size = len(header) if header_size is None else header_size
    body_size = len(body) if body_size is None else body_size
    frame_size = 28 + len(header) + len(body) + len(payload) if frame_size is None else frame_size
    fixed = struct.pack(">IBBHHHIQI", frame_size, magic, kind, header_size, key, version, flags, correlation, body_size)
    crc = crc32c(fixed + bytes(4) + header + body) if crc is None else crc
    return fixed + struct.pack(">I", crc)


def frame(kind, key, correlation, body, header=b"", payload=b"", **wrong):
    return head(kind, key, correlation, header, body, payload, **wrong) + header + body + payload


def varint(value):
    value = (value << 1) ^ (value >> 63)
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def batch_fields(values, base_offset, epoch, timestamp):
    records = b""
    for at, text in enumerate(values):
        record = b"\x00" + varint(0) + varint(at) + varint(-1) + varint(len(text)) + text + varint(0)
        records += varint(len(record)) + record
    covered = [
        (struct.pack(">h", 0), "attributes: no codec"),
        (struct.pack(">i", len(values) - 1), f"last offset delta: {len(values) - 1}"),
        (struct.pack(">q", timestamp), "base timestamp"),
        (struct.pack(">q", timestamp), "max timestamp"),
        (struct.pack(">q", -1), "producer id: none"),
        (struct.pack(">h", -1), "producer epoch: none"),
        (struct.pack(">i", -1), "base sequence: none"),
        (struct.pack(">i", len(values)), f"records: {len(values)}"),
        (records, "the records"),
    ]
    raw = b"".join(part for part, _ in covered)
    return [
        (struct.pack(">q", base_offset), f"payload: batch, base offset {base_offset}"),
        (struct.pack(">i", len(raw) + 9), f"batch length: {len(raw) + 9}, what follows"),
        (struct.pack(">i", epoch), f"leader epoch: {epoch}"),
        (b"\x02", "batch magic: 2"),
        (struct.pack(">I", crc32c(raw)), "CRC-32C of the rest"),
    ] + covered


SENT = batch_fields([b"hello", b"world"], 0, -1, 1700000000000)
STORED = batch_fields([b"hello", b"world"], 40, 2, 1700000000000)
SENT_SIZE, STORED_SIZE = (sum(len(part) for part, _ in fields) for fields in (SENT, STORED))
LEADER = {"partition": 0, "error": 0, "leader": 1, "leaderEpoch": 2, "replicas": [1, 2], "inSyncReplicas": [1]}
RANGES = [{"key": key, "first": 1, "last": 1} for name, key in KEYS.items() if key]
AT = {"topicId": TOPIC, "partition": 0}
FINE = {"error": 0, "errorMessage": ""}

# name, message, kind, correlation, body, payload fields, header tags
MESSAGES = [
    ("hello-request", "hello.request", "request", 1,
     {"clientName": "example", "clientVersion": "1.0", "features": [], "clusterId": NONE, "nodeId": -1}, [], {}),
    ("hello-response", "hello.response", "response", 1,
     {"serverName": "fastlog", "serverVersion": "0.1.0", "clusterId": CLUSTER, "nodeId": 1, "apis": RANGES,
      "features": [], "limits": {"frameSizeMax": 16777216, "batchSizeMax": 8388608, "fetchSizeMax": 12582912,
                                 "requestsInFlightMax": 64, "idleTimeoutMs": 600000}}, [], {}),
    ("hello-request-features", "hello.request", "request", 2,
     {"clientName": "ünïcode", "clientVersion": "", "features": ["push", "trace"], "clusterId": CLUSTER,
      "nodeId": 3}, [], {}),
    ("hello-response-features", "hello.response", "response", 2,
     {"serverName": "fastlog", "serverVersion": "9", "clusterId": CLUSTER, "nodeId": 3, "apis": [],
      "features": ["push"], "limits": {"frameSizeMax": 65536, "batchSizeMax": 4096, "fetchSizeMax": 4096,
                                       "requestsInFlightMax": 1, "idleTimeoutMs": 1}}, [], {}),
    ("metadata-request", "metadata.request", "request", 2,
     {"allTopics": False, "names": ["orders"], "ids": [], "allowAutoCreate": False}, [], {}),
    ("metadata-response", "metadata.response", "response", 2,
     {"clusterId": CLUSTER, "controller": 1,
      "brokers": [{"node": 1, "host": "127.0.0.1", "port": 9500, "rack": ""}],
      "topics": [{**FINE, "name": "orders", "id": TOPIC, "isInternal": False, "partitions": [LEADER]}]}, [], {}),
    ("metadata-request-all", "metadata.request", "request", 3,
     {"allTopics": True, "names": [], "ids": [], "allowAutoCreate": True}, [], {}),
    ("metadata-request-id", "metadata.request", "request", 4,
     {"allTopics": False, "names": [], "ids": [TOPIC], "allowAutoCreate": False}, [], {}),
    ("metadata-response-unknown", "metadata.response", "response", 4,
     {"clusterId": CLUSTER, "controller": -1,
      "brokers": [{"node": 2, "host": "b.example", "port": 1, "rack": "r7"}],
      "topics": [{"error": 101, "errorMessage": "no topic has this id", "name": "", "id": TOPIC, "isInternal": False,
                  "partitions": []}]}, [], {}),
    ("create-topic-request", "create-topic.request", "request", 5,
     {"name": "orders", "partitionCount": 1, "replicationFactor": 0,
      "configs": [{"key": "flush", "value": "ack"}]}, [], {}),
    ("create-topic-response", "create-topic.response", "response", 5,
     {"id": TOPIC, "partitionCount": 1, "replicationFactor": 1}, [], {}),
    ("create-topic-error", "error", "error", 6,
     {"code": 102, "message": "topic 'orders' exists; choose another name or use it as it is", "apis": []}, [], {}),
    ("delete-topic-request", "delete-topic.request", "request", 7, {"topic": {"name": "orders", "id": NONE}}, [], {}),
    ("delete-topic-response", "delete-topic.response", "response", 7, {"name": "orders", "id": TOPIC}, [], {}),
    ("delete-topic-request-id", "delete-topic.request", "request", 8, {"topic": {"name": "", "id": TOPIC}}, [], {}),
    ("list-topics-request", "list-topics.request", "request", 9, {"includeInternal": False}, [], {}),
    ("list-topics-response", "list-topics.response", "response", 9,
     {"topics": [{"name": "orders", "id": TOPIC, "partitionCount": 1, "replicationFactor": 1,
                  "isInternal": False}]}, [], {}),
    ("list-topics-response-empty", "list-topics.response", "response", 10, {"topics": []}, [], {}),
    ("describe-topic-request", "describe-topic.request", "request", 11,
     {"topic": {"name": "orders", "id": NONE}}, [], {}),
    ("describe-topic-response", "describe-topic.response", "response", 11,
     {"name": "orders", "id": TOPIC, "isInternal": False, "replicationFactor": 1,
      "configs": [{"key": "flush", "value": "ack", "source": 2}],
      "partitions": [{"partition": 0, **FINE, "leader": 1, "leaderEpoch": 2, "logStart": 0, "logEnd": 42,
                      "highWatermark": 42, "sizeBytes": 4242, "segmentCount": 1}]}, [], {}),
    ("alter-topic-request", "alter-topic.request", "request", 30,
     {"topic": {"name": "orders", "id": NONE}, "set": [{"key": "flush", "value": "os"}], "unset": ["segment.bytes"]},
     [], {}),
    ("alter-topic-response", "alter-topic.response", "response", 30,
     {"name": "orders", "id": TOPIC, "configs": [{"key": "flush", "value": "os", "source": 2},
                                                 {"key": "segment.bytes", "value": "1073741824", "source": 0}]}, [], {}),
    ("add-partitions-request", "add-partitions.request", "request", 31,
     {"topic": {"name": "", "id": TOPIC}, "partitionCount": 12}, [], {}),
    ("add-partitions-response", "add-partitions.response", "response", 31,
     {"name": "orders", "id": TOPIC, "partitionCount": 12}, [], {}),
    ("produce-request", "produce.request", "request", 12,
     {"acks": 2, "timeoutMs": 30000, "partitions": [{**AT, "payloadSize": SENT_SIZE}]}, SENT, {}),
    ("produce-response", "produce.response", "response", 12,
     {"partitions": [{**AT, **FINE, "baseOffset": 40, "lastOffset": 41, "logStart": 0, "durability": 2}]}, [], {}),
    ("produce-one-way", "produce.request", "oneWay", 13,
     {"acks": 0, "timeoutMs": 0, "partitions": [{**AT, "payloadSize": SENT_SIZE},
                                                {**AT, "partition": 1, "payloadSize": SENT_SIZE}]}, SENT + SENT,
     {"deadlineMs": 1500}),
    ("produce-response-fenced", "produce.response", "response", 14,
     {"partitions": [{**AT, "error": 210, "errorMessage": "fdatasync failed: input/output error", "baseOffset": -1,
                      "lastOffset": -1, "logStart": -1, "durability": 0}]}, [], {}),
    ("produce-response-future-code", "produce.response", "response", 15,
     {"partitions": [{**AT, "error": 4711, "errorMessage": "from a later version", "baseOffset": -1,
                      "lastOffset": -1, "logStart": -1, "durability": 0}]}, [], {}),
    ("fetch-request", "fetch.request", "request", 16,
     {"waitMaxMs": 500, "bytesMin": 1, "bytesMax": 1048576,
      "partitions": [{**AT, "fetchOffset": 41, "lastEpoch": 2, "currentLeaderEpoch": -1, "bytesMax": 1048576}]},
     [], {}),
    ("fetch-response", "fetch.response", "response", 16,
     {"partitions": [{**AT, **FINE, "highWatermark": 42, "logStart": 0, "logEnd": 42, "leaderEpoch": 2,
                      "divergingEpoch": -1, "epochEnd": -1, "corruptEnd": -1, "payloadSize": STORED_SIZE}]},
     STORED, {}),
    ("fetch-response-truncated", "fetch.response", "response", 17,
     {"partitions": [{**AT, "error": 203, "errorMessage": "the log was truncated", "highWatermark": 42, "logStart": 0,
                      "logEnd": 42, "leaderEpoch": 4, "divergingEpoch": 1, "epochEnd": 30, "corruptEnd": -1,
                      "payloadSize": 0}]}, [], {}),
    ("fetch-response-corrupt", "fetch.response", "response", 18,
     {"partitions": [{**AT, "error": 212, "errorMessage": "offsets 10 to 19 are damaged", "highWatermark": 42,
                      "logStart": 0, "logEnd": 42, "leaderEpoch": 2, "divergingEpoch": -1, "epochEnd": -1,
                      "corruptEnd": 20, "payloadSize": 0}]}, [], {}),
    ("list-offsets-request", "list-offsets.request", "request", 19,
     {"partitions": [{**AT, "currentLeaderEpoch": -1, "query": 2, "timestamp": 1700000000000}]}, [], {}),
    ("list-offsets-response", "list-offsets.response", "response", 19,
     {"partitions": [{**AT, **FINE, "offset": 40, "timestamp": 1700000000000, "leaderEpoch": 2}]}, [], {}),
    ("list-offsets-request-ends", "list-offsets.request", "request", 20,
     {"partitions": [{**AT, "currentLeaderEpoch": 2, "query": 0, "timestamp": -1},
                     {**AT, "currentLeaderEpoch": 2, "query": 1, "timestamp": -1}]}, [],
     {"deadlineMs": 250, "principal": "alice", "trace": "0af7651916cd43dd8448eb211c80319cb7ad6b716920333101"}),
    ("delete-records-request", "delete-records.request", "request", 46,
     {"partitions": [{**AT, "currentLeaderEpoch": -1, "before": 40}]}, [], {}),
    ("delete-records-response", "delete-records.response", "response", 46,
     {"partitions": [{**AT, **FINE, "logStart": 40}]}, [], {}),
    ("delete-records-request-all", "delete-records.request", "request", 47,
     {"partitions": [{**AT, "currentLeaderEpoch": 2, "before": -1}]}, [], {}),
    ("delete-records-response-above", "delete-records.response", "response", 47,
     {"partitions": [{**AT, "error": 202, "errorMessage": "offset 43 is above the high watermark", "logStart": -1}]}, [], {}),
    ("init-producer-request", "init-producer.request", "request", 22, {}, [], {}),
    ("init-producer-response", "init-producer.response", "response", 22,
     {"producerId": 4213000, "producerEpoch": 0}, [], {}),
    ("init-producer-response-largest", "init-producer.response", "response", 23,
     {"producerId": 9223372036854775807, "producerEpoch": 32767}, [], {}),
    ("produce-response-out-of-order", "produce.response", "response", 24,
     {"partitions": [{**AT, "error": 300, "errorMessage": "sequence 42 where 40 must follow", "baseOffset": -1,
                      "lastOffset": -1, "logStart": -1, "durability": 0}]}, [], {}),
    ("error-unsupported-version", "error", "error", 21,
     {"code": 6, "message": "fetch version 9 is not known; this broker knows 1 to 1",
      "apis": [{"key": 33, "first": 1, "last": 1}]}, [], {}),
    ("commit-offsets-request", "commit-offsets.request", "request", 40,
     {"groupId": "billing", "memberId": "", "generation": -1,
      "partitions": [{**AT, "offset": 42, "leaderEpoch": 2, "metadata": ""}]}, [], {}),
    ("commit-offsets-response", "commit-offsets.response", "response", 40, {"partitions": [{**AT, **FINE}]}, [], {}),
    ("commit-offsets-request-member", "commit-offsets.request", "request", 41,
     {"groupId": "billing", "memberId": "m-1", "generation": 7,
      "partitions": [{**AT, "offset": 42, "leaderEpoch": -1, "metadata": "ünïcode"}]}, [], {}),
    ("fetch-offsets-request", "fetch-offsets.request", "request", 42,
     {"groupId": "billing", "partitions": [AT]}, [], {}),
    ("fetch-offsets-response", "fetch-offsets.response", "response", 42,
     {"partitions": [{**AT, "offset": 42, "leaderEpoch": 2, "metadata": ""}]}, [], {}),
    ("list-groups-request", "list-groups.request", "request", 43, {"prefix": ""}, [], {}),
    ("list-groups-response", "list-groups.response", "response", 43,
     {"groups": [{"groupId": "billing", "partitionCount": 1, "committedAt": 1700000000000}]}, [], {}),
    ("describe-group-request", "describe-group.request", "request", 44, {"groupId": "billing"}, [], {}),
    ("describe-group-response", "describe-group.response", "response", 44,
     {"groupId": "billing", "generation": -1, "partitions": [
         {"topic": "orders", **AT, "offset": 42, "leaderEpoch": 2, "metadata": "", "committedAt": 1700000000000,
          "logStart": 0, "highWatermark": 50}]}, [], {}),
    ("delete-group-request", "delete-group.request", "request", 45, {"groupId": "billing"}, [], {}),
    ("delete-group-response", "delete-group.response", "response", 45,
     {"groupId": "billing", "partitionCount": 1}, [], {}),
]


def header_fields(tags):
    out = []
    for name, number, value in (("deadlineMs", 1, lambda v: struct.pack(">I", v)),
                                ("principal", 2, lambda v: v.encode()), ("trace", 3, bytes.fromhex)):
        if name in tags:
            out.append((tag(number, value(tags[name])), f"header tag {number}: {name} {tags[name]}"))
    return out


def build(name, message, kind, correlation, body, payload, tags):
    page = message.split(".")[0]
    key = KEYS["create-topic"] if name == "create-topic-error" else KEYS["fetch"] if message == "error" else KEYS[page]
    header, fields = header_fields(tags), fields_of(message, body)
    join = lambda parts: b"".join(part for part, _ in parts)
    version = 9 if name == "error-unsupported-version" else 1
    fixed = head(KINDS[kind], key, correlation, join(header), join(fields), join(payload), version=version)
    frame_size, header_size, body_size = struct.unpack(">I", fixed[:4])[0], len(join(header)), len(join(fields))
    notes = [(4, f"frameSize: {frame_size}"), (1, "magic"), (1, f"kind: {KINDS[kind]}, {kind}"),
             (2, f"headerSize: {header_size}"), (2, f"apiKey: {key}"), (2, f"apiVersion: {version}"), (4, "flags"),
             (8, f"correlationId: {correlation}"), (4, f"bodySize: {body_size}"), (4, "crc32c")]
    parts, at = [], 0
    for size, note in notes:
        parts.append((fixed[at:at + size], note))
        at += size
    parts += header + fields + payload
    vector = {"name": name, "page": "04-errors.md" if message == "error" else f"messages/{page}.md", "status": "Ok",
              "message": message, "kind": kind, "apiKey": key, "apiVersion": version, "correlationId": correlation,
              "headerTags": tags, "body": body, "payload": join(payload).hex(), "hex": join(parts).hex()}
    return vector, parts


def example(parts):
    lines = []
    for raw, note in parts:
        chunks = [raw[at:at + 16].hex() for at in range(0, len(raw), 16)]
        lines.append(f"{chunks[0]:<34}; {note}")
        lines += chunks[1:]
    return "\n".join(lines)


def write_examples(examples):
    for page in [*sorted((SPEC / "messages").glob("*.md")), SPEC / "04-errors.md"]:
        text = page.read_text()
        fill = lambda match: f"```hex {match[1]}\n{examples[match[1]]}\n```"
        page.write_text(re.sub(r"```hex ([a-z-]+)\n(?:[^`\n]+\n)*```", fill, text))


# ---- what must be refused ----
def bad_vectors(valid):
    hello, fetch = valid["hello-request"], valid["fetch-request"]
    raw = lambda vector: bytes.fromhex(vector["hex"])
    body_of = lambda vector: raw(vector)[32:32 + struct.unpack(">I", raw(vector)[24:28])[0]]
    hello_body, fetch_body = body_of(hello), body_of(fetch)
    produce_body = body_of(valid["produce-request"])
    payload = b"".join(part for part, _ in SENT)
    out = []

    def add(name, page, status, data, note, limit=16777216):
        out.append({"name": name, "page": page, "status": status, "note": note, "frameSizeMax": limit,
                    "hex": data.hex()})

    def framing(name, status, data, note, limit=16777216):
        add(name, "02-framing.md", status, data, note, limit)

    def of(name, page, status, key, body, note, **more):
        add(name, page, status, frame(more.pop("kind", 1), key, 7, body, **more), note)

    good = raw(hello)
    framing("empty", "NeedMoreData", b"", "nothing has arrived")
    framing("size-only", "NeedMoreData", good[:4], "a sound size and nothing else")
    framing("cut-in-head", "NeedMoreData", good[:31], "the fixed part lacks a byte")
    framing("cut-in-body", "NeedMoreData", good[:-1], "the body lacks its last byte")
    framing("cut-in-payload", "NeedMoreData", raw(valid["produce-request"])[:-1], "the payload lacks its last byte")
    framing("oversize", "TooLarge", struct.pack(">I", 16777217), "one byte over the limit, seen from the size alone")
    framing("oversize-negative", "TooLarge", b"\xff\xff\xff\xff" + good[4:], "a size that would be negative as i32")
    framing("oversize-before-hello", "TooLarge", struct.pack(">I", 16385) + good[4:], "the limit until hello", 16384)
    framing("http-request", "TooLarge", b"GET / HTTP/1.1\r\nHost: localhost:9500\r\n\r\n", "another protocol", 16384)
    framing("tls-client-hello", "TooLarge", bytes.fromhex("16030100a5010000a10303"), "TLS to a plain port", 16384)
    framing("size-zero", "TooSmall", bytes(32), "a run of zeros is no frame")
    framing("size-27", "TooSmall", struct.pack(">I", 27) + good[4:], "the fixed part would not fit")
    framing("bad-magic", "BadMagic", good[:4] + b"\xf2" + good[5:], "another framing")
    framing("bad-magic-early", "BadMagic", good[:4] + b"\x00", "seen as soon as the fifth byte is there")
    framing("kind-zero", "BadKind", frame(0, 1, 7, hello_body), "kind 0 does not exist")
    framing("kind-six", "BadKind", frame(6, 1, 7, hello_body), "kind 6 does not exist")
    framing("flags", "BadFlags", frame(1, 1, 7, hello_body, flags=1), "all flags are kept free")
    framing("header-size-over-limit", "BadSizes", frame(1, 1, 7, hello_body, header=bytes(4097)), "4,097 bytes")
    framing("header-size-lies", "BadSizes", frame(1, 1, 7, b"", header_size=16), "larger than the frame")
    framing("body-size-lies", "BadSizes", frame(1, 1, 7, hello_body, body_size=len(hello_body) + 1), "one too many")
    framing("body-size-huge", "BadSizes", frame(1, 1, 7, hello_body, body_size=0xFFFFFFFF), "negative as i32")
    framing("body-size-over-limit", "BadSizes",
            frame(1, 1, 7, b"", frame_size=8388608, body_size=4194305), "4 MiB and a byte")
    framing("bad-crc", "BadCrc", good[:-1] + bytes([good[-1] ^ 1]), "a flipped bit in the body")
    framing("bad-crc-in-head", "BadCrc", good[:23] + bytes([good[23] ^ 1]) + good[24:], "in the correlation id")
    framing("crc-zero", "BadCrc", frame(1, 1, 7, hello_body, crc=0), "no CRC at all")
    framing("crc-with-payload", "BadCrc", frame(1, 32, 7, produce_body, payload=payload, crc=crc32c(
        head(1, 32, 7, b"", produce_body, payload)[:28] + bytes(4) + produce_body + payload)),
        "the payload does not belong to what the CRC covers")
    framing("header-tag-truncated", "BadHeaderTags:TagTruncated",
            frame(1, 1, 7, hello_body, header=tag(1, bytes(4))[:-1]), "the value lacks a byte")
    framing("header-tag-size-lies", "BadHeaderTags:TagTruncated",
            frame(1, 1, 7, hello_body, header=struct.pack(">HI", 1, 0xFFFFFFFF)), "a huge size")
    framing("header-tags-descend", "BadHeaderTags:TagsNotAscending",
            frame(1, 1, 7, hello_body, header=tag(2, b"a") + tag(1, bytes(4))), "2 before 1")
    framing("header-tag-twice", "BadHeaderTags:TagsNotAscending",
            frame(1, 1, 7, hello_body, header=tag(1, bytes(4)) * 2), "the same id twice")
    framing("header-tag-must-understand", "BadHeaderTags:UnknownTag",
            frame(1, 1, 7, hello_body, header=tag(0x8001, b"")), "the high bit, and not known")
    framing("header-tag-deadline-size", "BadHeaderTags:InvalidTag",
            frame(1, 1, 7, hello_body, header=tag(1, bytes(8))), "a deadline has 4 bytes")
    framing("header-tag-principal-text", "BadHeaderTags:InvalidTag",
            frame(1, 1, 7, hello_body, header=tag(2, b"\xff")), "not UTF-8")
    framing("header-tags-too-many", "BadHeaderTags:TooManyTags",
            frame(1, 1, 7, hello_body, header=b"".join(tag(100 + at, b"") for at in range(65))), "65 tags")
    framing("header-tag-unknown", "Ok", frame(1, 1, 7, hello_body, header=tag(0x7001, b"xyz")), "skipped")
    add("api-unknown", "06-versioning.md", "UnknownApi", frame(1, 9999, 7, b""), "no such key")
    add("version-unknown", "06-versioning.md", "UnsupportedVersion", frame(1, 33, 7, b"", version=2), "no such version")
    add("version-zero", "06-versioning.md", "UnsupportedVersion", frame(1, 33, 7, b"", version=0), "versions begin at 1")

    page = "01-types.md"
    of("body-empty", page, "Truncated", 1, b"", "all fields are missing")
    of("body-cut", page, "Truncated", 1, hello_body[:-1], "the last field lacks a byte")
    of("string-size-lies", page, "Truncated", 18, b"\xff\xff" + b"orders" + bytes(16), "a name of 65,535 bytes")
    of("string-not-utf8", page, "InvalidText", 18, b"\x00\x02\xc3\x28" + bytes(16), "a broken two-byte character")
    of("string-surrogate", page, "InvalidText", 18, b"\x00\x03\xed\xa0\x80" + bytes(16), "half a surrogate pair")
    of("string-overlong", page, "InvalidText", 18, b"\x00\x02\xc0\xaf" + bytes(16), "an overlong encoding")
    of("bool-two", page, "ValueOutOfRange", 19, b"\x02", "a bool is 0 or 1")
    of("count-huge", page, "InvalidCount", 16, b"\x00\xff\xff\xff\xff", "4 G names in 0 bytes; negative as i32")
    of("count-over-bytes", page, "InvalidCount", 16, b"\x00" + struct.pack(">I", 4) + bytes(6), "4 names in 6 bytes")
    of("tag-section-short", page, "TagTruncated", 19, b"\x00\x00", "a byte too many is no tag")
    of("trailing-bytes", page, "TagTruncated", 1, hello_body + b"\x00\x01\x00\x00\x00\x05abc", "a tag that lies")
    of("tags-descend", page, "TagsNotAscending", 19, b"\x00" + tag(9, b"") + tag(8, b""), "9 before 8")
    of("tag-must-understand", page, "UnknownTag", 19, b"\x00" + tag(0x8000, b"x"), "the high bit, and not known")
    of("tags-too-many", page, "TooManyTags", 19, b"\x00" + b"".join(tag(at, b"") for at in range(65)), "65 tags")
    out.append({**out[-1], "name": "tag-unknown", "status": "Ok", "note": "skipped",
                "hex": frame(1, 19, 7, b"\x00" + tag(9, b"later")).hex()})
    of("hello-node-below-none", "messages/hello.md", "ValueOutOfRange", 1, hello_body[:-4] + struct.pack(">i", -2),
       "a node is -1 or more")
    of("create-partitions-negative", "messages/create-topic.md", "ValueOutOfRange", 17,
       b"\x00\x01a" + b"\xff\xff\xff\xff" + bytes(8), "-1 partitions")
    of("alter-topic-unset-cut", "messages/alter-topic.md", "InvalidCount", 21,
       body_of(valid["alter-topic-request"])[:-15] + b"\x00", "a name lacks a byte of its size")
    of("alter-topic-set-count-huge", "messages/alter-topic.md", "InvalidCount", 21,
       body_of(valid["alter-topic-request"])[:24] + b"\xff\xff\xff\xff", "4 G settings in 0 bytes")
    of("alter-topic-source-unknown", "messages/alter-topic.md", "ValueOutOfRange", 21,
       body_of(valid["alter-topic-response"])[:-1] + b"\x03", "source is 0 to 2", kind=2)
    of("add-partitions-negative", "messages/add-partitions.md", "ValueOutOfRange", 22,
       body_of(valid["add-partitions-request"])[:-4] + b"\xff\xff\xff\xff", "-1 partitions")
    of("add-partitions-cut", "messages/add-partitions.md", "Truncated", 22,
       body_of(valid["add-partitions-request"])[:-1], "the count lacks a byte")
    place = bytes.fromhex(TOPIC) + bytes(4)
    of("produce-acks-three", "messages/produce.md", "ValueOutOfRange", 32, b"\x03" + bytes(8), "acks is 0 to 2")
    of("produce-count-negative", "messages/produce.md", "InvalidCount", 32, b"\x02" + bytes(4) + b"\xff\xff\xff\xff",
       "-1 partitions")
    of("produce-partition-negative", "messages/produce.md", "ValueOutOfRange", 32,
       b"\x02" + bytes(4) + struct.pack(">I", 1) + place[:16] + b"\xff\xff\xff\xff" + bytes(4), "partition -1")
    of("produce-payload-too-short", "messages/produce.md", "PayloadMismatch", 32, produce_body,
       "the frame has less than the body tells", payload=payload[:-1])
    of("produce-payload-too-long", "messages/produce.md", "PayloadMismatch", 32, produce_body,
       "the frame has more than the body tells", payload=payload + b"\x00")
    of("produce-payload-size-negative", "messages/produce.md", "ValueOutOfRange", 32,
       produce_body[:-4] + b"\xff\xff\xff\xff", "-1 bytes", payload=payload)
    of("produce-payload-sizes-overflow", "messages/produce.md", "PayloadMismatch", 32,
       b"\x02" + bytes(4) + struct.pack(">I", 2) + (place + struct.pack(">I", 0x7FFFFFFF)) * 2,
       "two sizes whose 32-bit sum would be -2")
    of("produce-durability-unknown", "messages/produce.md", "ValueOutOfRange", 32,
       body_of(valid["produce-response"])[:-1] + b"\x04", "durability is 0 to 3", kind=2)
    of("fetch-offset-below-none", "messages/fetch.md", "ValueOutOfRange", 33,
       fetch_body[:36] + struct.pack(">q", -2) + fetch_body[44:], "an offset is -1 or more")
    of("fetch-request-with-payload", "messages/fetch.md", "PayloadMismatch", 33, fetch_body,
       "this message has no payload", payload=b"x")
    of("fetch-response-payload-short", "messages/fetch.md", "PayloadMismatch", 33, body_of(valid["fetch-response"]),
       "the payload is missing", kind=2)
    of("list-offsets-query-three", "messages/list-offsets.md", "ValueOutOfRange", 34,
       struct.pack(">I", 1) + place + b"\xff\xff\xff\xff" + b"\x03" + bytes(8), "query is 0 to 2")
    of("list-offsets-count-zero-trailing", "messages/list-offsets.md", "TagTruncated", 34, bytes(4) + b"abc",
       "no partition and three bytes")
    of("delete-records-before-below-none", "messages/delete-records.md", "ValueOutOfRange", 35,
       body_of(valid["delete-records-request"])[:-8] + struct.pack(">q", -2), "an offset is -1 or more")
    of("delete-records-cut", "messages/delete-records.md", "InvalidCount", 35,
       body_of(valid["delete-records-request"])[:-1], "a count that the body, a byte short, cannot hold")
    of("delete-records-partition-negative", "messages/delete-records.md", "ValueOutOfRange", 35,
       struct.pack(">I", 1) + place[:16] + b"\xff\xff\xff\xff" + b"\xff\xff\xff\xff" + bytes(8), "partition -1")
    of("delete-records-with-payload", "messages/delete-records.md", "PayloadMismatch", 35,
       body_of(valid["delete-records-request"]), "this message has no payload", payload=b"x")
    of("init-producer-request-tail", "messages/init-producer.md", "TagTruncated", 64, b"abc", "no fields, no tag")
    of("init-producer-request-must-understand", "messages/init-producer.md", "UnknownTag", 64, tag(0x8001, b""),
       "a tag that this version does not know")
    of("init-producer-request-payload", "messages/init-producer.md", "PayloadMismatch", 64, b"",
       "this message has no payload", payload=b"x")
    of("init-producer-response-cut", "messages/init-producer.md", "Truncated", 64, bytes(9), "the epoch lacks a byte",
       kind=2)
    of("init-producer-id-negative", "messages/init-producer.md", "ValueOutOfRange", 64,
       struct.pack(">q", -1) + bytes(2), "an id is 0 or more", kind=2)
    of("init-producer-epoch-negative", "messages/init-producer.md", "ValueOutOfRange", 64,
       bytes(8) + b"\x80\x00", "an epoch is 0 to 32,767", kind=2)
    commit_body, described = body_of(valid["commit-offsets-request"]), body_of(valid["describe-group-response"])
    of("commit-offsets-generation-below-none", "messages/commit-offsets.md", "ValueOutOfRange", 80,
       commit_body[:11] + struct.pack(">i", -2) + commit_body[15:], "a generation is -1 or more")
    of("commit-offsets-offset-below-none", "messages/commit-offsets.md", "ValueOutOfRange", 80,
       commit_body[:39] + struct.pack(">q", -2) + commit_body[47:], "an offset is -1 or more")
    of("commit-offsets-metadata-cut", "messages/commit-offsets.md", "Truncated", 80,
       commit_body[:-2] + b"\x00\x01", "the metadata lacks its byte")
    of("commit-offsets-count-huge", "messages/commit-offsets.md", "InvalidCount", 80,
       commit_body[:15] + b"\xff\xff\xff\xff", "4 G partitions in 0 bytes")
    of("commit-offsets-answer-cut", "messages/commit-offsets.md", "InvalidCount", 80,
       body_of(valid["commit-offsets-response"])[:-1], "an outcome lacks a byte", kind=2)
    of("fetch-offsets-partition-negative", "messages/fetch-offsets.md", "ValueOutOfRange", 81,
       body_of(valid["fetch-offsets-request"])[:-4] + b"\xff\xff\xff\xff", "partition -1")
    of("fetch-offsets-answer-cut", "messages/fetch-offsets.md", "InvalidCount", 81,
       body_of(valid["fetch-offsets-response"])[:-1], "a committed offset lacks a byte", kind=2)
    of("list-groups-prefix-not-utf8", "messages/list-groups.md", "InvalidText", 82, b"\x00\x01\xff", "no text")
    of("list-groups-count-negative", "messages/list-groups.md", "InvalidCount", 82, b"\xff\xff\xff\xff",
       "-1 groups", kind=2)
    of("describe-group-empty", "messages/describe-group.md", "Truncated", 83, b"", "no group")
    of("describe-group-answer-cut", "messages/describe-group.md", "Truncated", 83, described[:-1],
       "the high watermark lacks a byte", kind=2)
    of("delete-group-trailing", "messages/delete-group.md", "TagTruncated", 84,
       body_of(valid["delete-group-request"]) + b"\x00", "a byte too many is no tag")
    of("delete-group-count-negative", "messages/delete-group.md", "ValueOutOfRange", 84,
       body_of(valid["delete-group-response"])[:-4] + b"\xff\xff\xff\xff", "-1 partitions", kind=2)
    of("error-apis-cut", "04-errors.md", "InvalidCount", 33, b"\x00\x06\x00\x00" + struct.pack(">I", 1) + bytes(5),
       "a range lacks a byte", kind=3)
    return out


def dump(path, vectors):
    path.write_text("[\n" + ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors) + "\n]\n")


def main():
    built = [build(*entry) for entry in MESSAGES]
    dump(HERE / "messages.json", [vector for vector, _ in built])
    dump(HERE / "frames.json", bad_vectors({vector["name"]: vector for vector, _ in built}))
    write_examples({vector["name"]: example(parts) for vector, parts in built})


main()
