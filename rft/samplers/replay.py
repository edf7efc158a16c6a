"""Hands out stored completions instead of drawing new ones, so that the whole line runs without an engine.

Uses: judging what another engine wrote, repeating a run exactly, tests. The same problem and index always give the same
text, in any order of requests and after any restart. Memory is flat in the number of stored samples.
"""

import math
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Lt

from rft.samplers.stored import Stored
from rft.types import FinishReason, Origin, Request, Sample

_WINDOW = 256


@dataclass
class ReplaySampler:
    """Stored completions in Parquet or JSONL files, one per row, e.g. the ``samples`` folder of an earlier run.

    A row has ``problem_id`` and ``text`` (or ``completion``), and may have ``index`` (else the order in which the
    problem's rows appear), ``n_tokens`` (else the number of words), ``finish_reason`` (``stop`` or ``length``; else
    ``stop``) and ``round``. Further columns are ignored.
    """

    pace: ClassVar[frozenset[str]] = frozenset({"delay_s", "order"})
    """Options that change how fast samples come, never what they say."""

    path: str
    """A ``.jsonl``, ``.jsonl.gz`` or ``.parquet`` file, a folder of such files, or a glob."""
    round: int | None = None
    """Use only rows of this round. None: all rows; a request's own round plays no part."""
    delay_s: Annotated[float, Ge(0), Lt(math.inf)] = 0.0
    """Pause before each sample, to imitate an engine's pace."""
    order: Literal["stored", "shuffled"] = "stored"
    """stored: in the order of the requests; shuffled: mixed (the same way each time), as an engine finishes them."""

    def __post_init__(self) -> None:
        self._stored: Stored | None = None

    def sample(self, requests: Iterable[Request]) -> Iterator[Sample]:
        """Yields the stored sample of every requested index.

        Raises:
            InputError: a file is missing or malformed, or does not hold what is requested.
        """
        samples = self._in_order(requests)
        for sample in samples if self.order == "stored" else _shuffled(samples):
            if self.delay_s:
                time.sleep(self.delay_s)
            yield sample

    def close(self) -> None:
        """Closes the files. Safe to call twice."""
        if self._stored is not None:
            self._stored.close()
            self._stored = None

    def _in_order(self, requests: Iterable[Request]) -> Iterator[Sample]:
        if self._stored is None:
            self._stored = Stored(self.path, self.round)
        engine = f"replay:{Path(self.path).name}"
        for request in requests:
            for index in request.indices:
                row = self._stored.get(request.problem_id, index)
                text = row["text"] if "text" in row else row["completion"]
                yield Sample(
                    problem_id=request.problem_id,
                    round=request.round,
                    index=index,
                    text=text,
                    n_tokens=row.get("n_tokens", len(text.split())),
                    finish_reason=FinishReason(row.get("finish_reason", "stop")),
                    engine=engine,
                    seed=None,
                    origin=Origin.IMPORTED,
                )


def _shuffled(samples: Iterator[Sample]) -> Iterator[Sample]:
    """Yields at random from a window that moves along the stream."""
    rng, window = random.Random(0), list[Sample]()
    for sample in samples:
        window.append(sample)
        if len(window) >= _WINDOW:
            yield window.pop(rng.randrange(len(window)))
    rng.shuffle(window)
    yield from window
