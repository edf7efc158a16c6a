"""Groups records by key in flat memory: they are dealt to bucket files on disk, and one bucket is held at a time."""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Record = dict[str, Any]
BUCKET_RECORDS = 10_000


def group(
    streams: Mapping[str, Iterable[Record]], key: Callable[[Record], str], n_records: int, scratch: Path
) -> Iterator[tuple[str, dict[str, list[Record]]]]:
    """Joins streams of records by key.

    Args:
        streams: name -> records, each read once; records must be JSON values.
        key: what to group by.
        n_records: about how many there are in all; decides the number of buckets, not the result.
        scratch: an existing folder that may hold temporary files of the size of all records.

    Yields:
        (key, {name: records in their own order}), keys sorted within a bucket; the order depends on nothing but the
        keys and ``n_records``.
    """
    n_buckets = min(512, -(-max(n_records, 1) // BUCKET_RECORDS))
    with TemporaryDirectory(prefix=".group-", dir=scratch) as folder:
        paths = [Path(folder) / f"{bucket}.jsonl" for bucket in range(n_buckets)]
        _deal(streams, key, paths)
        for path in paths:
            groups: dict[str, dict[str, list[Record]]] = {}
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    found, name, record = json.loads(line)
                    groups.setdefault(found, {n: [] for n in streams})[name].append(record)
            yield from sorted(groups.items())


def _deal(streams: Mapping[str, Iterable[Record]], key: Callable[[Record], str], paths: list[Path]) -> None:
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("w", encoding="utf-8")) for path in paths]
        for name, records in streams.items():
            for record in records:
                found = key(record)
                json.dump((found, name, record), bucket := files[zlib.crc32(found.encode()) % len(files)])
                bucket.write("\n")
