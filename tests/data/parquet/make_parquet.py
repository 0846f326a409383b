#!/usr/bin/env python3
"""Small Parquet files as data sets on the hub have them.

usage: make_parquet.py FOLDER [ROWS]        (needs: pyarrow 26)

With ROWS also big.parquet, of that many rows: for measurements, not for the repository.
"""
import os, random, sys
import pyarrow as pa
import pyarrow.parquet as pq

folder = sys.argv[1]
turn = pa.struct([("role", pa.string()), ("content", pa.string())])
said = pa.struct([("from", pa.string()), ("value", pa.string())])


def write(name, columns, **kw): pq.write_table(pa.table(columns), os.path.join(folder, name), **kw)


def chat(*texts): return [dict(role=("user", "assistant")[i % 2], content=t) for i, t in enumerate(texts)]


write("chats.parquet", dict(
    messages=pa.array([chat("Where is order 7?", "On its way.\nThanks!"), [dict(role="system", content="Be brief.")] + chat("Hi", "Hello, \"you\" \\ café 東京 🙂"), None, chat("a", "b", "c", "d"), chat("only a question"), chat("tab\t?", "\x01 yes")], pa.list_(turn)),
    split=pa.array(["train", "test", None, "validation", None, None]).dictionary_encode(),
    tags=pa.array([["mail", "late"], [], None, None, None, ["x"]], pa.list_(pa.string())),
    rating=pa.array([5, None, 1, 3, 2, 0], pa.int8()),
    when=pa.array([0, 1, 2, 3, 4, None], pa.timestamp("ms"))), row_group_size=2, compression="zstd")
write("sharegpt.parquet", dict(conversations=pa.array([[{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]], pa.large_list(said)), system=pa.array(["S"], pa.large_string())), compression="gzip")
write("instructions.parquet", dict(instruction=["Add", "Greet"], input=["1 and 2", None], output=["3", "Hello"], embedding=pa.array([[0.5, float("nan")], [1, 2]], pa.list_(pa.float32(), 2)), meta=pa.array([[("k", 1)], []], pa.map_(pa.string(), pa.int64()))), compression="snappy")
write("prompts.parquet", dict(prompt=["P1", "P2"], completion=["C1", None]), compression="none")
write("questions.parquet", dict(frage=["Wo?", "Was?"], antwort=["Hier.", "Das."], id=pa.array([1, 2], pa.uint64())), compression="brotli")
write("empty.parquet", dict(prompt=pa.array([], pa.string()), completion=pa.array([], pa.string())))
whole = open(os.path.join(folder, "chats.parquet"), "rb").read()
open(os.path.join(folder, "cut.parquet"), "wb").write(whole[: len(whole) * 2 // 3])
open(os.path.join(folder, "flipped.parquet"), "wb").write(bytes(b ^ 0xFF if 40 <= i < 140 else b for i, b in enumerate(whole)))

if len(sys.argv) > 2:
    r, rows = random.Random(7), int(sys.argv[2])
    words = ["".join(r.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(r.randint(2, 9))) for _ in range(20000)]
    schema = pa.schema([("messages", pa.list_(turn))])
    with pq.ParquetWriter(os.path.join(folder, "big.parquet"), schema, compression="zstd") as w:
        for begin in range(0, rows, 100000):
            some = [chat(" ".join(r.choices(words, k=r.randint(8, 45))) + f" #{i}?", " ".join(r.choices(words, k=r.randint(8, 60)))) for i in range(begin, min(rows, begin + 100000))]
            w.write_table(pa.table(dict(messages=pa.array(some, pa.list_(turn))), schema=schema), row_group_size=100000)
