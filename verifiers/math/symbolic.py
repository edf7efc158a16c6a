"""The opt-in second tier of the math verifier: what our own engine leaves undecided is put to SymPy.

SymPy runs in worker processes that are capped in memory and killed on time, so a hostile expression costs
``TIMEOUT_S`` seconds and stays undecided. Which verdicts come out may depend on how fast the machine is; without this
tier they never do, which is why it is off unless asked for.
"""

from rft.expressions.algebra import Relation
from rft.expressions.symbolic import to_json
from rft.expressions.tree import Node
from rft.processes.workers import WorkerError, WorkerPool

MODULE = "rft.verifiers.math.symbolic_program"
N_WORKERS = 2
TIMEOUT_S = 5.0
"""For one question, after which the worker is killed."""
MEMORY_MIB = 1_024
RECYCLE_AFTER = 500
"""SymPy's caches only ever grow."""


class SymbolicTier:
    """Puts questions to SymPy in worker processes; thread-safe, starts no process before the first question."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        """Starts nothing yet.

        Args:
            timeout_s: for one question; the start of a worker is not counted.
        """
        self._timeout_s = timeout_s
        self._pool = WorkerPool(MODULE, size=N_WORKERS, memory_mib=MEMORY_MIB, recycle_after=RECYCLE_AFTER)

    def same_expression(self, left: Node, right: Node) -> bool | None:
        """Returns whether two expressions are proved equal or different; None when neither within the limits."""
        return self._ask(left, right, "")

    def same_relation(self, left: Relation, right: Relation) -> bool | None:
        """Returns whether two relations are proved to differ by a constant factor only; None when it stays open."""
        return self._ask(left.difference, right.difference, left.sign)

    def close(self) -> None:
        """Ends every worker."""
        self._pool.close()

    def _ask(self, left: Node, right: Node, sign: str) -> bool | None:
        question = {"left": to_json(left), "right": to_json(right), "sign": sign}
        try:
            with self._pool.worker() as worker:
                reply = worker.ask(question, self._timeout_s)
        except WorkerError:  # no time, no memory, or it died: nothing was proved
            return None
        same: bool | None = reply.value["same"]
        return same
