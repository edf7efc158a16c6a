"""Runs Python source as a program of its own (``__main__``) in a warm interpreter, and ends as Python would."""

import atexit
import sys
import threading
import traceback
import types

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
    for last in (threading._shutdown, atexit._run_exitfuncs, sys.stdout.flush, sys.stderr.flush):  # type: ignore[attr-defined]
        status = _ended_by(last) or status
    return status


def _ended_by(step: "types.FunctionType | types.BuiltinFunctionType | object") -> int:
    try:
        step()  # type: ignore[operator]
    except SystemExit as exit_:
        if exit_.code is None or isinstance(exit_.code, int):
            return (exit_.code or 0) & 0xFF
        print(exit_.code, file=sys.stderr)
        return 1
    except BaseException as error:
        shown = error.__traceback__.tb_next.tb_next if error.__traceback__ and error.__traceback__.tb_next else None
        traceback.print_exception(type(error), error, shown)
        return 1
    return 0
