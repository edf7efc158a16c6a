"""Our math verifier and its peers behind one interface, so that one run measures them on the same cases.

Peers come from the folder named by ``RFT_PEERS`` (see ``benchmarks/peers.sh``); each runs in a fenced process of its
own (``benchmarks.peer_process``). Graders that compare two answers get them from one common extractor: ours, by its
lenient policy. A text that looks like code is never given to the grader that evaluates what it is given.
"""

import os
import re
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from benchmarks.math_cases import HOSTILE, Case, problems
from benchmarks.peer_process import PeerDiedError, PeerProcess, fence
from rft.types import Outcome, Verdict
from rft.verifiers.extraction.answer import extract
from rft.verifiers.math.verifier import MathVerifier

OURS = "rft"
BASE = "math-verify"
"""The peer that ratios are taken to."""
TIMEOUT_S = 30.0
"""For one question to a peer; those with time limits of their own give up after 5 to 20 s."""
_CODE = re.compile(
    r"__|\b(?:import|exec|eval|open|system|lambda|getattr|setattr|compile|globals|locals|input|print|breakpoint|exit"
    r"|quit|os|sys|subprocess|builtins)\b"
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a grader says of one case."""

    accepted: bool | None
    """None when it refused: an error or a time-out, for ours *unjudged*."""
    seconds: float
    extracted: str | None = None
    """The answer that ours took out of the completion."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Peer:
    """A grader of another project."""

    name: str
    """A key of ``benchmarks.peer.GRADERS``."""
    package: str
    """What it is installed by."""
    folder: str | None
    """The folder in ``RFT_PEERS`` that holds its packages; None for a dependency of this project."""
    evaluates: bool = False
    """Whether it is known to run code in the text it is given."""

    def packages(self) -> Path | None:
        """Returns the folder of its packages, which may be missing; None for this environment."""
        return Path(os.environ.get("RFT_PEERS", "")).absolute() / self.folder if self.folder else None

    def missing(self) -> str:
        """Returns why it cannot be run here; "" when it can."""
        packages = self.packages()
        if packages is not None and "RFT_PEERS" not in os.environ:
            return "RFT_PEERS is not set: run benchmarks/peers.sh FOLDER and set RFT_PEERS=FOLDER"
        if packages is not None and not packages.is_dir():
            return f"no folder {packages}: run benchmarks/peers.sh {packages.parent}"
        if self.evaluates and fence() == "none":
            return "it evaluates model text, and this machine has no fence for it (bubblewrap, or unshare)"
        return ""

    def version(self) -> str:
        """Returns the version of its package that is installed."""
        packages = self.packages()
        where = [str(packages)] if packages else sys.path
        return next(iter(distributions(name=self.package, path=where))).version

    def judge(self, cases: Sequence[Case]) -> list[Judgement]:
        """Judges the cases one by one, in a new process that is warm before the first.

        Raises:
            PeerDiedError: it cannot be started.
        """
        with PeerProcess(self.name, self.packages(), TIMEOUT_S) as process:
            process.start()
            return [self._judgement(process, case) for case in cases]

    def _judgement(self, process: PeerProcess, case: Case) -> Judgement:
        found = extract(case.completion)
        answer = found.text if found else None
        if self.evaluates and (case.file == HOSTILE or any(map(_CODE.search, [*case.references, answer or ""]))):
            return Judgement(None, 0.0, why="withheld: it may be code")
        start = time.perf_counter()
        try:
            reply = process.ask({"references": case.references, "completion": case.completion, "answer": answer})
        except PeerDiedError as error:
            return Judgement(None, time.perf_counter() - start, why=str(error))
        return Judgement(reply["right"], reply["s"], why=reply["why"])


PEERS = (
    Peer("math-verify", "math-verify", None),
    Peer("math-verify, common extractor", "math-verify", None),
    Peer("inspect-ai", "inspect-ai", "inspect"),
    Peer("verl prime_math", "verl", "strings", evaluates=True),
    Peer("verl math_dapo", "verl", "strings"),
    Peer("verl math_reward", "verl", "strings"),
    Peer("lm-eval minerva", "lm-eval", "strings"),
    Peer("lm-eval hendrycks", "lm-eval", "strings"),
)


def chosen(names: Sequence[str]) -> list[Peer]:
    """Returns the peers of these names, all by default, that can run here, and says which cannot.

    Raises:
        SystemExit: a name is unknown.
    """
    known = {peer.name: peer for peer in PEERS}
    if unknown := [name for name in names if name not in known and name != OURS]:
        raise SystemExit(f"unknown grader '{unknown[0]}'; known: {', '.join([OURS, *known])}")
    usable = []
    for peer in [known[name] for name in names or known if name in known]:
        if why := peer.missing():
            print(f"- left out: {peer.name}: {why}")
        else:
            usable.append(peer)
    versions = dict.fromkeys(f"{peer.package} {peer.version()}" for peer in usable)
    print(f"- peers: {', '.join(versions) or 'none'}; fence around them: {fence()}", flush=True)
    return usable


def ours(cases: Sequence[Case], verifier: MathVerifier, n_threads: int = 1) -> list[Judgement]:
    """Judges the cases with ours, all candidates of a problem together; threads share the verifier."""
    groups = problems(list(cases))
    if n_threads == 1:
        return [judgement for group in groups for judgement in _ours(verifier, group)]
    with ThreadPoolExecutor(n_threads) as threads:
        found = threads.map(lambda group: _ours(verifier, group), groups)
        return [judgement for group in found for judgement in group]


def _ours(verifier: MathVerifier, group: list[Case]) -> list[Judgement]:
    start = time.perf_counter()
    verdicts = verifier.verify(group[0].problem(), [case.completion for case in group])
    seconds = (time.perf_counter() - start) / len(group)  # with its share of what reading the reference takes
    return [_judgement(verdict, seconds) for verdict in verdicts]


def _judgement(verdict: Verdict, seconds: float) -> Judgement:
    accepted = None if verdict.outcome is Outcome.UNJUDGED else verdict.outcome is Outcome.CORRECT
    why = f"{verdict.outcome}: {verdict.reason or ''}: {verdict.detail or ''}"
    return Judgement(accepted, seconds, verdict.extracted, why)
