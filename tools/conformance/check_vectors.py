#!/usr/bin/env python3
"""Runs the vectors of protocol-spec/vectors through the client; needs no broker.

One line a file, and one a vector that fails. The exit code is 0 when all passed.
"""
from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

import fastlog_client as fl

VECTORS = Path(__file__).resolve().parents[2] / "protocol-spec" / "vectors"
KINDS = {"request": fl.Kind.REQUEST, "response": fl.Kind.RESPONSE, "error": fl.Kind.ERROR, "oneWay": fl.Kind.ONE_WAY}
Vector = Dict[str, Any]


class Mismatch(Exception):
    """A vector's meaning and the client's differ."""


def same(what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise Mismatch(f"{what}: {found!r} instead of {wanted!r}")


def frame_from(data: bytes, limit: int) -> fl.Frame:
    """Reads a frame that must be the whole of `data`."""
    at = 0

    def read(size: int) -> bytes:
        nonlocal at
        if size > len(data) - at:
            raise fl.Defect("NeedMoreData")
        at += size
        return data[at - size:at]

    frame = fl.read_frame(read, limit)
    same("bytes used", at, len(data))
    return frame


def header_tags(named: Dict[str, Any]) -> Dict[int, bytes]:
    """The header tags of a vector by their numbers (02-framing.md)."""
    writers: Dict[str, Any] = {"deadlineMs": (fl.TAG_DEADLINE, lambda ms: struct.pack(">I", ms)),
                               "principal": (fl.TAG_PRINCIPAL, str.encode), "trace": (fl.TAG_TRACE, bytes.fromhex)}
    return {writers[name][0]: writers[name][1](value) for name, value in named.items()}


def check_message(vector: Vector) -> None:
    data = bytes.fromhex(vector["hex"])
    frame = frame_from(data, fl.FRAME_SIZE_MAX_DEFAULT)
    same("kind", frame.kind, KINDS[vector["kind"]])
    same("apiKey", frame.key, vector["apiKey"])
    same("apiVersion", frame.version, vector["apiVersion"])
    same("correlationId", frame.correlation, vector["correlationId"])
    same("headerTags", frame.header_tags, header_tags(vector["headerTags"]))
    same("body", fl.decode_message(frame), vector["body"])
    same("payload", frame.payload.hex(), vector["payload"])
    if vector["kind"] != "error":
        name, part = vector["message"].split(".")
        same("message", (fl.MESSAGES[frame.key].name, "response" if frame.kind == fl.Kind.RESPONSE else "request"),
             (name, part))
    written = fl.Frame(KINDS[vector["kind"]], vector["apiKey"], vector["apiVersion"], vector["correlationId"],
                       header_tags(vector["headerTags"]), fl.layout_of(frame).write(vector["body"]),
                       bytes.fromhex(vector["payload"]))
    same("written again", fl.encode_frame(written).hex(), vector["hex"])


def check_frame(vector: Vector) -> None:
    try:
        fl.decode_message(frame_from(bytes.fromhex(vector["hex"]), vector["frameSizeMax"]))
        status = "Ok"
    except fl.Defect as defect:
        status = defect.status
    same("status", status, vector["status"])


def check_batch(vector: Vector) -> None:
    data = bytes.fromhex(vector["hex"])
    same("valid", True, vector["valid"])
    batch = fl.parse_batch_header(data)
    found = {"baseOffset": batch.base_offset, "lastOffset": batch.last_offset, "sizeInBytes": len(data),
             "partitionLeaderEpoch": batch.leader_epoch, "magic": data[16],
             "crc": struct.unpack_from(">I", data, 17)[0],
             "compression": fl.CODEC_NAMES[batch.codec],
             "timestampType": "LogAppendTime" if batch.attributes & fl.APPEND_TIME else "CreateTime",
             "isTransactional": bool(batch.attributes & fl.TRANSACTIONAL),
             "isControlBatch": bool(batch.attributes & fl.CONTROL),
             "deleteHorizonMs": batch.base_timestamp if batch.attributes & fl.DELETE_HORIZON else None,
             "baseTimestamp": batch.base_timestamp, "maxTimestamp": batch.max_timestamp,
             "producerId": batch.producer_id, "producerEpoch": batch.producer_epoch,
             "baseSequence": batch.base_sequence, "recordCount": batch.record_count}
    for name, value in found.items():
        same(name, value, vector[name])
    for flipped in (fl.BATCH_COVERED_AT, len(data) - 1):
        refuse_batch(data[:flipped] + bytes([data[flipped] ^ 1]) + data[flipped + 1:], fl.ErrorCode.InvalidBatch)
    refuse_batch(data[:-1], fl.ErrorCode.InvalidBatch)
    if batch.codec > fl.CODEC_GZIP:
        refuse_batch(data, fl.ErrorCode.CodecNotAvailable)
        return
    batch = fl.parse_batch(data)
    same("records", [shown_record(batch, record) for record in batch.records], vector["records"])
    same("records written again", fl.encode_records(batch).hex(), fl.stored_records(data).hex())
    if batch.codec == fl.CODEC_NONE:
        same("written again", fl.encode_batch(batch).hex(), vector["hex"])
    else:
        same("read again", fl.parse_batch(fl.encode_batch(batch)), batch)


def shown_record(batch: fl.Batch, record: fl.Record) -> Dict[str, Any]:
    def text(value: Any) -> Any:
        return None if value is None else value.hex()

    return {"offset": record.offset, "timestamp": batch.timestamp_of(record), "key": text(record.key),
            "value": text(record.value),
            "headers": [[name.encode().hex(), text(value)] for name, value in record.headers]}


def refuse_batch(data: bytes, code: fl.ErrorCode) -> None:
    try:
        fl.parse_batch(data)
    except fl.BatchError as error:
        same("refused with", error.code, code)
        return
    raise Mismatch(f"a batch that must be refused with {code.name} was read")


def check_partition(vector: Vector) -> None:
    key = bytes.fromhex(vector["key"])
    same("murmur2", fl.murmur2(key), vector["murmur2"])
    for count in (1, 3, 8, 1000):
        same(f"of {count}", fl.partition_of(key, count), vector[f"of{count}"])


def check_varint(vector: Vector) -> None:
    data, value = bytes.fromhex(vector["zigzagVarint"]), vector["value"]
    same("written", fl.write_varint(value).hex(), vector["zigzagVarint"])
    same("read", fl.read_varint(data, 0, 64), (value, len(data)))
    if -2**31 <= value < 2**31:
        same("read as 32 bits", fl.read_varint(data, 0), (value, len(data)))
        return
    try:
        fl.read_varint(data, 0)
    except fl.BatchError:
        return
    raise Mismatch("a 32-bit reader took it")


CHECKS: Dict[str, Callable[[Vector], None]] = {
    "messages.json": check_message, "frames.json": check_frame, "batches.json": check_batch,
    "partitioner.json": check_partition, "varint.json": check_varint}


def main() -> int:
    passed = failed = 0
    unknown = sorted(path.name for path in VECTORS.glob("*.json") if path.name not in CHECKS)
    for name in unknown:
        print(f"FAIL {name}: no check for this file")
    for file, check in CHECKS.items():
        vectors: List[Vector] = json.loads((VECTORS / file).read_text(encoding="utf-8"))
        bad = 0
        for at, vector in enumerate(vectors):
            try:
                check(vector)
            except (Mismatch, fl.FastLogError, ValueError, KeyError, struct.error) as error:
                bad += 1
                print(f"FAIL {file} {vector.get('name', at)}: {type(error).__name__}: {error}")
        print(f"{'FAIL' if bad else 'ok'} {file}: {len(vectors)} vectors")
        passed, failed = passed + len(vectors) - bad, failed + bad
    print(f"{passed} passed, {failed + len(unknown)} failed")
    return 1 if failed or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
