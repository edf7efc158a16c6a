r"""Judges a bare file of completions, without a run: ``rft verify FILE.jsonl --out OUT.jsonl``.

    in   {"id": "…", "verifier": "math", "reference": "\\frac{1}{2}", "completion": "… \\boxed{0.5}"}
    in   {"id": "…", "verifier": "math", "reference": "20", "completion": "… 20%", "policy": {"percent": "points"}}
    in   {"id": "…", "verifier": "code", "reference": {"entry_point": "add", "tests": "…"}, "completion": "…",
          "limits": {"wall_s": 5}}
    out  {"id": "…", "outcome": "correct", "reward": 1, "reason": null, "extracted": "0.5", "detail": "…", "wall_s": 0}

One line out per line in, in the same order; ``"trust": "low"`` marks a verdict that a program could have bought.
The whole file is read and checked before the first verdict; the output appears under its name only when it is complete.
It never replaces the input, or anything that is not a regular file.
"""

import json
import stat
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from rft.errors import InputError
from rft.judging.judge import judge_all, neighbours
from rft.sandboxes.limits import checked_limits
from rft.store.files import check_out, writing
from rft.store.jsonl import lines as read_lines
from rft.store.jsonl import parse
from rft.types import JSON, FinishReason, Origin, Outcome, Problem, Sample, Trust, Verdict, Verifier
from rft.verifiers.math.read.policy import policy_of

MAX_DIGITS = 1_000
"""Digits of a number in a line; longer ones are written as texts."""
MAX_DEPTH = 100
"""Levels of lists and objects in a reference; it is walked again by every verifier, some of them recursively."""
STDOUT = Path("-")
GetVerifier = Callable[[str, str], Verifier]
"""(name, where) -> verifier; raises InputError for an unknown name."""
ENGINE = "file"
"""The ``engine`` of a sample that was read from a line."""


def judge_file(
    source: Path, out: Path, get_verifier: GetVerifier, default_verifier: str | None, workers: int, skip_bad: bool
) -> tuple[Counter[Outcome], int]:
    """Judges every line of ``source`` into ``out``.

    Args:
        source: a JSONL file, gzipped if it ends in .gz.
        out: where the verdicts go; replaced when complete. ``-`` is stdout: each verdict is written as it comes.
        get_verifier: looks a verifier up.
        default_verifier: for lines that name none.
        workers: lines judged at the same time.
        skip_bad: leave out lines that cannot be read; else the first one is an error.

    Returns:
        Outcomes by count, and the number of lines left out.

    Raises:
        InputError: the file cannot be read, a line is not of the form above, or ``out`` is the input or not a file.
    """
    _check_places(source, out)
    verifiers: dict[str, Verifier] = {}
    n_skipped = 0
    for number, line in lines(source, default_verifier, skip_bad):
        if line is None:
            n_skipped += 1
        elif line[0].verifier not in verifiers:
            name = line[0].verifier
            verifiers[name] = get_verifier(name, f" in {source}, line {number}")
    if not verifiers:
        raise InputError(f"{source} has no line that can be judged ({n_skipped} left out); give it at least one")
    outcomes: Counter[Outcome] = Counter()
    readable = (line for _, line in lines(source, default_verifier, skip_bad) if line is not None)
    with (
        _opened(out) as file,
        closing(judge_all(neighbours(readable), verifiers.__getitem__, workers)) as judged,
    ):
        for each in judged:
            outcomes[each.verdict.outcome] += 1
            _write(file, _record(each.sample.problem_id, each.verdict), out)
    return outcomes, n_skipped


def _check_places(source: Path, out: Path) -> None:
    """Refuses an input that cannot be read twice, and an output that would replace it or something not a file."""
    try:
        if not stat.S_ISREG(source.stat().st_mode):
            raise InputError(f"{source} is not a regular file; it is read twice, so write the lines to a file first")
        if out != STDOUT:
            check_out(out, source, ", or --out - for stdout")
    except FileNotFoundError as error:
        raise InputError(f"{source} does not exist; give a JSONL file with id, reference and completion") from error
    except OSError as error:
        raise InputError(f"{error.filename} cannot be used: {error.strerror}; choose another place") from error


@contextmanager
def _opened(out: Path) -> Iterator[BinaryIO]:
    """Opens a file that gets the name ``out`` only when the block succeeds; stdout is yielded as it is."""
    if out == STDOUT:
        yield sys.stdout.buffer
        return
    with writing(out, private=True) as partial, partial.open("xb") as file:
        yield file


def _write(file: BinaryIO, record: dict[str, JSON], out: Path) -> None:
    # "replace": a model may write a lone surrogate, which has no place in UTF-8
    line = json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    try:
        file.write(line)
        if out == STDOUT:
            file.flush()
    except OSError as error:
        if out != STDOUT:
            raise  # ``writing`` says what it means
        raise InputError(f"cannot write to stdout: {error.strerror or error}; choose another --out") from error


def _record(line_id: str, verdict: Verdict) -> dict[str, JSON]:
    record = {
        "id": line_id,
        "outcome": verdict.outcome.value,
        "reward": verdict.reward,
        "reason": verdict.reason and verdict.reason.value,
        "extracted": verdict.extracted,
        "detail": verdict.detail,
        "wall_s": round(verdict.wall_s, 6),
    }
    return record if verdict.trust is Trust.FULL else record | {"trust": verdict.trust.value}


def lines(
    source: Path, default_verifier: str | None, skip_bad: bool
) -> Iterator[tuple[int, tuple[Problem, Sample] | None]]:
    """Yields each line of a file of completions with its number; None for one that is left out, nothing for a blank.

    Problem and sample have the line's id; the sample's engine is ``ENGINE``.

    Raises:
        InputError: the file cannot be read, or a line is malformed and ``skip_bad`` is not set.
    """
    for number, raw in read_lines(source):
        try:
            # a model's text may hold half of a surrogate pair
            line = asked(parse(raw, parse_int=_whole, surrogates=True), default_verifier)
        except ValueError as error:
            if not skip_bad:
                hint = "correct it, or leave such lines out with --skip-bad-rows"
                raise InputError(f"{source}, line {number}: {error}; {hint}") from error
            line = None
        yield number, line


def asked(fields: JSON, default_verifier: str | None) -> tuple[Problem, Sample]:
    """Returns what the fields of a line ask to be judged; problem and sample have the line's id.

    Raises:
        ValueError: says what is wrong with them.
    """
    if not isinstance(fields, dict):
        raise ValueError(f"holds a {type(fields).__name__}, it must be an object")
    for name, wanted in (("id", (str, int)), ("completion", (str,))):
        if not isinstance(fields.get(name), wanted):
            raise ValueError(f"'{name}' is {fields.get(name)!r:.80}, it must be a text")
    verifier = fields.get("verifier") or default_verifier
    if not isinstance(verifier, str):
        raise ValueError("names no verifier; add one to the line, or give --verifier")
    if fields.get("reference") in (None, "", [], {}):
        raise ValueError("has no reference")
    if _deeper(fields["reference"], MAX_DEPTH):
        raise ValueError(f"'reference' is nested deeper than {MAX_DEPTH} levels")
    reference = _limited(fields["reference"], fields.get("limits"), verifier)
    finish = fields.get("finish_reason")
    if finish not in (None, *FinishReason):
        raise ValueError(f"'finish_reason' is {finish!r:.80}; allowed: {', '.join(FinishReason)}, or leave it out")
    line_id = str(fields["id"])
    metadata = {"policy": fields["policy"]} if fields.get("policy") is not None else {}
    if metadata:
        if verifier != "math":
            raise ValueError(f"'policy' is for the verifier math; this line's is '{verifier}'")
        try:
            policy_of(metadata["policy"], {})
        except InputError as error:
            raise ValueError(str(error)) from error
    problem = Problem(line_id, "", verifier, reference, "file", "file", metadata)
    reason = FinishReason(finish or FinishReason.STOP)
    return problem, Sample(line_id, 0, 0, fields["completion"], 0, reason, ENGINE, None, Origin.IMPORTED)


def _limited(reference: JSON, limits: JSON, verifier: str) -> JSON:
    """Returns the reference with the line's own limits in it; they win over those that it has."""
    if verifier == "code" and not isinstance(reference, dict):
        raise ValueError(f"'reference' is {reference!r:.80}; the verifier code needs an object with tests or cases")
    if limits is None:
        return reference
    if verifier != "code":
        raise ValueError(f"'limits' is for the verifier code; this line's is '{verifier}'")
    own = reference.get("limits")
    return reference | {"limits": (own if isinstance(own, dict) else {}) | checked_limits(limits)}


def _deeper(value: JSON, levels: int) -> bool:
    """Whether a value is nested deeper than this many levels; calls go no deeper than that either."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(part, levels - 1) for part in inner)


def _whole(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"holds a whole number of {len(digits)} digits; write it as a text")
    return int(digits)
