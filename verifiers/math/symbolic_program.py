"""The process behind ``symbolic: true``: reads trees as JSON, says what SymPy proves. See ``rft.processes.workers``."""

from collections.abc import Callable

from rft.expressions import symbolic
from rft.processes.worker_main import serve
from rft.types import JSON


def make() -> Callable[[JSON], JSON]:
    """Imports SymPy and returns the function that answers questions.

    A question is ``{"left": tree, "right": tree, "sign": sign}``, with an empty sign for two expressions, else the sign
    of two relations whose sides were brought to the left. The answer is ``{"same": bool or None, "failed": bool}``.
    """
    import sympy  # noqa: F401  before the first question's time runs

    def answer(question: JSON) -> JSON:
        left, right = symbolic.from_json(question["left"]), symbolic.from_json(question["right"])
        try:
            if question["sign"]:
                positive = question["sign"] in ("<", r"\le")
                proved = symbolic.proportional(left, right, positive=positive)
            else:
                proved = symbolic.same(left, right)
        except MemoryError:
            raise
        except Exception:  # SymPy raises whatever its algorithms stumble upon: that proves nothing
            proved = None
        return {"same": proved, "failed": proved is None}

    return answer


if __name__ == "__main__":
    serve(make)
