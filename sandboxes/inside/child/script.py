"""Runs Python source as a program of its own (``__main__``) in a warm interpreter, and ends as Python would."""

import atexit
import sys
import types
from collections.abc import Callable

FILE = "main.py"


def run(source: str) -> int:
    """Returns the exit status of a program; what it prints goes to descriptors 1 and 2, its input is descriptor 0."""
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv[:] = [FILE]
    main = types.ModuleType("__main__")
    main.__dict__["__file__"] = FILE
    sys.modules["__main__"] = main
    status = _ended_by(lambda: exec(compile(source, FILE, "exec"), main.__dict__))
    for last in (_join_threads, atexit._run_exitfuncs, _flush):
        status = _ended_by(last) or status
    return status


def _join_threads() -> None:
    threading = sys.modules.get("threading")
    if threading is not None:
        threading._shutdown()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()


def _ended_by(step: Callable[[], object]) -> int:
    try:
        step()
    except SystemExit as exit_:
        if exit_.code is None or isinstance(exit_.code, int):
            return (exit_.code or 0) & 0xFF
        print(exit_.code, file=sys.stderr)
        return 1
    except BaseException as error:
        shown = error.__traceback__.tb_next.tb_next if error.__traceback__ and error.__traceback__.tb_next else None
        sys.__excepthook__(type(error), BaseException.with_traceback(error, shown), shown)
        return 1
    return 0
