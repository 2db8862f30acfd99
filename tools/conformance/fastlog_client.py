"""A small FastLog client, written from protocol-spec/ alone.

It shares no code with the program, so that each checks the other. Pages are named where their rules are followed.
Only Python's standard library is used; Python 3.9 is enough.
"""
from __future__ import annotations

import gzip
import socket
import struct
import time
import zlib
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

Body = Dict[str, Any]
NO_ID = "0" * 32


# ---- errors (04-errors.md, 01-types.md "Defects of a body", 02-framing.md "Defects of a frame") ----
class FastLogError(Exception):
    """Whatever this client raises by itself."""


class Defect(FastLogError):
    """Bytes that break a rule; `status` is the name that the pages and vectors use."""

    def __init__(self, status: str, why: str = "") -> None:
        super().__init__(f"{status}: {why}" if why else status)
        self.status = status


class BatchError(FastLogError):
    """A record batch that cannot be read; `code` is what a broker would answer (disk/record-batch.md)."""

    def __init__(self, code: ErrorCode, why: str) -> None:
        super().__init__(f"{code.name}: {why}")
        self.code = code


class ConnectionEnded(FastLogError):
    """The broker closed the connection; requests without an answer have an unknown outcome (03-connection.md)."""


class ErrorCode(IntEnum):
    """All codes of 04-errors.md. A number that is not here is kept as a plain int and never retried."""

    None_ = 0
    UnknownServerError = 1
    InvalidFrame = 2
    FrameTooLarge = 3
    HelloRequired = 4
    UnknownApi = 5
    UnsupportedVersion = 6
    InvalidRequest = 7
    Busy = 8
    DeadlineExceeded = 9
    ShuttingDown = 10
    WrongCluster = 11
    WrongNode = 12
    UnknownTopic = 100
    UnknownTopicId = 101
    TopicAlreadyExists = 102
    InvalidTopicName = 103
    InvalidPartitionCount = 104
    InvalidReplicationFactor = 105
    InvalidConfig = 106
    UnknownPartition = 107
    InternalTopic = 108
    NotLeader = 200
    NotReady = 201
    OffsetOutOfRange = 202
    LogTruncated = 203
    FencedEpoch = 204
    UnknownEpoch = 205
    InvalidBatch = 206
    BatchTooLarge = 207
    TimestampOutOfRange = 208
    CodecNotAvailable = 209
    LogFenced = 210
    DiskFull = 211
    CorruptLog = 212
    InvalidAcks = 213
    KeyMissing = 214
    OutOfOrderSequence = 300
    ProducerFenced = 301
    DuplicateSequence = 302
    ProducerIdsNotAvailable = 303
    InvalidGroupId = 400
    UnknownGroup = 401
    UnknownMember = 402


RETRIABLE = frozenset({ErrorCode.Busy, ErrorCode.DeadlineExceeded, ErrorCode.ShuttingDown, ErrorCode.NotLeader,
                       ErrorCode.NotReady, ErrorCode.FencedEpoch, ErrorCode.UnknownEpoch, ErrorCode.DiskFull,
                       ErrorCode.ProducerIdsNotAvailable})


def error_name(code: int) -> str:
    """The name of a code, or the bare number of one that this client does not know."""
    try:
        return ErrorCode(code).name
    except ValueError:
        return f"code {code}"


class BrokerError(FastLogError):
    """A request, or one partition's part of it, was refused with a code."""

    def __init__(self, code: int, message: str, apis: Sequence[Body] = ()) -> None:
        super().__init__(f"{error_name(code)}: {message}")
        self.code = code
        self.message = message
        self.apis = list(apis)

    @property
    def can_retry(self) -> bool:
        """Whether the same request may succeed later (04-errors.md, column *retry*)."""
        return self.code in RETRIABLE


# ---- CRC-32C (02-framing.md "CRC", disk/record-batch.md) ----
def _crc_table() -> List[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


_CRC_TABLE = _crc_table()


def crc32c(data: bytes) -> int:
    """Castagnoli, reflected, initial value and final xor 0xFFFFFFFF."""
    crc, table = 0xFFFFFFFF, _CRC_TABLE
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


# ---- types (01-types.md) ----
STRING_SIZE_MAX = 65_535
ARRAY_COUNT_MAX = 262_144
TAG_COUNT_MAX = 64


class Cursor:
    """A place in the bytes of a body."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise Defect("Truncated", f"{size} bytes wanted, {self.left} left")
        self.at += size
        return self.data[self.at - size:self.at]


class Type:
    """How a value is written; `size_min` is what an array's count is checked against."""

    size_min = 0

    def read(self, cursor: Cursor) -> Any:
        raise NotImplementedError

    def write(self, value: Any) -> bytes:
        raise NotImplementedError


class Number(Type):
    """A big-endian number with its range."""

    def __init__(self, form: str, low: int, high: int) -> None:
        self.form, self.low, self.high = form, low, high
        self.size_min = struct.calcsize(form)

    def check(self, value: int) -> int:
        if not self.low <= value <= self.high:
            raise Defect("ValueOutOfRange", f"{value} is not in {self.low}..{self.high}")
        return value

    def read(self, cursor: Cursor) -> int:
        return self.check(struct.unpack(self.form, cursor.take(self.size_min))[0])

    def write(self, value: int) -> bytes:
        return struct.pack(self.form, self.check(value))


class Bool(Type):
    size_min = 1

    def read(self, cursor: Cursor) -> bool:
        return ENUM_2.read(cursor) == 1

    def write(self, value: bool) -> bytes:
        return ENUM_2.write(int(value))


class String(Type):
    size_min = 2

    def read(self, cursor: Cursor) -> str:
        raw = cursor.take(U16.read(cursor))
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise Defect("InvalidText", str(error)) from None

    def write(self, value: str) -> bytes:
        raw = value.encode("utf-8")
        if len(raw) > STRING_SIZE_MAX:
            raise Defect("ValueOutOfRange", f"a string of {len(raw)} bytes")
        return U16.write(len(raw)) + raw


class Uuid(Type):
    """An identity, held as 32 hexadecimal digits; all zero means none."""

    size_min = 16

    def read(self, cursor: Cursor) -> str:
        return cursor.take(16).hex()

    def write(self, value: str) -> bytes:
        raw = bytes.fromhex(value)
        if len(raw) != 16:
            raise Defect("ValueOutOfRange", f"a uuid of {len(raw)} bytes")
        return raw


class Array(Type):
    size_min = 4

    def __init__(self, element: Type) -> None:
        self.element = element

    def read(self, cursor: Cursor) -> List[Any]:
        count = struct.unpack(">I", cursor.take(4))[0]
        if count > ARRAY_COUNT_MAX or count * self.element.size_min > cursor.left:
            raise Defect("InvalidCount", f"{count} elements in {cursor.left} bytes")
        return [self.element.read(cursor) for _ in range(count)]

    def write(self, value: Sequence[Any]) -> bytes:
        if len(value) > ARRAY_COUNT_MAX:
            raise Defect("InvalidCount", f"{len(value)} elements")
        return struct.pack(">I", len(value)) + b"".join(self.element.write(element) for element in value)


class Group(Type):
    """Fields in the order of their bytes."""

    def __init__(self, **fields: Type) -> None:
        self.fields = fields
        self.size_min = sum(type_.size_min for type_ in fields.values())

    def read(self, cursor: Cursor) -> Body:
        return {name: type_.read(cursor) for name, type_ in self.fields.items()}

    def write(self, value: Body) -> bytes:
        if set(value) != set(self.fields):
            raise Defect("ValueOutOfRange", f"fields {sorted(value)} for {sorted(self.fields)}")
        return b"".join(type_.write(value[name]) for name, type_ in self.fields.items())


ENUM_2, ENUM_3, ENUM_4 = (Number(">B", 0, last) for last in (1, 2, 3))
BOOL, STRING, UUID = Bool(), String(), Uuid()
U16 = Number(">H", 0, 0xFFFF)
SIZE = Number(">I", 0, 2**31 - 1)
MILLIS = Number(">I", 0, 2**32 - 1)
SIZE_64 = Number(">Q", 0, 2**63 - 1)
PARTITION = Number(">i", 0, 2**31 - 1)
NODE = EPOCH = Number(">i", -1, 2**31 - 1)
OFFSET = TIMESTAMP = Number(">q", -1, 2**63 - 1)
PRODUCER_ID, PRODUCER_EPOCH = Number(">q", 0, 2**63 - 1), Number(">H", 0, 2**15 - 1)


def read_tags(data: bytes, prefix: str = "") -> Dict[int, bytes]:
    """A tag section (01-types.md "Tags"). No must-understand tag is known to any version 1."""
    tags: Dict[int, bytes] = {}
    at, last = 0, -1
    while at < len(data):
        if len(tags) == TAG_COUNT_MAX:
            raise Defect(prefix + "TooManyTags")
        if len(data) - at < 6:
            raise Defect(prefix + "TagTruncated", "no room for id and size")
        number, size = struct.unpack_from(">HI", data, at)
        if number <= last:
            raise Defect(prefix + "TagsNotAscending", f"{number} after {last}")
        if number & 0x8000:
            raise Defect(prefix + "UnknownTag", f"tag {number:#06x} must be understood")
        if size > len(data) - at - 6:
            raise Defect(prefix + "TagTruncated", f"tag {number} has {size} bytes")
        tags[number] = data[at + 6:at + 6 + size]
        at, last = at + 6 + size, number
    return tags


def write_tags(tags: Dict[int, bytes]) -> bytes:
    return b"".join(struct.pack(">HI", number, len(tags[number])) + tags[number] for number in sorted(tags))


# ---- messages (messages/*.md, 04-errors.md) ----
@dataclass(frozen=True)
class Message:
    """One message's key and layouts; `payload` tells which of the two carries record batches."""

    name: str
    key: int
    request: Group
    response: Group
    payload: str = ""


_RANGES = Array(Group(key=U16, first=U16, last=U16))
_TOPIC = Group(name=STRING, id=UUID)

ERROR_BODY = Group(code=U16, message=STRING, apis=_RANGES)

HELLO = Message(
    "hello", 1,
    Group(clientName=STRING, clientVersion=STRING, features=Array(STRING), clusterId=UUID, nodeId=NODE),
    Group(serverName=STRING, serverVersion=STRING, clusterId=UUID, nodeId=NODE, apis=_RANGES, features=Array(STRING),
          limits=Group(frameSizeMax=SIZE, batchSizeMax=SIZE, fetchSizeMax=SIZE, requestsInFlightMax=SIZE,
                       idleTimeoutMs=MILLIS)))
METADATA = Message(
    "metadata", 16,
    Group(allTopics=BOOL, names=Array(STRING), ids=Array(UUID), allowAutoCreate=BOOL),
    Group(clusterId=UUID, controller=NODE,
          brokers=Array(Group(node=NODE, host=STRING, port=SIZE, rack=STRING)),
          topics=Array(Group(
              error=U16, errorMessage=STRING, name=STRING, id=UUID, isInternal=BOOL,
              partitions=Array(Group(partition=PARTITION, error=U16, leader=NODE, leaderEpoch=EPOCH,
                                     replicas=Array(NODE), inSyncReplicas=Array(NODE)))))))
CREATE_TOPIC = Message(
    "create-topic", 17,
    Group(name=STRING, partitionCount=SIZE, replicationFactor=SIZE, configs=Array(Group(key=STRING, value=STRING))),
    Group(id=UUID, partitionCount=SIZE, replicationFactor=SIZE))
DELETE_TOPIC = Message("delete-topic", 18, Group(topic=_TOPIC), Group(name=STRING, id=UUID))
LIST_TOPICS = Message(
    "list-topics", 19,
    Group(includeInternal=BOOL),
    Group(topics=Array(Group(name=STRING, id=UUID, partitionCount=SIZE, replicationFactor=SIZE, isInternal=BOOL))))
DESCRIBE_TOPIC = Message(
    "describe-topic", 20,
    Group(topic=_TOPIC),
    Group(name=STRING, id=UUID, isInternal=BOOL, replicationFactor=SIZE,
          configs=Array(Group(key=STRING, value=STRING, source=ENUM_3)),
          partitions=Array(Group(partition=PARTITION, error=U16, errorMessage=STRING, leader=NODE, leaderEpoch=EPOCH,
                                 logStart=OFFSET, logEnd=OFFSET, highWatermark=OFFSET, sizeBytes=SIZE_64,
                                 segmentCount=SIZE))))
ALTER_TOPIC = Message(
    "alter-topic", 21,
    Group(topic=_TOPIC, set=Array(Group(key=STRING, value=STRING)), unset=Array(STRING)),
    Group(name=STRING, id=UUID, configs=Array(Group(key=STRING, value=STRING, source=ENUM_3))))
ADD_PARTITIONS = Message(
    "add-partitions", 22,
    Group(topic=_TOPIC, partitionCount=SIZE),
    Group(name=STRING, id=UUID, partitionCount=SIZE))
PRODUCE = Message(
    "produce", 32,
    Group(acks=ENUM_3, timeoutMs=MILLIS,
          partitions=Array(Group(topicId=UUID, partition=PARTITION, payloadSize=SIZE))),
    Group(partitions=Array(Group(topicId=UUID, partition=PARTITION, error=U16, errorMessage=STRING, baseOffset=OFFSET,
                                 lastOffset=OFFSET, logStart=OFFSET, durability=ENUM_4))),
    payload="request")
FETCH = Message(
    "fetch", 33,
    Group(waitMaxMs=MILLIS, bytesMin=SIZE, bytesMax=SIZE,
          partitions=Array(Group(topicId=UUID, partition=PARTITION, fetchOffset=OFFSET, lastEpoch=EPOCH,
                                 currentLeaderEpoch=EPOCH, bytesMax=SIZE))),
    Group(partitions=Array(Group(topicId=UUID, partition=PARTITION, error=U16, errorMessage=STRING,
                                 highWatermark=OFFSET, logStart=OFFSET, logEnd=OFFSET, leaderEpoch=EPOCH,
                                 divergingEpoch=EPOCH, epochEnd=OFFSET, corruptEnd=OFFSET, payloadSize=SIZE))),
    payload="response")
LIST_OFFSETS = Message(
    "list-offsets", 34,
    Group(partitions=Array(Group(topicId=UUID, partition=PARTITION, currentLeaderEpoch=EPOCH, query=ENUM_3,
                                 timestamp=TIMESTAMP))),
    Group(partitions=Array(Group(topicId=UUID, partition=PARTITION, error=U16, errorMessage=STRING, offset=OFFSET,
                                 timestamp=TIMESTAMP, leaderEpoch=EPOCH))))

DELETE_RECORDS = Message(
    "delete-records", 35,
    Group(partitions=Array(Group(topicId=UUID, partition=PARTITION, currentLeaderEpoch=EPOCH, before=OFFSET))),
    Group(partitions=Array(Group(topicId=UUID, partition=PARTITION, error=U16, errorMessage=STRING, logStart=OFFSET))))
INIT_PRODUCER = Message("init-producer", 64, Group(), Group(producerId=PRODUCER_ID, producerEpoch=PRODUCER_EPOCH))
_COMMITTED = dict(topicId=UUID, partition=PARTITION, offset=OFFSET, leaderEpoch=EPOCH, metadata=STRING)
COMMIT_OFFSETS = Message(
    "commit-offsets", 80,
    Group(groupId=STRING, memberId=STRING, generation=EPOCH, partitions=Array(Group(**_COMMITTED))),
    Group(partitions=Array(Group(topicId=UUID, partition=PARTITION, error=U16, errorMessage=STRING))))
FETCH_OFFSETS = Message(
    "fetch-offsets", 81,
    Group(groupId=STRING, partitions=Array(Group(topicId=UUID, partition=PARTITION))),
    Group(partitions=Array(Group(**_COMMITTED))))
LIST_GROUPS = Message(
    "list-groups", 82, Group(prefix=STRING),
    Group(groups=Array(Group(groupId=STRING, partitionCount=SIZE, committedAt=TIMESTAMP))))
DESCRIBE_GROUP = Message(
    "describe-group", 83, Group(groupId=STRING),
    Group(groupId=STRING, generation=EPOCH,
          partitions=Array(Group(topic=STRING, **_COMMITTED, committedAt=TIMESTAMP, logStart=OFFSET,
                                 highWatermark=OFFSET))))
DELETE_GROUP = Message("delete-group", 84, Group(groupId=STRING), Group(groupId=STRING, partitionCount=SIZE))

MESSAGES = {message.key: message for message in (
    HELLO, METADATA, CREATE_TOPIC, DELETE_TOPIC, LIST_TOPICS, DESCRIBE_TOPIC, ALTER_TOPIC, ADD_PARTITIONS, PRODUCE, FETCH,
    LIST_OFFSETS, DELETE_RECORDS, INIT_PRODUCER, COMMIT_OFFSETS, FETCH_OFFSETS, LIST_GROUPS, DESCRIBE_GROUP, DELETE_GROUP)}
VERSION = 1


# ---- frames (02-framing.md) ----
MAGIC = 0xF1
HEAD = struct.Struct(">IBBHHHIQII")
FRAME_SIZE_MIN = 28
FRAME_SIZE_MAX_BEFORE_HELLO = 16_384
FRAME_SIZE_MAX_DEFAULT = 16_777_216
HEADER_SIZE_MAX = 4_096
BODY_SIZE_MAX = 4_194_304
TAG_DEADLINE, TAG_PRINCIPAL, TAG_TRACE = 1, 2, 3


class Kind(IntEnum):
    REQUEST = 1
    RESPONSE = 2
    ERROR = 3
    ONE_WAY = 4
    PUSH = 5


@dataclass(frozen=True)
class Frame:
    """One frame; the body is still bytes, see `decode_message`."""

    kind: Kind
    key: int
    version: int
    correlation: int
    header_tags: Dict[int, bytes]
    body: bytes
    payload: bytes = b""


def encode_frame(frame: Frame) -> bytes:
    header = write_tags(frame.header_tags)
    size = FRAME_SIZE_MIN + len(header) + len(frame.body) + len(frame.payload)
    fixed = (size, MAGIC, frame.kind, len(header), frame.key, frame.version, 0, frame.correlation, len(frame.body))
    covered = HEAD.pack(*fixed, 0) + header + frame.body
    return HEAD.pack(*fixed, crc32c(covered)) + header + frame.body + frame.payload


def read_frame(read: Callable[[int], bytes], frame_size_max: int = FRAME_SIZE_MAX_DEFAULT) -> Frame:
    """Reads one frame in the order of 02-framing.md "Reading a frame"; `read` returns exactly the bytes asked for."""
    start = read(4)
    size = struct.unpack(">I", start)[0]
    if size > frame_size_max:
        raise Defect("TooLarge", f"{size} bytes")
    if size < FRAME_SIZE_MIN:
        raise Defect("TooSmall", f"{size} bytes")
    start += read(1)
    if start[4] != MAGIC:
        raise Defect("BadMagic", f"{start[4]:#04x}")
    start += read(HEAD.size - 5)
    _, _, kind, header_size, key, version, flags, correlation, body_size, crc = HEAD.unpack(start)
    if kind not in tuple(Kind):
        raise Defect("BadKind", str(kind))
    if flags:
        raise Defect("BadFlags", f"{flags:#x}")
    payload_size = size - FRAME_SIZE_MIN - header_size - body_size
    if header_size > HEADER_SIZE_MAX or body_size > BODY_SIZE_MAX or payload_size < 0:
        raise Defect("BadSizes", f"frame {size}, header {header_size}, body {body_size}")
    rest = read(header_size + body_size)
    if crc32c(start[:28] + bytes(4) + rest) != crc:
        raise Defect("BadCrc")
    tags = _check_header_tags(read_tags(rest[:header_size], "BadHeaderTags:"))
    return Frame(Kind(kind), key, version, correlation, tags, rest[header_size:], read(payload_size))


def _check_header_tags(tags: Dict[int, bytes]) -> Dict[int, bytes]:
    """The forms of 02-framing.md "Header tags"; unknown ones are kept as they are."""
    for number, size in ((TAG_DEADLINE, 4), (TAG_TRACE, 25)):
        if number in tags and len(tags[number]) != size:
            raise Defect("BadHeaderTags:InvalidTag", f"tag {number} has {len(tags[number])} bytes")
    principal = tags.get(TAG_PRINCIPAL, b"")
    try:
        principal.decode("utf-8")
    except UnicodeDecodeError:
        raise Defect("BadHeaderTags:InvalidTag", "principal is not UTF-8") from None
    if len(principal) > 1_024:
        raise Defect("BadHeaderTags:InvalidTag", "principal is too long")
    return tags


def layout_of(frame: Frame) -> Group:
    """The layout of a frame's body (06-versioning.md); error frames have one whatever their key and version."""
    if frame.kind == Kind.ERROR:
        return ERROR_BODY
    if frame.key not in MESSAGES:
        raise Defect("UnknownApi", str(frame.key))
    if frame.version != VERSION:
        raise Defect("UnsupportedVersion", str(frame.version))
    message = MESSAGES[frame.key]
    return message.response if frame.kind == Kind.RESPONSE else message.request


def decode_message(frame: Frame) -> Body:
    """The fields of a frame's body; checks body tags and the payload's size too."""
    cursor = Cursor(frame.body)
    body = layout_of(frame).read(cursor)
    read_tags(frame.body[cursor.at:])
    sizes = [part["payloadSize"] for part in body["partitions"]] if _has_payload(frame) else []
    if sum(sizes) != len(frame.payload):
        raise Defect("PayloadMismatch", f"{sum(sizes)} bytes told, {len(frame.payload)} there")
    return body


def _has_payload(frame: Frame) -> bool:
    if frame.kind == Kind.ERROR:
        return False
    return MESSAGES[frame.key].payload == ("response" if frame.kind == Kind.RESPONSE else "request")


def split_payload(body: Body, payload: bytes) -> List[bytes]:
    """Each partition's share of a payload, in the order of `partitions` (messages/produce.md, messages/fetch.md)."""
    shares, at = [], 0
    for part in body["partitions"]:
        shares.append(payload[at:at + part["payloadSize"]])
        at += part["payloadSize"]
    return shares


# ---- varints (disk/record-batch.md "Varints") ----
def write_varint(value: int) -> bytes:
    """Zigzag, then seven bits a byte, the lowest first. The bytes are the same for 32 and 64 bits."""
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, at: int, bits: int = 32) -> Tuple[int, int]:
    """The value and the place behind it; refuses more than 5 (32 bits) or 10 (64 bits) bytes, and larger values."""
    value = shift = 0
    for count in range(5 if bits == 32 else 10):
        if at + count >= len(data):
            raise BatchError(ErrorCode.InvalidBatch, "a varint is cut")
        byte = data[at + count]
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if value >> bits:
                break
            return (value >> 1) ^ -(value & 1), at + count + 1
    raise BatchError(ErrorCode.InvalidBatch, f"a varint does not fit {bits} bits")


# ---- record batches (disk/record-batch.md) ----
BATCH_HEAD = struct.Struct(">qiibIhiqqqhii")
BATCH_COVERED_AT = 21
CODEC_NONE, CODEC_GZIP = 0, 1
CODEC_NAMES = ("none", "gzip", "snappy", "lz4", "zstd")
APPEND_TIME, TRANSACTIONAL, CONTROL, DELETE_HORIZON = 0x08, 0x10, 0x20, 0x40
RECORD_SIZE_MIN = 7
INFLATED_MAX, INFLATED_FREE, INFLATED_RATIO = 64 << 20, 16 << 20, 256


@dataclass
class Record:
    """One record; `timestamp` is its own, see `Batch.timestamp_of` for the one that applications see."""

    value: Optional[bytes]
    key: Optional[bytes] = None
    headers: List[Tuple[str, Optional[bytes]]] = field(default_factory=list)
    timestamp: int = -1
    offset: int = -1


@dataclass
class Batch:
    """A batch's header fields and records, in the order of the page's table."""

    base_offset: int = 0
    leader_epoch: int = -1
    attributes: int = 0
    last_offset_delta: int = 0
    base_timestamp: int = 0
    max_timestamp: int = 0
    producer_id: int = -1
    producer_epoch: int = -1
    base_sequence: int = -1
    record_count: int = 0
    records: List[Record] = field(default_factory=list)

    @property
    def codec(self) -> int:
        return self.attributes & 7

    @property
    def last_offset(self) -> int:
        return self.base_offset + self.last_offset_delta

    def timestamp_of(self, record: Record) -> int:
        return self.max_timestamp if self.attributes & APPEND_TIME else record.timestamp


def build_batch(records: Sequence[Record], codec: int = CODEC_NONE,
                producer: Tuple[int, int, int] = (-1, -1, -1)) -> bytes:
    """A batch as a client sends it: base offset 0, leader epoch -1. Records without a timestamp get the present.
    `producer` is id, epoch and base sequence (messages/produce.md "Producers")."""
    now = int(time.time() * 1000)
    placed = [Record(record.value, record.key, record.headers, record.timestamp if record.timestamp >= 0 else now, at)
              for at, record in enumerate(records)]
    times = [record.timestamp for record in placed]
    return encode_batch(Batch(attributes=codec, last_offset_delta=len(placed) - 1, base_timestamp=times[0],
                              max_timestamp=max(times), producer_id=producer[0], producer_epoch=producer[1],
                              base_sequence=producer[2], record_count=len(placed), records=placed))


def encode_batch(batch: Batch) -> bytes:
    raw = encode_records(batch)
    if batch.codec == CODEC_GZIP:
        raw = gzip.compress(raw, mtime=0)
    elif batch.codec != CODEC_NONE:
        raise BatchError(ErrorCode.CodecNotAvailable, f"codec {batch.codec}")
    return seal_batch(batch, raw)


def encode_records(batch: Batch) -> bytes:
    """The records before compression."""
    out = bytearray()
    for record in batch.records:
        body = bytearray(b"\x00")
        body += write_varint(_wrap(record.timestamp - batch.base_timestamp))
        body += write_varint(record.offset - batch.base_offset)
        body += _write_bytes(record.key) + _write_bytes(record.value)
        body += write_varint(len(record.headers))
        for name, value in record.headers:
            body += _write_bytes(name.encode("utf-8")) + _write_bytes(value)
        out += write_varint(len(body)) + body
    return bytes(out)


def seal_batch(batch: Batch, raw: bytes) -> bytes:
    """The header with its CRC before the stored form of the records, whatever it is."""
    covered = BATCH_HEAD.pack(0, 0, 0, 0, 0, batch.attributes, batch.last_offset_delta, batch.base_timestamp,
                              batch.max_timestamp, batch.producer_id, batch.producer_epoch, batch.base_sequence,
                              batch.record_count)[BATCH_COVERED_AT:] + raw
    return struct.pack(">qiibI", batch.base_offset, BATCH_COVERED_AT - 12 + len(covered), batch.leader_epoch, 2,
                       crc32c(covered)) + covered


def parse_batch(data: bytes) -> Batch:
    """Reads the one batch that `data` is, with its records, and checks all that a reader must."""
    batch = parse_batch_header(data)
    raw = stored_records(data)
    at = 0
    for _ in range(batch.record_count):
        record, at = _read_record(raw, at, batch)
        if batch.records and record.offset <= batch.records[-1].offset:
            raise BatchError(ErrorCode.InvalidBatch, "offset deltas do not rise")
        batch.records.append(record)
    if at != len(raw):
        raise BatchError(ErrorCode.InvalidBatch, f"{len(raw) - at} bytes behind the last record")
    return batch


def parse_batch_header(data: bytes) -> Batch:
    """The header with the CRC checked; no codec is needed for it."""
    if len(data) < BATCH_HEAD.size:
        raise BatchError(ErrorCode.InvalidBatch, f"{len(data)} bytes are no batch")
    (base, length, epoch, magic, crc, attributes, last_delta, base_time, max_time, producer, producer_epoch, sequence,
     count) = BATCH_HEAD.unpack_from(data)
    if magic != 2 or length != len(data) - 12:
        raise BatchError(ErrorCode.InvalidBatch, f"magic {magic}, length {length} of {len(data)} bytes")
    if not 0 <= base <= 2**63 - 2**31 - 1 or last_delta < 0 or count < 0:
        raise BatchError(ErrorCode.InvalidBatch, f"base offset {base}, delta {last_delta}, count {count}")
    if crc32c(data[BATCH_COVERED_AT:]) != crc:
        raise BatchError(ErrorCode.InvalidBatch, "the CRC differs")
    if attributes & ~0x7F or attributes & 7 >= len(CODEC_NAMES):
        raise BatchError(ErrorCode.InvalidBatch, f"attributes {attributes:#06x}")
    return Batch(base, epoch, attributes, last_delta, base_time, max_time, producer, producer_epoch, sequence, count)


def stored_records(data: bytes) -> bytes:
    """The records of a batch, inflated; refuses a codec that is not at hand (disk/record-batch.md "Codecs")."""
    codec = struct.unpack_from(">h", data, BATCH_COVERED_AT)[0] & 7
    raw = data[BATCH_HEAD.size:]
    if codec == CODEC_NONE or not raw:
        return raw
    if codec != CODEC_GZIP:
        raise BatchError(ErrorCode.CodecNotAvailable, f"codec {CODEC_NAMES[codec]} is not available")
    limit = min(INFLATED_MAX, max(INFLATED_FREE, INFLATED_RATIO * len(raw)))
    out = b""
    while raw:  # RFC 1952: a series of members
        inflater = zlib.decompressobj(wbits=31)
        try:
            out += inflater.decompress(raw, limit + 1 - len(out))
        except zlib.error as error:
            raise BatchError(ErrorCode.InvalidBatch, str(error)) from None
        if len(out) > limit or not inflater.eof:
            raise BatchError(ErrorCode.InvalidBatch, "the gzip block is cut or inflates too far")
        raw = inflater.unused_data
    return out


def split_batches(data: bytes) -> Iterator[bytes]:
    """The bytes of each batch of a partition's share of a payload; only whole ones are allowed there."""
    at = 0
    while at < len(data):
        if len(data) - at < BATCH_HEAD.size:
            raise BatchError(ErrorCode.InvalidBatch, f"{len(data) - at} bytes are no batch")
        size = struct.unpack_from(">i", data, at + 8)[0] + 12
        if not BATCH_HEAD.size <= size <= len(data) - at:
            raise BatchError(ErrorCode.InvalidBatch, f"a batch of {size} bytes in {len(data) - at}")
        yield data[at:at + size]
        at += size


def _wrap(value: int) -> int:
    """Two's complement in 64 bits."""
    return (value + 2**63) % 2**64 - 2**63


def _write_bytes(value: Optional[bytes]) -> bytes:
    return write_varint(-1) if value is None else write_varint(len(value)) + value


def _read_bytes(data: bytes, at: int, may_be_null: bool = True) -> Tuple[Optional[bytes], int]:
    size, at = read_varint(data, at)
    if size == -1 and may_be_null:
        return None, at
    if not 0 <= size <= len(data) - at:
        raise BatchError(ErrorCode.InvalidBatch, f"{size} bytes in {len(data) - at}")
    return data[at:at + size], at + size


def _read_record(raw: bytes, at: int, batch: Batch) -> Tuple[Record, int]:
    body, end = _read_bytes(raw, at, may_be_null=False)
    if not body:
        raise BatchError(ErrorCode.InvalidBatch, "a record without bytes")
    time_delta, at = read_varint(body, 1, 64)
    offset_delta, at = read_varint(body, at)
    key, at = _read_bytes(body, at)
    value, at = _read_bytes(body, at)
    count, at = read_varint(body, at)
    if count < 0 or not 0 <= offset_delta <= batch.last_offset_delta:
        raise BatchError(ErrorCode.InvalidBatch, f"offset delta {offset_delta}, {count} headers")
    headers: List[Tuple[str, Optional[bytes]]] = []
    for _ in range(count):
        name, at = _read_bytes(body, at, may_be_null=False)
        header, at = _read_bytes(body, at)
        try:
            headers.append((name.decode("utf-8"), header))
        except UnicodeDecodeError:
            raise BatchError(ErrorCode.InvalidBatch, "a header key is not UTF-8") from None
    if at != len(body):
        raise BatchError(ErrorCode.InvalidBatch, "a record's parts do not fill it")
    return Record(value, key, headers, _wrap(batch.base_timestamp + time_delta), batch.base_offset + offset_delta), end


# ---- the partition of a key (README.md "The conversation", 4) ----
def murmur2(key: bytes) -> int:
    """32-bit MurmurHash2 with seed 0x9747b28c over little-endian words, as a signed number."""
    factor, mask = 0x5BD1E995, 0xFFFFFFFF
    value = 0x9747B28C ^ len(key)
    whole = len(key) & ~3
    for (word,) in struct.iter_unpack("<I", key[:whole]):
        word = word * factor & mask
        word = (word ^ word >> 24) * factor & mask
        value = value * factor & mask ^ word
    if len(key) > whole:
        value = (value ^ int.from_bytes(key[whole:], "little")) * factor & mask
    value = (value ^ value >> 13) * factor & mask
    value ^= value >> 15
    return value - 2**32 if value >= 2**31 else value


def partition_of(key: bytes, partition_count: int) -> int:
    return (murmur2(key) & 0x7FFFFFFF) % partition_count


# ---- the connection (03-connection.md) ----
class Connection:
    """One TCP connection. Bytes in and frames out; nothing is sent that was not asked for."""

    def __init__(self, host: str, port: int, timeout: float = 15.0) -> None:
        self.socket = socket.create_connection((host, port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.frame_size_max = FRAME_SIZE_MAX_DEFAULT
        self._next_correlation = 1
        self._answers: Dict[int, Frame] = {}

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def send_bytes(self, data: bytes) -> None:
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ConnectionEnded(str(error)) from None

    def send(self, message: Message, body: Body, payload: bytes = b"", kind: Kind = Kind.REQUEST,
             tags: Optional[Dict[int, bytes]] = None) -> int:
        """Sends a request or one-way and returns its correlation id."""
        correlation = self._next_correlation
        self._next_correlation += 1
        self.send_bytes(encode_frame(Frame(kind, message.key, VERSION, correlation, tags or {},
                                           message.request.write(body), payload)))
        return correlation

    def receive(self) -> Frame:
        """The next frame from the broker, whatever it answers; a `TimeoutError` (socket.timeout) when none comes."""
        return read_frame(self._read, self.frame_size_max)

    def answer(self, correlation: int) -> Frame:
        """The answer to one request; those of others are kept for their turn, since answers come in any order."""
        while correlation not in self._answers:
            frame = self.receive()
            if frame.kind not in (Kind.RESPONSE, Kind.ERROR):
                raise Defect("BadKind", f"{frame.kind.name} from a broker")
            if frame.kind == Kind.ERROR and frame.correlation == 0:
                raise broker_error(frame)
            if frame.correlation in self._answers:
                raise Defect("ValueOutOfRange", f"a second answer to {frame.correlation}")
            self._answers[frame.correlation] = frame
        return self._answers.pop(correlation)

    def result(self, message: Message, correlation: int) -> Tuple[Body, bytes]:
        """Body and payload of the response to one request; raises a BrokerError for an error frame."""
        frame = self.answer(correlation)
        if frame.kind == Kind.ERROR:
            raise broker_error(frame)
        if (frame.key, frame.version) != (message.key, VERSION):
            raise Defect("UnknownApi", f"response of key {frame.key} version {frame.version} to {message.name}")
        return decode_message(frame), frame.payload

    def call(self, message: Message, body: Body, payload: bytes = b"",
             tags: Optional[Dict[int, bytes]] = None) -> Tuple[Body, bytes]:
        return self.result(message, self.send(message, body, payload, tags=tags))

    def _read(self, size: int) -> bytes:
        out = bytearray()
        while len(out) < size:
            try:
                part = self.socket.recv(min(size - len(out), 1 << 20))
            except ConnectionResetError as error:
                raise ConnectionEnded(str(error)) from None
            if not part:
                raise ConnectionEnded(f"closed, {size - len(out)} bytes early")
            out += part
        return bytes(out)


def broker_error(frame: Frame) -> BrokerError:
    body = decode_message(frame)
    return BrokerError(body["code"], body["message"], body["apis"])


def check(part: Body, code: str = "error") -> Body:
    """Raises the error of a topic or partition of a response, if it has one."""
    if part[code]:
        raise BrokerError(part[code], part.get("errorMessage", ""))
    return part


@dataclass(frozen=True)
class Fetched:
    """One partition's part of a fetch response; the batches are bytes, as they are stored."""

    info: Body
    batches: List[bytes]

    def records(self, from_offset: int = 0) -> List[Record]:
        """The records at and after an offset: a first batch may begin below it (messages/fetch.md)."""
        return [record for batch in self.batches for record in parse_batch(batch).records
                if record.offset >= from_offset]


class Client:
    """The messages as methods, on one connection that has said hello."""

    def __init__(self, host: str, port: int, timeout: float = 15.0) -> None:
        self.connection = Connection(host, port, timeout)
        try:
            self.hello = self.connection.call(HELLO, hello_body())[0]
        except BaseException:
            self.connection.close()
            raise
        self.connection.frame_size_max = self.hello["limits"]["frameSizeMax"]

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def metadata(self, names: Sequence[str] = (), ids: Sequence[str] = (), all_topics: bool = False) -> Body:
        """messages/metadata.md"""
        return self.connection.call(METADATA, {"allTopics": all_topics, "names": list(names), "ids": list(ids),
                                               "allowAutoCreate": False})[0]

    def create_topic(self, name: str, partition_count: int = 0, replication_factor: int = 0,
                     configs: Sequence[Tuple[str, str]] = ()) -> Body:
        """messages/create-topic.md"""
        return self.connection.call(CREATE_TOPIC, {
            "name": name, "partitionCount": partition_count, "replicationFactor": replication_factor,
            "configs": [{"key": key, "value": value} for key, value in configs]})[0]

    def delete_topic(self, name: str = "", topic_id: str = NO_ID) -> Body:
        """messages/delete-topic.md"""
        return self.connection.call(DELETE_TOPIC, {"topic": {"name": name, "id": topic_id}})[0]

    def list_topics(self, include_internal: bool = False) -> List[Body]:
        """messages/list-topics.md"""
        return self.connection.call(LIST_TOPICS, {"includeInternal": include_internal})[0]["topics"]

    def describe_topic(self, name: str = "", topic_id: str = NO_ID) -> Body:
        """messages/describe-topic.md"""
        return self.connection.call(DESCRIBE_TOPIC, {"topic": {"name": name, "id": topic_id}})[0]

    def produce(self, parts: Sequence[Tuple[str, int, bytes]], acks: int = 2, timeout_ms: int = 10_000) -> List[Body]:
        """messages/produce.md; `parts` are topic id, partition and batches. With acks 0 nothing is returned."""
        body, payload = produce_body(parts, acks, timeout_ms)
        if acks == 0:
            self.connection.send(PRODUCE, body, payload, Kind.ONE_WAY)
            return []
        return self.connection.call(PRODUCE, body, payload)[0]["partitions"]

    def fetch(self, places: Sequence[Tuple[str, int, int]], **options: int) -> List[Fetched]:
        """messages/fetch.md; `places` are topic id, partition and offset."""
        return fetched(*self.connection.call(FETCH, fetch_body(places, **options)))

    def list_offsets(self, topic_id: str, partition: int, query: int, timestamp: int = -1) -> Body:
        """messages/list-offsets.md; query 0 is the earliest, 1 the latest, 2 at a time."""
        return self.connection.call(LIST_OFFSETS, {"partitions": [
            {"topicId": topic_id, "partition": partition, "currentLeaderEpoch": -1, "query": query,
             "timestamp": timestamp}]})[0]["partitions"][0]

    def delete_records(self, topic_id: str, partition: int, before: int) -> Body:
        """messages/delete-records.md; before -1 is the high watermark."""
        return self.connection.call(DELETE_RECORDS, {"partitions": [
            {"topicId": topic_id, "partition": partition, "currentLeaderEpoch": -1, "before": before}]})[0]["partitions"][0]

    def init_producer(self) -> Body:
        """messages/init-producer.md"""
        return self.connection.call(INIT_PRODUCER, {})[0]

    def commit_offset(self, group: str, topic_id: str, partition: int, offset: int, metadata: str = "") -> Body:
        """messages/commit-offsets.md, for a consumer that runs alone"""
        return self.connection.call(COMMIT_OFFSETS, {"groupId": group, "memberId": "", "generation": -1, "partitions": [
            {"topicId": topic_id, "partition": partition, "offset": offset, "leaderEpoch": -1,
             "metadata": metadata}]})[0]["partitions"][0]

    def committed(self, group: str, topic_id: str, partition: int) -> Body:
        """messages/fetch-offsets.md"""
        return self.connection.call(FETCH_OFFSETS, {"groupId": group, "partitions": [
            {"topicId": topic_id, "partition": partition}]})[0]["partitions"][0]


def hello_body(cluster_id: str = NO_ID, node_id: int = -1) -> Body:
    return {"clientName": "fastlog-conformance", "clientVersion": "1", "features": [], "clusterId": cluster_id,
            "nodeId": node_id}


def produce_body(parts: Sequence[Tuple[str, int, bytes]], acks: int = 2,
                 timeout_ms: int = 10_000) -> Tuple[Body, bytes]:
    return ({"acks": acks, "timeoutMs": timeout_ms,
             "partitions": [{"topicId": topic_id, "partition": partition, "payloadSize": len(batches)}
                            for topic_id, partition, batches in parts]},
            b"".join(batches for _, _, batches in parts))


def fetch_body(places: Sequence[Tuple[str, int, int]], wait_ms: int = 0, bytes_min: int = 1,
               bytes_max: int = 1 << 20, partition_bytes_max: int = 1 << 20, last_epoch: int = -1,
               leader_epoch: int = -1) -> Body:
    return {"waitMaxMs": wait_ms, "bytesMin": bytes_min, "bytesMax": bytes_max,
            "partitions": [{"topicId": topic_id, "partition": partition, "fetchOffset": offset,
                            "lastEpoch": last_epoch, "currentLeaderEpoch": leader_epoch,
                            "bytesMax": partition_bytes_max} for topic_id, partition, offset in places]}


def fetched(body: Body, payload: bytes) -> List[Fetched]:
    return [Fetched(info, list(split_batches(share)))
            for info, share in zip(body["partitions"], split_payload(body, payload))]
