"""Writes the files beside it: `pip install pyarrow==25.0.1`, then `python make.py`.

PyarrowFilesTest computes the same values.
"""

import datetime
import decimal
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
ROWS = 61

SCHEMA = pa.schema([
    pa.field("id", pa.string(), nullable=False),
    ("caption", pa.string()),
    ("n", pa.int64()),
    ("small", pa.int32()),
    ("unsigned", pa.uint32()),
    ("huge", pa.uint64()),
    ("score", pa.float64()),
    ("part", pa.float32()),
    ("good", pa.bool_()),
    ("hash", pa.binary(4)),
    ("day", pa.date32()),
    ("price", pa.decimal128(9, 2)),
    ("tags", pa.list_(pa.string())),
    ("vector", pa.list_(pa.float32())),
    ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    ("images", pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))),
    ("grid", pa.list_(pa.list_(pa.int32()))),
    ("notes", pa.map_(pa.string(), pa.string())),
])


def image(i):
    return {"bytes": bytes([(i * j) % 256 for j in range(i % 9)]), "path": None if i % 4 == 1 else f"photos/{i}.jpg"}


def row(i):
    return {
        "id": f"photo-{i:04d}",
        "caption": None if i % 7 == 3 else ["a red car", "猫在垫子上", "", "naïve 👩"][i % 4],
        "n": None if i % 11 == 5 else (i - 30) ** 9,
        "small": i * i - 500,
        "unsigned": 4_000_000_000 + i,
        "huge": 2**63 - 1 + i,
        "score": None if i % 5 == 0 else i / 8,
        "part": i / 4,
        "good": None if i % 6 == 2 else i % 3 == 0,
        "hash": bytes([i, 0, 255, i // 2]),
        "day": datetime.date(2026, 1, 1) + datetime.timedelta(days=i),
        "price": decimal.Decimal(i) / 4,
        "tags": None if i % 8 == 7 else [None if k == 2 else f"tag{(i + k) % 5}" for k in range(i % 4)],
        "vector": None if i % 9 == 8 else [i + k / 2 for k in range(i % 5)],
        "image": None if i % 10 == 9 else image(i),
        "images": None if i % 7 == 6 else [None if k == 1 else image(i + k) for k in range(i % 4)],
        "grid": [[i]],
        "notes": {"k": f"v{i}"},
    }


def words(count):
    """A text that packs well, but not too well."""
    state, text = 1, []
    for _ in range(count):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        text.append("%x" % ((state >> 16) % (1 + (state >> 8) % 997)))
    return " ".join(text)


table = pa.Table.from_pylist([row(i) for i in range(ROWS)], schema=SCHEMA)
DELTAS = {
    "id": "DELTA_BYTE_ARRAY",
    "caption": "DELTA_LENGTH_BYTE_ARRAY",
    "n": "DELTA_BINARY_PACKED",
    "small": "DELTA_BINARY_PACKED",
    "unsigned": "DELTA_BINARY_PACKED",
    "huge": "DELTA_BINARY_PACKED",
    "good": "RLE",
    "hash": "DELTA_BYTE_ARRAY",
    "score": "BYTE_STREAM_SPLIT",
    "tags.list.element": "DELTA_BYTE_ARRAY",
}
SPLIT = {c: "BYTE_STREAM_SPLIT" for c in ["n", "small", "score", "part", "hash", "vector.list.element"]}


def write(name, what=table, **options):
    pq.write_table(what, HERE / f"{name}.parquet", store_schema=False, **options)


write("snappy", compression="snappy")
write("zstd-v2-deltas", compression="zstd", data_page_version="2.0", use_dictionary=False, column_encoding=DELTAS)
write("gzip-v2", compression="gzip", data_page_version="2.0", row_group_size=31, write_statistics=False)
write("plain-pages", table.select(["id", "caption", "good", "tags", "image", "images"]), compression="none",
      use_dictionary=False, data_page_size=64, write_batch_size=5,
      write_page_checksum=True, write_statistics=False)
write("lz4-split", compression="lz4", use_dictionary=False, column_encoding=SPLIT, write_statistics=False)
write("brotli", table.select(["id"]), compression="brotli")
text = pa.table({"text": [words(500), words(6000), "x" * 100_000]})
write("zstd-text", text, compression="zstd", compression_level=12, use_dictionary=False, write_statistics=False)
picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
write("empty", pa.table({"image": pa.array([], picture)}))
