"""Verdicts/s of the math verifier beside its peers, on labelled generations of real models and on the golden table.

    RFT_DATA=FOLDER RFT_PEERS=FOLDER python -m benchmarks.math_speed

Every pass runs in a new process, so that no cache outlives it, and in turn; what counts is the median of the passes.
Imports, start-up and a few warm-up verdicts are not timed. Ours takes all candidates of a problem together and is
timed with its extraction; peers are timed inside their process, one completion after the
other, without the common extractor where they use it. Hostile cases are left out.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.graders import BASE, OURS, Judgement, Peer, chosen, ours
from benchmarks.math_cases import Case, golden, labelled
from benchmarks.peer import WARM_UP
from benchmarks.table import print_table
from rft.types import JSON, Problem
from rft.verifiers.math.verifier import MathVerifier

CORPORA = {"generations": labelled, "golden": golden}
THREADS = {"generations": (1,), "golden": (1, 2)}
"""Threads of ours in one process, which share a verifier."""


@dataclass(slots=True)
class Passes:
    """What the passes of one grader over one corpus took."""

    seconds: list[float] = field(default_factory=list)
    n_refused: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graders", default="", help="peers by name, separated by ';'; all by default")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--ours", nargs=2, metavar=("CORPUS", "THREADS"), help="one pass of ours, as JSON")
    options = parser.parse_args()
    if options.ours:
        corpus, threads = options.ours
        print(json.dumps(our_pass(CORPORA[corpus](), int(threads))))
        return
    peers = chosen([name.strip() for name in options.graders.split(";") if name.strip()])
    for corpus, load in CORPORA.items():
        if cases := load():
            _measure(corpus, cases, peers, options.passes)


def our_pass(cases: Sequence[Case], n_threads: int) -> dict[str, JSON]:
    """Judges the cases once with a verifier that has judged nothing but the warm-up."""
    with MathVerifier() as verifier:
        for reference, answer in WARM_UP:
            verifier.verify(Problem("w", "?", "math", reference, "bench", "test"), [f"\\boxed{{{answer}}}"])
        start = time.perf_counter()
        found = ours(cases, verifier, n_threads)
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "refused": _refused(found), "caches": module_caches()}


def module_caches() -> list[str]:
    """Returns the functions of ours that remember results for longer than a verifier lives, with how many they hold."""
    modules = [module for name, module in sorted(sys.modules.items()) if name.startswith("rft.")]
    found = {value: None for module in modules for value in vars(module).values() if hasattr(value, "cache_info")}
    return [f"{value.__module__}.{value.__qualname__} ({value.cache_info().currsize})" for value in found]


def _measure(corpus: str, cases: list[Case], peers: Sequence[Peer], n_passes: int) -> None:
    passes: dict[str, Passes] = {}
    caches: list[str] = []
    for _ in range(n_passes):
        for n_threads in THREADS[corpus]:
            result = _our_process(corpus, n_threads)
            ran = passes.setdefault(OURS if n_threads == 1 else f"{OURS}, {n_threads} threads", Passes())
            ran.seconds.append(result["seconds"])
            ran.n_refused, caches = result["refused"], result["caches"]
        for peer in peers:
            found = peer.judge(cases)
            ran = passes.setdefault(peer.name, Passes())
            ran.seconds.append(sum(judgement.seconds for judgement in found))
            ran.n_refused = _refused(found)
    print(f"\n## {corpus}: {len(cases):,} verdicts")
    print(f"\nCaches of ours at module level, new in every pass: {', '.join(caches) or 'none'}.")
    columns = ["grader", "verdicts/s of each pass", "median", f"ratio to {BASE}", "ours is faster by", "refused"]
    print_table(columns, _rows(passes, len(cases)))


def _our_process(corpus: str, n_threads: int) -> dict[str, JSON]:
    command = [sys.executable, "-m", "benchmarks.math_speed", "--ours", corpus, str(n_threads)]
    shown = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, JSON] = json.loads(shown.stdout)
    return result


def _rows(passes: dict[str, Passes], n_cases: int) -> list[list[str]]:
    speeds = {name: [n_cases / seconds for seconds in ran.seconds] for name, ran in passes.items()}
    middle = {name: statistics.median(found) for name, found in speeds.items()}
    mine = next(iter(middle.values()))
    return [
        [
            name,
            " ".join(f"{value:,.0f}" for value in found),
            f"{middle[name]:,.0f}",
            f"{middle[name] / middle[BASE]:.1f}" if BASE in middle else "",
            _times(mine / middle[name]),
            str(passes[name].n_refused),
        ]
        for name, found in speeds.items()
    ]


def _times(ratio: float) -> str:
    return f"{ratio:,.1f}" if ratio >= 0.1 else "below 0.1"


def _refused(found: Sequence[Judgement]) -> int:
    return sum(judgement.accepted is None for judgement in found)


if __name__ == "__main__":
    main()
