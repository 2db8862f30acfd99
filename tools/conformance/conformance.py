#!/usr/bin/env python3
"""Checks a running broker against protocol-spec/.

    conformance.py --server HOST:PORT [--only TEXT] [--slow]

One line a check, `ok NAME` or `FAIL NAME: why`; the last line counts. The exit code is 0 when all passed.
Topics that it makes begin with `conformance-` and are deleted at the end.
"""
from __future__ import annotations

import argparse
import json
import random
import select
import socket
import struct
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, NamedTuple, Optional, Tuple

import fastlog_client as fl
from fastlog_client import Batch, BrokerError, Client, Connection, ErrorCode, Frame, Kind, Record

VECTORS = Path(__file__).resolve().parents[2] / "protocol-spec" / "vectors"
EARLIEST, LATEST, AT_TIME = 0, 1, 2
ACKS_NONE, ACKS_LEADER, ACKS_ALL = 0, 1, 2
BROKEN_FRAME = {"TooLarge": ErrorCode.FrameTooLarge, "TooSmall": ErrorCode.InvalidFrame,
                "BadMagic": ErrorCode.InvalidFrame, "BadKind": ErrorCode.InvalidFrame,
                "BadFlags": ErrorCode.InvalidFrame, "BadSizes": ErrorCode.InvalidFrame,
                "BadCrc": ErrorCode.InvalidFrame, "BadHeaderTags": ErrorCode.InvalidFrame}


class Failed(Exception):
    """The broker does not do what the pages say."""


class Check(NamedTuple):
    name: str
    run: Callable[[Bench], None]
    is_slow: bool


CHECKS: List[Check] = []


def check(name: str, is_slow: bool = False) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    def register(run: Callable[[Bench], None]) -> Callable[[Bench], None]:
        CHECKS.append(Check(name, run, is_slow))
        return run

    return register


# ---- what checks are made of ----
def expect(holds: bool, why: str) -> None:
    if not holds:
        raise Failed(why)


def same(what: str, found: Any, wanted: Any) -> None:
    expect(found == wanted, f"{what} is {found!r} instead of {wanted!r}")


def refused(*codes: ErrorCode, by: Callable[[], Any]) -> BrokerError:
    """Runs what must be refused with one of the codes."""
    names = " or ".join(code.name for code in codes)
    try:
        answer = by()
    except BrokerError as error:
        expect(error.code in codes, f"{fl.error_name(error.code)} ({error.message}) instead of {names}")
        expect(error.message != "", f"{names} came without a message")
        return error
    raise Failed(f"answered with {answer!r} instead of {names}")


def has_bytes(connection: Connection, seconds: float) -> bool:
    return bool(select.select([connection.socket], [], [], seconds)[0])


def frames_until_end(connection: Connection, seconds: float = 5.0) -> List[Frame]:
    """All frames that still come; fails when the broker leaves the connection open."""
    frames = []
    connection.socket.settimeout(seconds)
    try:
        while True:
            frames.append(connection.receive())
    except fl.ConnectionEnded:
        return frames
    except socket.timeout:
        raise Failed(f"the connection is still open after {seconds} s") from None


def closing_error(connection: Connection, code: ErrorCode) -> Frame:
    """The error frame that is the last of a connection."""
    frames = frames_until_end(connection)
    same("number of frames before the end", len(frames), 1)
    return error_frame(frames[0], code)


def error_frame(frame: Frame, code: ErrorCode) -> Frame:
    same("kind", frame.kind.name, "ERROR")
    error = fl.broker_error(frame)
    expect(error.code == code, f"{fl.error_name(error.code)} ({error.message}) instead of {code.name}")
    return frame


def raw_request(key: int, body: bytes, payload: bytes = b"", version: int = 1, correlation: int = 77,
                kind: Kind = Kind.REQUEST, tags: Optional[Dict[int, bytes]] = None) -> bytes:
    return fl.encode_frame(Frame(kind, key, version, correlation, tags or {}, body, payload))


def hello_bytes(**body: Any) -> bytes:
    return raw_request(fl.HELLO.key, fl.HELLO.request.write(fl.hello_body(**body)))


def values(*texts: str, **more: Any) -> bytes:
    return fl.build_batch([Record(text.encode()) for text in texts], **more)


def patched(batch: bytes, at: int, form: str, value: int, keep_crc: bool = False) -> bytes:
    """A batch with one field of its header changed, its CRC made right again."""
    out = bytearray(batch)
    struct.pack_into(form, out, at, value)
    if not keep_crc:
        struct.pack_into(">I", out, 17, fl.crc32c(bytes(out[fl.BATCH_COVERED_AT:])))
    return bytes(out)


class Bench:
    """The broker under test, a connection that must stay healthy, and the topics made so far."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.prefix = f"conformance-{uuid.uuid4().hex[:8]}"
        self.topics: List[str] = []
        self.client = Client(host, port)

    def connect(self) -> Connection:
        return Connection(self.host, self.port)

    def new_client(self) -> Client:
        return Client(self.host, self.port)

    def new_name(self) -> str:
        self.topics.append(f"{self.prefix}-{len(self.topics)}")
        return self.topics[-1]

    def new_topic(self, partition_count: int = 1, **configs: str) -> str:
        """Makes a topic, waits until none of its partitions answers NotReady, and returns its id."""
        configs = {key.replace("_", "."): value for key, value in configs.items()}
        topic_id = self.client.create_topic(self.new_name(), partition_count, 0, list(configs.items()))["id"]
        until = time.monotonic() + 10
        for partition in range(partition_count):
            while self.client.list_offsets(topic_id, partition, LATEST)["error"] == ErrorCode.NotReady:
                expect(time.monotonic() < until, f"partition {partition} of a new topic stays NotReady")
                time.sleep(0.05)
        return topic_id

    def produce(self, topic_id: str, partition: int, batches: bytes, acks: int = ACKS_ALL) -> fl.Body:
        return fl.check(self.client.produce([(topic_id, partition, batches)], acks)[0])

    def fetch(self, topic_id: str, partition: int, offset: int, **options: int) -> fl.Fetched:
        fetched = self.client.fetch([(topic_id, partition, offset)], **options)[0]
        fl.check(fetched.info)
        return fetched

    def latest(self, topic_id: str, partition: int = 0) -> int:
        return fl.check(self.client.list_offsets(topic_id, partition, LATEST))["offset"]

    def stays_healthy(self) -> None:
        """Another connection did harm; the one that was open before, and a new one, must not feel it."""
        same("brokers seen by the healthy connection", len(self.client.metadata()["brokers"]) >= 1, True)
        with self.new_client() as client:
            client.metadata()

    def clean(self) -> None:
        left = {topic["name"] for topic in self.client.list_topics()}
        for name in left.intersection(self.topics):
            self.client.delete_topic(name)


# ---- hello (messages/hello.md, 03-connection.md) ----
@check("hello")
def hello(bench: Bench) -> None:
    answer = bench.client.hello
    same("apis", answer["apis"], [{"key": key, "first": 1, "last": 1} for key in sorted(fl.MESSAGES)])
    same("granted features", answer["features"], [])
    expect(answer["clusterId"] != fl.NO_ID, "the cluster has no id")
    expect(answer["nodeId"] >= 0, "the broker has no number")
    limits = answer["limits"]
    expect(limits["batchSizeMax"] <= limits["fetchSizeMax"] < limits["frameSizeMax"], f"limits do not fit: {limits}")


@check("hello-second-is-refused")
def hello_second(bench: Bench) -> None:
    with bench.new_client() as client:
        refused(ErrorCode.InvalidRequest, by=lambda: client.connection.call(fl.HELLO, fl.hello_body()))
        client.metadata()


@check("hello-with-unknown-features")
def hello_features(bench: Bench) -> None:
    with bench.connect() as connection:
        answer = connection.call(fl.HELLO, {**fl.hello_body(), "features": ["no-such-feature", ""]})[0]
        same("granted features", answer["features"], [])


@check("hello-expecting-this-broker")
def hello_expecting(bench: Bench) -> None:
    known = bench.client.hello
    with bench.connect() as connection:
        answer = connection.call(fl.HELLO, fl.hello_body(known["clusterId"], known["nodeId"]))[0]
        same("clusterId", answer["clusterId"], known["clusterId"])


@check("hello-expecting-another-cluster")
def hello_wrong_cluster(bench: Bench) -> None:
    with bench.connect() as connection:
        connection.send_bytes(hello_bytes(cluster_id="f" * 32))
        closing_error(connection, ErrorCode.WrongCluster)


@check("hello-expecting-another-node")
def hello_wrong_node(bench: Bench) -> None:
    with bench.connect() as connection:
        connection.send_bytes(hello_bytes(node_id=bench.client.hello["nodeId"] + 1))
        closing_error(connection, ErrorCode.WrongNode)


@check("request-before-hello-is-refused")
def before_hello(bench: Bench) -> None:
    with bench.connect() as connection:
        correlation = connection.send(fl.LIST_TOPICS, {"includeInternal": False})
        same("correlationId", closing_error(connection, ErrorCode.HelloRequired).correlation, correlation)


@check("hello-of-an-unknown-version-may-be-followed-by-another")
def hello_version(bench: Bench) -> None:
    with bench.connect() as connection:
        connection.send_bytes(raw_request(fl.HELLO.key, b"", version=9))
        error = fl.broker_error(error_frame(connection.receive(), ErrorCode.UnsupportedVersion))
        expect({"key": 1, "first": 1, "last": 1} in error.apis, f"the range is not in {error.apis}")
        connection.call(fl.HELLO, fl.hello_body())


@check("requests-behind-hello-need-not-wait")
def behind_hello(bench: Bench) -> None:
    with bench.connect() as connection:
        first = connection.send(fl.HELLO, fl.hello_body())
        second = connection.send(fl.LIST_TOPICS, {"includeInternal": False})
        same("first answer", connection.receive().correlation, first)
        connection.result(fl.LIST_TOPICS, second)


@check("large-frame-before-hello-is-refused")
def large_before_hello(bench: Bench) -> None:
    body = {**fl.hello_body(), "features": ["x" * 8000, "y" * 8400]}
    with bench.connect() as connection:
        connection.send_bytes(raw_request(fl.HELLO.key, fl.HELLO.request.write(body)))
        closing_error(connection, ErrorCode.FrameTooLarge)
    bench.stays_healthy()


@check("silence-before-hello-is-closed", is_slow=True)
def silence(bench: Bench) -> None:
    with bench.connect() as connection:
        begun = time.monotonic()
        frames_until_end(connection, 20)
        expect(time.monotonic() - begun > 5, "closed too early")


@check("frame-that-stops-is-closed", is_slow=True)
def stopped_frame(bench: Bench) -> None:
    with bench.new_client() as client:
        client.connection.send_bytes(hello_bytes()[:20])
        begun = time.monotonic()
        frames_until_end(client.connection, 45)
        expect(time.monotonic() - begun > 20, "closed too early")


# ---- versions (06-versioning.md) ----
@check("unknown-api-is-answered-with-all-ranges")
def unknown_api(bench: Bench) -> None:
    with bench.new_client() as client:
        for key in (0, 2, 9999):
            client.connection.send_bytes(raw_request(key, b"whatever", b"it may have", version=3, correlation=key + 1))
            frame = error_frame(client.connection.receive(), ErrorCode.UnknownApi)
            same("key, version and correlationId", (frame.key, frame.version, frame.correlation), (key, 3, key + 1))
            same("apis", fl.broker_error(frame).apis, client.hello["apis"])
        client.metadata()


@check("unknown-version-is-answered-with-its-range")
def unknown_version(bench: Bench) -> None:
    with bench.new_client() as client:
        for key in sorted(fl.MESSAGES):
            for version in (0, 2, 65535):
                client.connection.send_bytes(raw_request(key, b"", version=version))
                frame = error_frame(client.connection.receive(), ErrorCode.UnsupportedVersion)
                same("key and version", (frame.key, frame.version), (key, version))
                apis = fl.broker_error(frame).apis
                expect({"key": key, "first": 1, "last": 1} in apis, f"the range is not in {apis}")
        client.metadata()


@check("unknown-tags-are-skipped")
def unknown_tags(bench: Bench) -> None:
    known = {fl.TAG_DEADLINE: struct.pack(">I", 5000), fl.TAG_PRINCIPAL: "älice".encode(), fl.TAG_TRACE: bytes(25)}
    body = fl.LIST_TOPICS.request.write({"includeInternal": False}) + fl.write_tags({0: b"", 7: b"later"})
    with bench.new_client() as client:
        client.connection.send_bytes(raw_request(fl.LIST_TOPICS.key, body, tags={**known, 0x7FFF: b"later"}))
        same("kind", client.connection.receive().kind.name, "RESPONSE")


# ---- topics (messages/create-topic.md, metadata.md, list-topics.md, describe-topic.md) ----
@check("create-topic")
def create_topic(bench: Bench) -> None:
    answer = bench.client.create_topic(bench.new_name(), 8, 1, [("flush", "ack")])
    expect(answer["id"] != fl.NO_ID, "the topic has no id")
    same("partitionCount and replicationFactor", (answer["partitionCount"], answer["replicationFactor"]), (8, 1))


@check("create-topic-with-the-broker's-defaults")
def create_default(bench: Bench) -> None:
    answer = bench.client.create_topic(bench.new_name())
    expect(answer["partitionCount"] >= 1 and answer["replicationFactor"] >= 1, f"no defaults: {answer}")


@check("create-topic-twice-is-refused")
def create_twice(bench: Bench) -> None:
    name = bench.new_name()
    bench.client.create_topic(name, 1)
    refused(ErrorCode.TopicAlreadyExists, by=lambda: bench.client.create_topic(name, 2))


@check("create-topic-with-a-bad-name-is-refused")
def create_bad_name(bench: Bench) -> None:
    for name in ("", ".", "..", "a/b", "../a", "a b", "ü", "a\0", "a:b", "x" * 250, "x" * 65_535):
        refused(ErrorCode.InvalidTopicName, by=lambda: bench.client.create_topic(name, 1))


@check("create-topic-with-any-good-name")
def create_good_name(bench: Bench) -> None:
    for ending in ("...", "_-.A9", "x" * (249 - len(bench.prefix) - 1)):
        name = f"{bench.prefix}-{ending}"
        bench.topics.append(name)
        bench.client.create_topic(name, 1)
        same("name in metadata", bench.client.metadata([name])["topics"][0]["name"], name)


@check("create-topic-with-bad-settings-is-refused")
def create_bad_settings(bench: Bench) -> None:
    def create(*sizes: int, configs: Iterable[Tuple[str, str]] = ()) -> fl.Body:
        return bench.client.create_topic(bench.new_name(), *sizes, configs=list(configs))

    refused(ErrorCode.InvalidPartitionCount, by=lambda: create(2**31 - 1))
    refused(ErrorCode.InvalidReplicationFactor, by=lambda: create(1, 1000))
    refused(ErrorCode.InvalidConfig, by=lambda: create(1, configs=[("no.such.setting", "1")]))
    refused(ErrorCode.InvalidConfig, by=lambda: create(1, configs=[("flush", "perhaps")]))
    refused(ErrorCode.InvalidConfig, by=lambda: create(1, configs=[("segment.bytes", "often")]))
    refused(ErrorCode.InvalidConfig, by=lambda: create(1, configs=[("flush", "ack"), ("flush", "ack")]))
    same("topics made nevertheless", bench.client.metadata([bench.topics[-1]])["topics"][0]["error"],
         ErrorCode.UnknownTopic)


@check("metadata-by-name-and-id")
def metadata(bench: Bench) -> None:
    topic_id = bench.new_topic(8)
    name = bench.topics[-1]
    answer = bench.client.metadata([name, "no-such-topic"], [topic_id, "f" * 32])
    same("clusterId", answer["clusterId"], bench.client.hello["clusterId"])
    same("errors", [topic["error"] for topic in answer["topics"]],
         [0, ErrorCode.UnknownTopic, 0, ErrorCode.UnknownTopicId])
    same("names", [topic["name"] for topic in answer["topics"]], [name, "no-such-topic", name, ""])
    same("ids", [topic["id"] for topic in answer["topics"]], [topic_id, fl.NO_ID, topic_id, "f" * 32])
    partitions = answer["topics"][0]["partitions"]
    same("partitions", [part["partition"] for part in partitions], list(range(8)))
    node = bench.client.hello["nodeId"]
    same("leaders", {part["leader"] for part in partitions}, {node})
    same("replicas", [(part["replicas"], part["inSyncReplicas"]) for part in partitions], [([node], [node])] * 8)


@check("metadata-tells-where-to-connect")
def metadata_address(bench: Bench) -> None:
    for broker in bench.client.metadata()["brokers"]:
        with Client(broker["host"], broker["port"]) as client:
            same("nodeId", client.hello["nodeId"], broker["node"])


@check("metadata-of-all-or-no-topics")
def metadata_all(bench: Bench) -> None:
    bench.new_topic()
    same("topics", bench.client.metadata()["topics"], [])
    names = [topic["name"] for topic in bench.client.metadata(all_topics=True)["topics"]]
    expect(bench.topics[-1] in names, "the new topic is missing")
    same("order of the topics", names, sorted(names))
    refused(ErrorCode.InvalidRequest, by=lambda: bench.client.metadata(["a"], all_topics=True))
    refused(ErrorCode.InvalidRequest, by=lambda: bench.client.metadata(ids=["f" * 32], all_topics=True))


@check("metadata-of-a-bad-name")
def metadata_bad_name(bench: Bench) -> None:
    same("errors", [topic["error"] for topic in bench.client.metadata(["a/b", "", "."])["topics"]],
         [ErrorCode.InvalidTopicName] * 3)


@check("list-topics")
def list_topics(bench: Bench) -> None:
    topic_id = bench.new_topic(3)
    topics = bench.client.list_topics()
    same("order of the topics", [topic["name"] for topic in topics], sorted(topic["name"] for topic in topics))
    same("the new topic", [topic for topic in topics if topic["id"] == topic_id],
         [{"name": bench.topics[-1], "id": topic_id, "partitionCount": 3, "replicationFactor": 1, "isInternal": False}])


@check("describe-topic")
def describe_topic(bench: Bench) -> None:
    topic_id = bench.new_topic(2, max_message_bytes="1MiB")
    bench.produce(topic_id, 1, values("a", "b", "c"))
    answer = bench.client.describe_topic(topic_id=topic_id)
    same("by name", bench.client.describe_topic(bench.topics[-1])["id"], topic_id)
    same("name", answer["name"], bench.topics[-1])
    keys = [config["key"] for config in answer["configs"]]
    same("order of the settings", keys, sorted(keys))
    sources = {config["key"]: config["source"] for config in answer["configs"]}
    same("source of max.message.bytes", sources.get("max.message.bytes"), 2)
    expect(sources.get("flush") in (0, 1), "flush was not set on the topic")
    ends = [(part["partition"], part["error"], part["logStart"], part["logEnd"], part["highWatermark"])
            for part in answer["partitions"]]
    same("partitions", ends, [(0, 0, 0, 0, 0), (1, 0, 0, 3, 3)])
    expect(answer["partitions"][1]["sizeBytes"] >= len(values("a", "b", "c")), "sizeBytes is too small")
    expect(answer["partitions"][1]["segmentCount"] >= 1, "there is no segment")


@check("describe-topic-errors")
def describe_errors(bench: Bench) -> None:
    client = bench.client
    refused(ErrorCode.UnknownTopic, by=lambda: client.describe_topic("no-such-topic"))
    refused(ErrorCode.UnknownTopicId, by=lambda: client.describe_topic(topic_id="f" * 32))
    refused(ErrorCode.InvalidRequest, by=lambda: client.describe_topic())
    refused(ErrorCode.InvalidRequest, by=lambda: client.describe_topic("a", "f" * 32))


# ---- produce (messages/produce.md, disk/record-batch.md) ----
def round_trip(bench: Bench, topic_id: str, batch: bytes) -> List[Record]:
    """Produces a batch, fetches it and checks that only base offset and leader epoch differ; returns its records."""
    sent = fl.parse_batch(batch)
    answer = bench.produce(topic_id, 0, batch)
    same("lastOffset", answer["lastOffset"], answer["baseOffset"] + sent.record_count - 1)
    same("logStart", answer["logStart"], 0)
    stored = bench.fetch(topic_id, 0, answer["baseOffset"])
    same("number of batches", len(stored.batches), 1)
    same("bytes 8 to 12 and from 16 on", (stored.batches[0][8:12], stored.batches[0][16:]), (batch[8:12], batch[16:]))
    header = fl.parse_batch_header(stored.batches[0])
    same("base offset", header.base_offset, answer["baseOffset"])
    same("leader epoch", header.leader_epoch, stored.info["leaderEpoch"])
    same("ends", (stored.info["highWatermark"], stored.info["logEnd"]), (answer["lastOffset"] + 1,) * 2)
    return stored.records()


@check("produce-and-fetch-byte-exact")
def produce_plain(bench: Bench) -> None:
    topic_id = bench.new_topic()
    for round_ in range(3):
        records = round_trip(bench, topic_id, values("hello", "world"))
        same("values", [record.value for record in records], [b"hello", b"world"])
        same("offsets", [record.offset for record in records], [2 * round_, 2 * round_ + 1])


@check("produce-gzip")
def produce_gzip(bench: Bench) -> None:
    batch = values(*["the same words again and again"] * 200, codec=fl.CODEC_GZIP)
    expect(len(batch) < 1000, "the batch is not compressed")
    same("records", len(round_trip(bench, bench.new_topic(), batch)), 200)


@check("produce-keys-nulls-headers")
def produce_odd_records(bench: Bench) -> None:
    now = int(time.time() * 1000)
    sent = [Record(b"value", b"key", [], now), Record(None, b"key", [], now - 5), Record(b"value", None, [], now),
            Record(None, None, [], now), Record(b"", b"", [], now), Record(b"\xff" * 300, b"\0", [], now),
            Record(b"v", None, [("h", b"1"), ("h", b"2"), ("", None), ("ünï", b"")], now + 5)]
    for codec in (fl.CODEC_NONE, fl.CODEC_GZIP):
        records = round_trip(bench, bench.new_topic(), fl.build_batch(sent, codec))
        for found, wanted in zip(records, sent):
            same("record", (found.value, found.key, found.headers, found.timestamp),
                 (wanted.value, wanted.key, wanted.headers, wanted.timestamp))


@check("produce-other-codecs-or-refuse-them")
def produce_codecs(bench: Bench) -> None:
    topic_id = bench.new_topic()
    for vector in json.loads((VECTORS / "batches.json").read_text(encoding="utf-8")):
        if vector["compression"] in ("none", "gzip"):
            continue
        batch, end = bytes.fromhex(vector["hex"]), bench.latest(topic_id)
        part = bench.client.produce([(topic_id, 0, batch)])[0]
        if part["error"] == 0:
            same("stored", bench.fetch(topic_id, 0, end).batches[0][16:], batch[16:])
        else:
            same(vector["compression"], fl.error_name(part["error"]), "CodecNotAvailable")


@check("produce-ignores-the-client's-offset-and-epoch")
def produce_ignores(bench: Bench) -> None:
    topic_id = bench.new_topic()
    batch = patched(patched(values("a"), 0, ">q", 4711), 12, ">i", 99)
    same("offset", round_trip(bench, topic_id, batch)[0].offset, 0)
    same("producer", round_trip(bench, topic_id, fl.seal_batch(Batch(
        last_offset_delta=0, base_timestamp=1, max_timestamp=1, producer_id=7, producer_epoch=0, base_sequence=0,
        record_count=1), values("a")[fl.BATCH_HEAD.size:]))[0].offset, 1)


@check("produce-acks-and-durability")
def produce_acks(bench: Bench) -> None:
    topic_id = bench.new_topic(flush="ack")
    expect(bench.produce(topic_id, 0, values("a"), ACKS_LEADER)["durability"] >= 1, "acks 1 promises nothing")
    expect(bench.produce(topic_id, 0, values("b"), ACKS_ALL)["durability"] >= 2, "acks 2 is not on the disk")
    same("values", [record.value for record in bench.fetch(topic_id, 0, 0).records()], [b"a", b"b"])


@check("produce-several-batches-and-partitions")
def produce_several(bench: Bench) -> None:
    first, second = bench.new_topic(4), bench.new_topic(2)
    parts = [(first, 2, values("a") + values("b", "c", codec=fl.CODEC_GZIP)), (second, 1, values("d")),
             (first, 0, values("e", "f")), (first, 99, values("lost")), ("f" * 32, 0, values("lost"))]
    answers = bench.client.produce(parts)
    same("places", [(part["topicId"], part["partition"]) for part in answers], [place[:2] for place in parts])
    same("errors", [part["error"] for part in answers],
         [0, 0, 0, ErrorCode.UnknownPartition, ErrorCode.UnknownTopicId])
    same("offsets", [(part["baseOffset"], part["lastOffset"]) for part in answers],
         [(0, 2), (0, 0), (0, 1), (-1, -1), (-1, -1)])
    same("durability of the refused", [part["durability"] for part in answers[3:]], [0, 0])
    fetched = bench.client.fetch([(first, 0, 0), (first, 2, 1), (second, 1, 0), (first, 1, 0)])
    same("records", [[(record.offset, record.value) for record in part.records(part.info["partition"] // 2)]
                     for part in fetched],
         [[(0, b"e"), (1, b"f")], [(1, b"b"), (2, b"c")], [(0, b"d")], []])


def bad_batches() -> List[Tuple[str, bytes, ErrorCode]]:
    """Batches that a broker must refuse (disk/record-batch.md "What a client sends")."""
    good, now = values("one", "two"), int(time.time() * 1000)
    invalid, time_ = ErrorCode.InvalidBatch, ErrorCode.TimestampOutOfRange
    out = [("CRC", good[:-1] + bytes([good[-1] ^ 1]), invalid),
           ("CRC field", patched(good, 17, ">I", 0, keep_crc=True), invalid),
           ("last offset delta + 1", patched(good, 23, ">i", 2), invalid),
           ("last offset delta - 1", patched(good, 23, ">i", 0), invalid),
           ("last offset delta below 0", patched(good, 23, ">i", -1), invalid),
           ("no record", fl.seal_batch(Batch(last_offset_delta=-1, base_timestamp=now, max_timestamp=now), b""),
            invalid),
           ("more records than bytes", patched(patched(good, 57, ">i", 1000), 23, ">i", 999), invalid),
           ("too many records", patched(patched(values("x", codec=1), 57, ">i", 2**24 + 1), 23, ">i", 2**24),
            invalid),
           ("magic 1", patched(good, 16, ">b", 1), invalid),
           ("a length beyond the share", patched(good, 8, ">i", len(good) - 11), invalid),
           ("a length that leaves a tail", good + b"\0", invalid),
           ("a length below the header", patched(good, 8, ">i", 10), invalid),
           ("a negative length", patched(good, 8, ">i", -1), invalid),
           ("a negative base offset", patched(good, 0, ">q", -1), invalid),
           ("a base offset that overflows", patched(good, 0, ">q", 2**63 - 1), invalid),
           ("a producer id without epoch", patched(good, 43, ">q", 7), invalid),
           ("a base sequence without producer id", patched(good, 53, ">i", 0), invalid),
           ("max timestamp before base timestamp", patched(good, 35, ">q", 1), time_),
           ("a timestamp two days ahead", patched(good, 35, ">q", now + 2 * 86_400_000), time_),
           ("codec 5", patched(good, 21, ">h", 5), invalid),
           ("codec 7", patched(good, 21, ">h", 7), invalid),
           ("60 bytes", good[:60], invalid),
           ("one byte", b"\0", invalid)]
    names = {3: "append time", 4: "transactional", 5: "control", 6: "delete horizon", 7: "unknown 7", 15: "unknown 15"}
    return out + [(f"attribute bit {name}", patched(good, 21, ">H", 1 << bit), invalid)
                  for bit, name in names.items()]


@check("produce-bad-batches-are-refused-and-nothing-is-appended")
def produce_bad(bench: Bench) -> None:
    topic_id = bench.new_topic(2)
    wrong = []
    for name, batch, code in bad_batches():
        for tail in (b"", values("behind")):
            bad, good = bench.client.produce([(topic_id, 0, values("before") + batch + tail if tail else batch),
                                              (topic_id, 1, values("elsewhere"))])
            if bad["error"] != code or not bad["errorMessage"] or bad["baseOffset"] != -1:
                wrong.append(f"{name}: {fl.error_name(bad['error'])} instead of {code.name}")
            same(f"latest after {name}", bench.latest(topic_id), 0)
            same(f"error of another partition beside {name}", good["error"], 0)
    same("wrong answers", wrong, [])


@check("produce-too-large-batch-is-refused")
def produce_large(bench: Bench) -> None:
    small = bench.new_topic(max_message_bytes="4096")
    bench.produce(small, 0, values("x" * 3900))
    same("over the topic's limit", fl.error_name(bench.client.produce([(small, 0, values("x" * 4097))])[0]["error"]),
         "BatchTooLarge")
    limit = bench.client.hello["limits"]["batchSizeMax"]
    over = values("x" * limit)
    same("over the broker's limit", fl.error_name(bench.client.produce([(small, 0, over)])[0]["error"]),
         "BatchTooLarge")
    same("latest", bench.latest(small), 1)


@check("produce-and-fetch-the-largest-batch")
def produce_largest(bench: Bench) -> None:
    topic_id, limit = bench.new_topic(), bench.client.hello["limits"]["batchSizeMax"]
    overhead = len(values("x" * (1 << 21))) - (1 << 21)
    batch = values("x" * (limit - overhead))
    same("size", len(batch), limit)
    bench.produce(topic_id, 0, batch)
    stored = bench.fetch(topic_id, 0, 0, bytes_max=1, partition_bytes_max=1).batches
    expect(len(stored) == 1 and stored[0][16:] == batch[16:], "the batch that came back differs")


@check("produce-request-errors")
def produce_errors(bench: Bench) -> None:
    topic_id, client = bench.new_topic(2), bench.client
    refused(ErrorCode.InvalidAcks, by=lambda: client.connection.call(
        fl.PRODUCE, *fl.produce_body([(topic_id, 0, values("a"))], ACKS_NONE)))
    refused(ErrorCode.InvalidRequest, by=lambda: client.produce([]))
    refused(ErrorCode.InvalidRequest, by=lambda: client.produce([(topic_id, 0, values("a"))] * 2))
    refused(ErrorCode.InvalidRequest, by=lambda: client.produce([(topic_id, 0, values("a")), (topic_id, 1, b"")]))
    same("latest", (bench.latest(topic_id, 0), bench.latest(topic_id, 1)), (0, 0))


@check("produce-without-acks")
def produce_one_way(bench: Bench) -> None:
    topic_id, client = bench.new_topic(2), bench.client
    bad = values("bad")[:-1] + b"\xff"
    client.produce([(topic_id, 0, values("a", "b"))], ACKS_NONE)
    client.produce([(topic_id, 0, bad)], ACKS_NONE)
    client.produce([("f" * 32, 0, values("lost"))], ACKS_NONE)
    client.connection.send(fl.PRODUCE, *fl.produce_body([(topic_id, 0, values("dropped"))], ACKS_LEADER),
                           kind=Kind.ONE_WAY)
    client.connection.send_bytes(raw_request(fl.PRODUCE.key, b"\xff", kind=Kind.ONE_WAY))
    expect(not has_bytes(client.connection, 0.3), "something one-way was answered")
    stored = bench.fetch(topic_id, 0, 0, wait_ms=3000, bytes_min=1)
    same("values", [record.value for record in stored.records()], [b"a", b"b"])
    same("latest", bench.latest(topic_id), 2)


@check("produce-order-of-one-connection")
def produce_order(bench: Bench) -> None:
    topic_id, connection = bench.new_topic(), bench.client.connection
    sent = [connection.send(fl.PRODUCE, *fl.produce_body([(topic_id, 0, values(f"{at}a", f"{at}b"))]))
            for at in range(20)]
    answers = [connection.result(fl.PRODUCE, correlation)[0]["partitions"][0] for correlation in sent]
    same("errors", {part["error"] for part in answers}, {0})
    same("base offsets", [part["baseOffset"] for part in answers], [2 * at for at in range(20)])
    same("values", [record.value for record in bench.fetch(topic_id, 0, 0).records()],
         [f"{at}{letter}".encode() for at in range(20) for letter in "ab"])


# ---- fetch (messages/fetch.md) ----
@check("fetch-from-the-middle-of-a-batch")
def fetch_middle(bench: Bench) -> None:
    topic_id = bench.new_topic()
    for texts in (("0", "1", "2"), ("3", "4", "5", "6"), ("7",)):
        bench.produce(topic_id, 0, values(*texts))
    for offset in range(8):
        stored = bench.fetch(topic_id, 0, offset)
        same("offsets", [record.offset for record in stored.records(offset)], list(range(offset, 8)))
        first = fl.parse_batch_header(stored.batches[0])
        expect(first.base_offset <= offset <= first.last_offset, "the first batch does not hold the record")
    same("at the end", bench.fetch(topic_id, 0, 8).batches, [])


@check("fetch-stays-below-bytes-max-but-brings-a-batch")
def fetch_bytes_max(bench: Bench) -> None:
    topic_id = bench.new_topic(2)
    batch = values("x" * 100)
    for partition in (0, 0, 0, 1, 1, 1):
        bench.produce(topic_id, partition, batch)

    def counts(**options: int) -> List[int]:
        with bench.new_client() as client:
            return [len(part.batches) for part in client.fetch([(topic_id, 1, 0), (topic_id, 0, 0)], **options)]

    same("with 1 byte", counts(bytes_max=1), [1, 0])
    same("with 0 bytes", counts(bytes_max=0, partition_bytes_max=0)[0], 1)
    same("with 2 batches", counts(bytes_max=2 * len(batch)), [2, 0])
    same("with 2 batches and a byte", counts(bytes_max=2 * len(batch) + 1), [2, 0])
    same("with 4 batches", counts(bytes_max=4 * len(batch)), [3, 1])
    same("with 2 batches a partition", counts(partition_bytes_max=2 * len(batch)), [2, 2])


@check("fetch-serves-first-who-got-nothing-before")
def fetch_turns(bench: Bench) -> None:
    topic_id = bench.new_topic(3)
    for partition in range(3):
        bench.produce(topic_id, partition, values("x"))
    with bench.new_client() as client:
        served = []
        for _ in range(9):
            parts = client.fetch([(topic_id, partition, 0) for partition in range(3)], bytes_max=1)
            same("order of the answer", [part.info["partition"] for part in parts], [0, 1, 2])
            served += [part.info["partition"] for part in parts if part.batches]
        expect(served[:1] == [0] and served[1] != 0 and set(served) == {0, 1, 2}, f"served in turn: {served}")


@check("fetch-out-of-range")
def fetch_out_of_range(bench: Bench) -> None:
    topic_id = bench.new_topic()
    bench.produce(topic_id, 0, values("a", "b"))
    begun = time.monotonic()
    info = bench.client.fetch([(topic_id, 0, 3)], wait_ms=5000)[0].info
    same("error", fl.error_name(info["error"]), "OffsetOutOfRange")
    same("ends", (info["logStart"], info["logEnd"], info["payloadSize"]), (0, 2, 0))
    expect(info["errorMessage"] != "", "there is no message")
    expect(time.monotonic() - begun < 4, "an error waited")


@check("fetch-errors")
def fetch_errors(bench: Bench) -> None:
    topic_id, client = bench.new_topic(), bench.client
    bench.produce(topic_id, 0, values("a"))
    parts = client.fetch([("f" * 32, 0, 0), (topic_id, 99, 0), (topic_id, 0, 0)])
    same("errors", [part.info["error"] for part in parts], [ErrorCode.UnknownTopicId, ErrorCode.UnknownPartition, 0])
    same("batches", [len(part.batches) for part in parts], [0, 0, 1])
    refused(ErrorCode.InvalidRequest, by=lambda: client.fetch([]))
    refused(ErrorCode.InvalidRequest, by=lambda: client.fetch([(topic_id, 0, 0), (topic_id, 0, 1)]))
    same("offset -1", fl.error_name(client.fetch([(topic_id, 0, -1)])[0].info["error"]), "OffsetOutOfRange")


@check("fetch-checks-epochs")
def fetch_epochs(bench: Bench) -> None:
    topic_id = bench.new_topic()
    bench.produce(topic_id, 0, values("a", "b"))
    epoch = bench.fetch(topic_id, 0, 0).info["leaderEpoch"]
    expect(epoch >= 0, "the leader epoch is not known")

    def info(offset: int, **epochs: int) -> fl.Body:
        return bench.client.fetch([(topic_id, 0, offset)], **epochs)[0].info

    same("right epochs", info(2, leader_epoch=epoch, last_epoch=epoch)["error"], 0)
    same("newer epoch", fl.error_name(info(0, leader_epoch=epoch + 1)["error"]), "UnknownEpoch")
    if epoch > 0:
        same("older epoch", fl.error_name(info(0, leader_epoch=epoch - 1)["error"]), "FencedEpoch")
    other = info(2, last_epoch=epoch + 1)
    same("other history", fl.error_name(other["error"]), "LogTruncated")
    same("where to go on", (other["divergingEpoch"], other["epochEnd"]), (epoch, 2))


@check("fetch-at-once-when-there-is-enough")
def fetch_at_once(bench: Bench) -> None:
    topic_id = bench.new_topic(2)
    begun = time.monotonic()
    same("with bytesMin 0", bench.fetch(topic_id, 0, 0, wait_ms=10_000, bytes_min=0).batches, [])
    bench.produce(topic_id, 0, values("a"))
    parts = bench.client.fetch([(topic_id, 1, 0), (topic_id, 0, 0)], wait_ms=10_000)
    same("batches", [len(part.batches) for part in parts], [0, 1])
    expect(time.monotonic() - begun < 5, "it waited nevertheless")


@check("fetch-long-poll-returns-when-another-connection-produces")
def long_poll(bench: Bench) -> None:
    topic_id = bench.new_topic(2)
    with bench.new_client() as reader:
        waiting = reader.connection.send(fl.FETCH, fl.fetch_body([(topic_id, 0, 0), (topic_id, 1, 0)], wait_ms=10_000))
        expect(not has_bytes(reader.connection, 0.4), "it did not wait")
        bench.produce(topic_id, 1, values("a"))
        expect(has_bytes(reader.connection, 2), "it slept on")
        parts = fl.fetched(*reader.connection.result(fl.FETCH, waiting))
        same("values", [[record.value for record in part.records()] for part in parts], [[], [b"a"]])


@check("fetch-long-poll-ends-when-the-wait-is-over")
def long_poll_over(bench: Bench) -> None:
    topic_id = bench.new_topic()
    begun = time.monotonic()
    stored = bench.fetch(topic_id, 0, 0, wait_ms=600)
    expect(0.4 < time.monotonic() - begun < 3, f"it took {time.monotonic() - begun:.1f} s instead of 0.6 s")
    same("batches", stored.batches, [])


@check("fetch-min-bytes")
def fetch_min_bytes(bench: Bench) -> None:
    topic_id, batch = bench.new_topic(2), values("x" * 100)
    with bench.new_client() as reader:
        waiting = reader.connection.send(fl.FETCH, fl.fetch_body([(topic_id, 0, 0), (topic_id, 1, 0)], wait_ms=10_000,
                                                                 bytes_min=3 * len(batch)))
        bench.produce(topic_id, 0, batch)
        bench.produce(topic_id, 1, batch)
        expect(not has_bytes(reader.connection, 0.4), "it did not wait for enough bytes")
        bench.produce(topic_id, 0, batch)
        expect(has_bytes(reader.connection, 2), "it slept on")
        parts = fl.fetched(*reader.connection.result(fl.FETCH, waiting))
        same("batches", [len(part.batches) for part in parts], [2, 1])
    begun = time.monotonic()
    same("what there is", len(bench.fetch(topic_id, 0, 0, wait_ms=500, bytes_min=1 << 20).batches), 2)
    expect(0.3 < time.monotonic() - begun < 3, "it did not wait the time")


@check("fetch-that-waits-holds-up-nothing-else")
def fetch_beside(bench: Bench) -> None:
    topic_id = bench.new_topic()
    with bench.new_client() as reader:
        waiting = reader.connection.send(fl.FETCH, fl.fetch_body([(topic_id, 0, 0)], wait_ms=10_000))
        begun = time.monotonic()
        reader.metadata()
        fl.check(reader.produce([(topic_id, 0, values("a"))])[0])
        body, payload = reader.connection.result(fl.FETCH, waiting)
        same("batches", len(fl.fetched(body, payload)[0].batches), 1)
        expect(time.monotonic() - begun < 5, "it took too long")


@check("fetch-with-a-deadline")
def fetch_deadline(bench: Bench) -> None:
    topic_id = bench.new_topic()
    with bench.new_client() as reader:
        begun = time.monotonic()
        body, tags = fl.fetch_body([(topic_id, 0, 0)], wait_ms=10_000), {fl.TAG_DEADLINE: struct.pack(">I", 500)}
        frame = reader.connection.answer(reader.connection.send(fl.FETCH, body, tags=tags))
        expect(time.monotonic() - begun < 5, "the deadline was not kept")
        same("kind", frame.kind.name, "RESPONSE")
        reader.metadata()


# ---- groups (messages/commit-offsets.md, fetch-offsets.md, describe-group.md, list-groups.md, delete-group.md) ----
@check("committed-offsets-are-kept-and-told")
def _(bench: Bench) -> None:
    topic_id, group = bench.new_topic(2), "conformance-1"
    same("nothing yet", bench.client.committed(group, topic_id, 0)["offset"], -1)
    fl.check(bench.client.commit_offset(group, topic_id, 0, 7, "first"))
    fl.check(bench.client.commit_offset(group, topic_id, 0, 5, "second"))
    with bench.new_client() as other:
        told = other.committed(group, topic_id, 0)
        same("offset and metadata", (told["offset"], told["metadata"]), (5, "second"))
        same("the other partition", other.committed(group, topic_id, 1)["offset"], -1)
        described = other.connection.call(fl.DESCRIBE_GROUP, {"groupId": group})[0]
        same("described", [(part["partition"], part["offset"], part["highWatermark"]) for part in described["partitions"]],
             [(0, 5, 0)])
        listed = other.connection.call(fl.LIST_GROUPS, {"prefix": group})[0]["groups"]
        same("listed", [entry["groupId"] for entry in listed], [group])
    same("deleted", bench.client.connection.call(fl.DELETE_GROUP, {"groupId": group})[0]["partitionCount"], 1)
    same("gone", bench.client.committed(group, topic_id, 0)["offset"], -1)


@check("commits-that-are-refused")
def _(bench: Bench) -> None:
    topic_id = bench.new_topic()
    same("partition", fl.error_name(bench.client.commit_offset("g", topic_id, 9, 1)["error"]), "UnknownPartition")
    same("topic", fl.error_name(bench.client.commit_offset("g", "ab" * 16, 0, 1)["error"]), "UnknownTopicId")
    same("no offset", fl.error_name(bench.client.commit_offset("g", topic_id, 0, -1)["error"]), "InvalidRequest")
    part = {"topicId": topic_id, "partition": 0, "offset": 1, "leaderEpoch": -1, "metadata": ""}
    body = {"groupId": "g", "memberId": "", "generation": -1, "partitions": [part]}
    commit = lambda **other: bench.client.connection.call(fl.COMMIT_OFFSETS, {**body, **other})
    refused(ErrorCode.InvalidGroupId, by=lambda: commit(groupId=""))
    refused(ErrorCode.UnknownMember, by=lambda: commit(memberId="m"))
    refused(ErrorCode.InvalidRequest, by=lambda: commit(partitions=[part, part]))
    refused(ErrorCode.UnknownGroup, by=lambda: bench.client.connection.call(fl.DESCRIBE_GROUP, {"groupId": "nobody"}))


# ---- producers (messages/init-producer.md, messages/produce.md "Producers") ----
def sequenced(producer: fl.Body, sequence: int, *texts: str, epoch: int = -1) -> bytes:
    epoch = producer["producerEpoch"] if epoch < 0 else epoch
    return values(*texts, producer=(producer["producerId"], epoch, sequence))


@check("init-producer-ids-differ")
def _(bench: Bench) -> None:
    ids = [bench.client.init_producer()["producerId"] for _ in range(3)]
    with bench.new_client() as client:
        ids.append(client.init_producer()["producerId"])
    same("different ids", len(set(ids)), 4)


@check("produce-a-batch-again")
def _(bench: Bench) -> None:
    topic_id, producer = bench.new_topic(), bench.client.init_producer()
    first, second = sequenced(producer, 0, "a", "b"), sequenced(producer, 2, "c")
    places = [(part["baseOffset"], part["lastOffset"]) for part in
              (bench.produce(topic_id, 0, batch) for batch in (first, second, first, second, first))]
    same("offsets", places, [(0, 1), (2, 2), (0, 1), (2, 2), (0, 1)])
    same("log end", bench.latest(topic_id), 3)


@check("produce-out-of-sequence")
def _(bench: Bench) -> None:
    topic_id, producer = bench.new_topic(), bench.client.init_producer()

    def code(batch: bytes) -> str:
        return fl.error_name(bench.client.produce([(topic_id, 0, batch)])[0]["error"])

    bench.produce(topic_id, 0, sequenced(producer, 0, "a"))
    same("a gap", code(sequenced(producer, 2, "c")), "OutOfOrderSequence")
    same("a new epoch that does not begin at 0", code(sequenced(producer, 1, "b", epoch=1)), "OutOfOrderSequence")
    bench.produce(topic_id, 0, sequenced(producer, 0, "b", epoch=1))
    same("an old epoch", code(sequenced(producer, 1, "late")), "ProducerFenced")
    again, new = sequenced(producer, 0, "b", epoch=1), sequenced(producer, 1, "c", epoch=1)
    same("one again and one new", code(again + new), "DuplicateSequence")
    bench.produce(topic_id, 0, new)
    for at in range(2, 67):
        bench.produce(topic_id, 0, sequenced(producer, at, str(at), epoch=1))
    same("one that is forgotten", code(sequenced(producer, 1, "c", epoch=1)), "DuplicateSequence")
    same("log end", bench.latest(topic_id), 68)


@check("produce-sequences-wrap")
def _(bench: Bench) -> None:
    topic_id, producer = bench.new_topic(), bench.client.init_producer()
    same("unknown: any sequence", bench.produce(topic_id, 0, sequenced(producer, 2**31 - 2, "a"))["baseOffset"], 0)
    same("over the end", bench.produce(topic_id, 0, sequenced(producer, 2**31 - 1, "b", "c"))["baseOffset"], 1)
    same("after it", bench.produce(topic_id, 0, sequenced(producer, 1, "d"))["baseOffset"], 3)
    same("again", bench.produce(topic_id, 0, sequenced(producer, 2**31 - 1, "b", "c"))["baseOffset"], 1)


# ---- list offsets (messages/list-offsets.md) ----
@check("list-offsets-earliest-and-latest")
def list_ends(bench: Bench) -> None:
    topic_id = bench.new_topic()
    for end in (0, 2):
        if end:
            bench.produce(topic_id, 0, values("a", "b"))
        for query, offset in ((EARLIEST, 0), (LATEST, end)):
            part = bench.client.list_offsets(topic_id, 0, query)
            same("answer", (part["error"], part["offset"], part["timestamp"]), (0, offset, -1))
            expect(part["leaderEpoch"] >= 0, "the leader epoch is not known")


@check("list-offsets-by-time")
def list_times(bench: Bench) -> None:
    topic_id, start = bench.new_topic(), int(time.time() * 1000) - 60_000
    batches = (((10, 50, 30), fl.CODEC_NONE), ((20, 60), fl.CODEC_GZIP), ((70,), fl.CODEC_NONE),
               ((40,), fl.CODEC_NONE))
    for times, codec in batches:
        bench.produce(topic_id, 0, fl.build_batch([Record(b"x", timestamp=start + at) for at in times], codec))
    wanted = {0: (0, 10), 10: (0, 10), 11: (1, 50), 50: (1, 50), 51: (4, 60), 61: (5, 70), 70: (5, 70)}
    for at, (offset, found) in wanted.items():
        part = fl.check(bench.client.list_offsets(topic_id, 0, AT_TIME, start + at))
        same(f"at {at}", (part["offset"], part["timestamp"] - start), (offset, found))
    part = fl.check(bench.client.list_offsets(topic_id, 0, AT_TIME, start + 71))
    same("behind all", (part["offset"], part["timestamp"]), (-1, -1))
    same("at 0", bench.client.list_offsets(topic_id, 0, AT_TIME, 0)["offset"], 0)


@check("list-offsets-errors")
def list_errors(bench: Bench) -> None:
    topic_id, connection = bench.new_topic(), bench.client.connection
    epoch = bench.client.list_offsets(topic_id, 0, LATEST)["leaderEpoch"]

    def question(topic: str, partition: int, leader_epoch: int = -1) -> fl.Body:
        return {"topicId": topic, "partition": partition, "currentLeaderEpoch": leader_epoch, "query": LATEST,
                "timestamp": -1}

    questions = [question("f" * 32, 0), question(topic_id, 5), question(topic_id, 0, epoch + 1),
                 question(topic_id, 0, epoch), question(topic_id, 0)]
    parts = connection.call(fl.LIST_OFFSETS, {"partitions": questions})[0]["partitions"]
    same("errors", [part["error"] for part in parts],
         [ErrorCode.UnknownTopicId, ErrorCode.UnknownPartition, ErrorCode.UnknownEpoch, 0, 0])
    same("answers with an error", {(part["offset"], part["leaderEpoch"]) for part in parts[:3]}, {(-1, -1)})
    refused(ErrorCode.InvalidRequest, by=lambda: connection.call(fl.LIST_OFFSETS, {"partitions": []}))


# ---- delete records (messages/delete-records.md) ----
@check("delete-records")
def delete_records(bench: Bench) -> None:
    topic_id = bench.new_topic()
    for value in ("a", "b", "c"):
        bench.produce(topic_id, 0, values(value))
    same("start", fl.check(bench.client.delete_records(topic_id, 0, 2))["logStart"], 2)
    same("earliest", bench.client.list_offsets(topic_id, 0, EARLIEST)["offset"], 2)
    same("again, lower", fl.check(bench.client.delete_records(topic_id, 0, 1))["logStart"], 2)
    same("above", fl.error_name(bench.client.delete_records(topic_id, 0, 4)["error"]), "OffsetOutOfRange")
    same("all", fl.check(bench.client.delete_records(topic_id, 0, -1))["logStart"], 3)


# ---- soundness (02-framing.md, 03-connection.md "Soundness") ----
def answer_to_vector(bench: Bench, vector: Dict[str, Any]) -> None:
    """Sends what frames.json holds, as a client might, and checks the answer that the pages promise."""
    data, status = bytes.fromhex(vector["hex"]), vector["status"].split(":")[0]
    has_head = len(data) >= fl.HEAD.size
    kind, key, correlation = (data[5], struct.unpack_from(">H", data, 8)[0],
                              struct.unpack_from(">Q", data, 16)[0]) if has_head else (0, 0, 0)
    is_answer = status not in BROKEN_FRAME and kind in (Kind.RESPONSE, Kind.ERROR)
    is_opening = vector["frameSizeMax"] == fl.FRAME_SIZE_MAX_BEFORE_HELLO or \
        (key == fl.HELLO.key and status not in BROKEN_FRAME)
    with bench.connect() as connection:
        if not is_opening:
            connection.call(fl.HELLO, fl.hello_body())
        connection.send_bytes(data)
        if is_answer:
            same("frames", frames_until_end(connection), [])
        elif status == "NeedMoreData":
            connection.socket.shutdown(socket.SHUT_WR)
            same("frames", frames_until_end(connection), [])
        elif status in BROKEN_FRAME:
            frame = closing_error(connection, BROKEN_FRAME[status])
            known = (0, correlation) if status in ("TooLarge", "TooSmall") else (correlation,)
            expect(frame.correlation in (known if status != "BadMagic" else (0,)),
                   f"correlationId is {frame.correlation} instead of {known[-1]}")
        else:
            frame = connection.receive()
            same("correlationId", frame.correlation, correlation)
            if status == "Ok":
                same("kind", frame.kind.name, "RESPONSE")
                return
            error_frame(frame, ErrorCode[status] if status in ErrorCode.__members__ else ErrorCode.InvalidRequest)
            connection.call(fl.HELLO if is_opening else fl.LIST_TOPICS,
                            fl.hello_body() if is_opening else {"includeInternal": False})


@check("every-vector-of-frames.json-sent-to-the-broker")
def frame_vectors(bench: Bench) -> None:
    wrong = []
    for vector in json.loads((VECTORS / "frames.json").read_text(encoding="utf-8")):
        if vector["frameSizeMax"] not in (fl.FRAME_SIZE_MAX_BEFORE_HELLO, bench.client.connection.frame_size_max):
            continue
        try:
            answer_to_vector(bench, vector)
        except (Failed, fl.FastLogError, OSError) as error:
            wrong.append(f"{vector['name']} ({vector['status']}): {error}")
    same("wrong answers", wrong, [])
    bench.stays_healthy()


@check("frames-that-a-client-may-not-send-close-the-connection")
def unexpected_kinds(bench: Bench) -> None:
    body = fl.LIST_TOPICS.request.write({"includeInternal": False})
    for kind in (Kind.RESPONSE, Kind.ERROR, Kind.PUSH, Kind.ONE_WAY):
        with bench.new_client() as client:
            client.connection.send_bytes(raw_request(fl.LIST_TOPICS.key, body, kind=kind))
            same(f"frames after {kind.name}", frames_until_end(client.connection), [])
    with bench.new_client() as client:
        client.connection.send_bytes(raw_request(fl.PRODUCE.key, b"", version=9, kind=Kind.ONE_WAY))
        same("frames after an unknown version", frames_until_end(client.connection), [])
    with bench.connect() as connection:
        connection.send_bytes(raw_request(fl.HELLO.key, fl.HELLO.request.write(fl.hello_body()), kind=Kind.ONE_WAY))
        same("frames after a one-way hello", frames_until_end(connection), [])
    bench.stays_healthy()


@check("requests-over-the-broker's-limits-are-refused")
def over_limits(bench: Bench) -> None:
    """05-limits.md, second table."""
    client, topic_id = bench.client, bench.new_topic()
    question = {"topicId": topic_id, "partition": 0, "currentLeaderEpoch": -1, "query": LATEST, "timestamp": -1}
    refused(ErrorCode.InvalidRequest, by=lambda: client.connection.call(fl.LIST_OFFSETS,
                                                                        {"partitions": [question] * 20_001}))
    refused(ErrorCode.InvalidRequest, by=lambda: client.fetch([(topic_id, at, 0) for at in range(20_001)]))
    refused(ErrorCode.InvalidRequest, by=lambda: client.metadata(["a"] * 6_000, ["f" * 32] * 4_001))
    refused(ErrorCode.InvalidPartitionCount, by=lambda: client.create_topic(bench.new_name(), 10_001))
    refused(ErrorCode.InvalidConfig, by=lambda: client.create_topic(
        bench.new_name(), 1, configs=[(f"setting.{at}", "1") for at in range(65)]))
    refused(ErrorCode.InvalidConfig, by=lambda: client.create_topic(bench.new_name(), 1,
                                                                    configs=[("flush", "x" * 257)]))


@check("oversize-frame-is-refused-from-its-size")
def oversize(bench: Bench) -> None:
    for size in (bench.client.connection.frame_size_max + 1, 2**31 - 1, 2**31, 2**32 - 1):
        with bench.new_client() as client:
            client.connection.send_bytes(struct.pack(">I", size))
            closing_error(client.connection, ErrorCode.FrameTooLarge)
    bench.stays_healthy()


@check("wrong-frame-crc-is-refused")
def wrong_crc(bench: Bench) -> None:
    topic_id = bench.new_topic()
    body, payload = fl.produce_body([(topic_id, 0, values("a"))])
    frame = bytearray(raw_request(fl.PRODUCE.key, fl.PRODUCE.request.write(body), payload))
    frame[40] ^= 1
    with bench.new_client() as client:
        client.connection.send_bytes(bytes(frame))
        same("correlationId", closing_error(client.connection, ErrorCode.InvalidFrame).correlation, 77)
    same("latest", bench.latest(topic_id), 0)
    bench.stays_healthy()


@check("huge-and-negative-counts-are-refused")
def huge_counts(bench: Bench) -> None:
    ahead = {fl.METADATA: b"\0", fl.PRODUCE: b"\2" + bytes(4), fl.FETCH: bytes(12), fl.LIST_OFFSETS: b"",
             fl.CREATE_TOPIC: b"\0\1a" + bytes(8)}
    with bench.new_client() as client:
        for message, start in ahead.items():
            for count in (1, 262_145, 2**31 - 1, 2**31, 2**32 - 1):
                client.connection.send_bytes(raw_request(message.key, start + struct.pack(">I", count)))
                error_frame(client.connection.receive(), ErrorCode.InvalidRequest)
        client.metadata()
    bench.stays_healthy()


@check("truncated-frames-then-close")
def truncated(bench: Bench) -> None:
    topic_id = bench.new_topic()
    body, payload = fl.produce_body([(topic_id, 0, values("a"))])
    frame = raw_request(fl.PRODUCE.key, fl.PRODUCE.request.write(body), payload)
    for size in range(1, len(frame), 5):
        with bench.new_client() as client:
            client.connection.send_bytes(frame[:size])
    bench.stays_healthy()
    same("latest", bench.latest(topic_id), 0)


@check("frame-that-comes-byte-by-byte")
def byte_by_byte(bench: Bench) -> None:
    topic_id = bench.new_topic()
    body, payload = fl.produce_body([(topic_id, 0, values("a"))])
    with bench.connect() as connection:
        for byte in hello_bytes() + raw_request(fl.PRODUCE.key, fl.PRODUCE.request.write(body), payload):
            connection.send_bytes(bytes([byte]))
        same("kinds", [connection.receive().kind.name for _ in range(2)], ["RESPONSE"] * 2)
    same("latest", bench.latest(topic_id), 1)


@check("random-bytes-get-an-error-or-the-end")
def random_bytes(bench: Bench) -> None:
    dice = random.Random(20_240_607)
    for round_ in range(120):
        noise = bytes(dice.randrange(256) for _ in range(dice.randrange(1, 400)))
        if round_ % 3 == 0:
            noise = struct.pack(">IB", max(28, len(noise)), fl.MAGIC) + noise
        with bench.connect() as connection:
            if round_ % 2:
                connection.call(fl.HELLO, fl.hello_body())
            ends_with_errors(connection, noise)
    bench.stays_healthy()


@check("flipped-bits-are-found")
def flipped_bits(bench: Bench) -> None:
    topic_id = bench.new_topic()
    body, payload = fl.produce_body([(topic_id, 0, values("a"))])
    frame = raw_request(fl.PRODUCE.key, fl.PRODUCE.request.write(body), payload)
    dice = random.Random(7)
    for bit in dice.sample(range((len(frame) - len(payload)) * 8), 150):
        flipped = bytearray(frame)
        flipped[bit // 8] ^= 1 << bit % 8
        with bench.new_client() as client:
            ends_with_errors(client.connection, bytes(flipped))
    same("latest", bench.latest(topic_id), 0)
    bench.stays_healthy()


def ends_with_errors(connection: Connection, data: bytes) -> None:
    """Sends bytes and the end of the stream; all that comes back must be error frames, and the end."""
    try:
        connection.send_bytes(data)
        connection.socket.shutdown(socket.SHUT_WR)
    except (fl.ConnectionEnded, OSError):
        pass
    for frame in frames_until_end(connection):
        same("kind", frame.kind.name, "ERROR")
        expect(fl.broker_error(frame).code in tuple(ErrorCode), "an unknown code")


@check("pipelined-requests-are-all-answered")
def pipelined(bench: Bench) -> None:
    topic_id = bench.new_topic()
    with bench.new_client() as client:
        connection, sent = client.connection, {}
        for at in range(4 * client.hello["limits"]["requestsInFlightMax"]):
            message, body, payload = (
                (fl.METADATA, {"allTopics": False, "names": [f"t{at}"], "ids": [], "allowAutoCreate": False}, b""),
                (fl.PRODUCE, *fl.produce_body([(topic_id, 0, values(str(at)))])),
                (fl.FETCH, fl.fetch_body([(topic_id, 0, 0)], wait_ms=50, bytes_min=1 << 20), b""),
                (fl.DESCRIBE_TOPIC, {"topic": {"name": "no-such-topic", "id": fl.NO_ID}}, b""))[at % 4]
            sent[connection.send(message, body, payload)] = message
        frames = [connection.receive() for _ in sent]
        same("answered ids", sorted(frame.correlation for frame in frames), sorted(sent))
        for frame in frames:
            same("kind", frame.kind.name, "ERROR" if sent[frame.correlation] is fl.DESCRIBE_TOPIC else "RESPONSE")
            same("key", frame.key, sent[frame.correlation].key)
            fl.decode_message(frame)
        expect(not has_bytes(connection, 0.2), "there is one answer too many")


@check("pipelined-large-requests-are-all-answered")
def pipelined_large(bench: Bench) -> None:
    """More bytes than one connection may have without an answer: reading pauses and goes on (05-limits.md)."""
    topic_id, batch = bench.new_topic(), values("x" * (6 << 20))
    with bench.new_client() as client:
        body, payload = fl.produce_body([(topic_id, 0, batch)], ACKS_LEADER)
        sent = [client.connection.send(fl.PRODUCE, body, payload) for _ in range(7)]
        answers = [client.connection.result(fl.PRODUCE, correlation)[0]["partitions"][0] for correlation in sent]
    same("base offsets", [part["baseOffset"] for part in answers], list(range(7)))


# ---- delete topic (messages/delete-topic.md) ----
@check("delete-topic")
def delete_topic(bench: Bench) -> None:
    client, topic_id = bench.client, bench.new_topic()
    name = bench.topics[-1]
    bench.produce(topic_id, 0, values("a"))
    same("answer", client.delete_topic(name), {"name": name, "id": topic_id})
    topics = client.metadata([name], [topic_id])["topics"]
    same("errors in metadata", [topic["error"] for topic in topics],
         [ErrorCode.UnknownTopic, ErrorCode.UnknownTopicId])
    refused(ErrorCode.UnknownTopic, by=lambda: client.delete_topic(name))
    refused(ErrorCode.UnknownTopicId, by=lambda: client.delete_topic(topic_id=topic_id))
    refused(ErrorCode.UnknownTopic, by=lambda: client.describe_topic(name))
    same("produce", fl.error_name(client.produce([(topic_id, 0, values("b"))])[0]["error"]), "UnknownTopicId")
    same("fetch", fl.error_name(client.fetch([(topic_id, 0, 0)])[0].info["error"]), "UnknownTopicId")
    same("list offsets", fl.error_name(client.list_offsets(topic_id, 0, LATEST)["error"]), "UnknownTopicId")


@check("delete-topic-and-make-it-again")
def delete_again(bench: Bench) -> None:
    client, old = bench.client, bench.new_topic()
    name = bench.topics[-1]
    bench.produce(old, 0, values("a"))
    same("by id", client.delete_topic(topic_id=old)["name"], name)
    new = client.create_topic(name, 1)["id"]
    expect(new != old, "the id came again")
    until = time.monotonic() + 10
    while client.list_offsets(new, 0, LATEST)["error"] == ErrorCode.NotReady and time.monotonic() < until:
        time.sleep(0.05)
    same("latest", bench.latest(new), 0)
    same("the old id", fl.error_name(client.fetch([(old, 0, 0)])[0].info["error"]), "UnknownTopicId")


@check("delete-topic-ends-a-fetch-that-waits")
def delete_waiting(bench: Bench) -> None:
    topic_id = bench.new_topic()
    with bench.new_client() as reader:
        waiting = reader.connection.send(fl.FETCH, fl.fetch_body([(topic_id, 0, 0)], wait_ms=10_000))
        expect(not has_bytes(reader.connection, 0.3), "it did not wait")
        bench.client.delete_topic(topic_id=topic_id)
        expect(has_bytes(reader.connection, 3), "it slept on")
        info = reader.connection.result(fl.FETCH, waiting)[0]["partitions"][0]
        same("error", fl.error_name(info["error"]), "UnknownTopicId")


@check("delete-topic-errors")
def delete_errors(bench: Bench) -> None:
    client = bench.client
    refused(ErrorCode.UnknownTopic, by=lambda: client.delete_topic("no-such-topic"))
    refused(ErrorCode.UnknownTopicId, by=lambda: client.delete_topic(topic_id="f" * 32))
    refused(ErrorCode.InvalidRequest, by=lambda: client.delete_topic())
    refused(ErrorCode.InvalidRequest, by=lambda: client.delete_topic("a", "f" * 32))


# ---- the program ----
def run(host: str, port: int, only: str, with_slow: bool) -> int:
    passed = failed = 0
    bench = Bench(host, port)
    for entry in CHECKS:
        if only not in entry.name or (entry.is_slow and not with_slow):
            continue
        try:
            entry.run(bench)
            passed += 1
            print(f"ok {entry.name}", flush=True)
        except Exception as error:  # a check that breaks is a failed check, and the others still run
            failed += 1
            print(f"FAIL {entry.name}: {'' if isinstance(error, Failed) else type(error).__name__ + ': '}{error}",
                  flush=True)
            bench.client.connection.close()
            bench.client = bench.new_client()
    bench.clean()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks a running FastLog broker against protocol-spec/.")
    parser.add_argument("--server", required=True, metavar="HOST:PORT")
    parser.add_argument("--only", default="", metavar="TEXT", help="only checks whose name holds this")
    parser.add_argument("--slow", action="store_true", help="also the checks that wait for the broker's long timeouts")
    options = parser.parse_args()
    host, _, port = options.server.rpartition(":")
    try:
        return run(host.strip("[]"), int(port), options.only, options.slow)
    except (fl.FastLogError, OSError) as error:
        print(f"FAIL connection: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
