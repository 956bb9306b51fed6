#!/usr/bin/env python3
"""Writes the seeds of the fuzz target `envelope`: seeds.py DIRECTORY. fuzz/envelope.rs reads their first byte."""
import pathlib
import sys

import foreign as f
import vectors

made = vectors.make()
head = f.head(vectors.TIME, "SRV1")
carried = f.head(vectors.TIME, "SRV1", vectors.LEGACY)
seeds = {
    "payload": b"\x00" + bytes.fromhex(made["messages"][0]["payload"]),
    "message": b"\x01" + head + b"data",
    "message-empty": b"\x01" + head,
    "message-batch": b"\x01" + f.head(vectors.TIME, "SRV1", is_batch=True) + f.batch(vectors.BATCH),
    "message-carried": b"\x01" + carried + b"data",
    "attachment": b"\x02" + bytes(range(16)) + (1).to_bytes(8, "big") + head,
    "attachment-carried": b"\x02" + bytes(range(16)) + (1).to_bytes(8, "big") + carried,
    "receipt": b"\x03" + head + b"\x01",
    "reply": b"\x03" + head + b"\x01" + vectors.REPLY,
    "request": b"\x07" + f.head(vectors.TIME, "SRV1", within=vectors.WITHIN) + vectors.REQUEST,
    "confirmed": b"\x07" + head + b"data",
    "presence-sealed": b"\x04" + made["presences"][0]["key_expression"].split("/at/")[1].encode(),
    "presence-node": b"\x04SRV1",
    "presence-slot": b"\x04SRV1/PLANT%5CLINE%201",
    "presence-bridge": b"\x04SRV1/~/192.0.2.1/24/OLD",
    "presence-two-forms": b"\x04SRV1/~/192.0.2.1/04/OLD",
    "broadcast": b"\x05all/ALERTS",
    "directed": b"\x05to/SRV1/ALERTS",
    "broadcast-sealed": b"\x05all/" + b"0f" * 16,
    "file": b"\x06" + vectors.FILE.encode(),
    "uncertified": b"\x08\x00" + bytes(64) + b"\x00\x00" + head + b"data",
    "certified-unsigned": b"\x08\x01" + bytes(64) + f.head(vectors.TIME, "A") + b"data",
    "file-open": b"\x06name = 'LAB'\nopen = true\nlan = true\nconnect = ['tcp/192.0.2.1:7447']\n",
}
for name, seed in seeds.items():
    (pathlib.Path(sys.argv[1]) / name).write_bytes(seed)
