"""Tests that are code of the candidate's own language: both made into one program, with a proof that it ran to its end.

Go only. The candidate becomes a package of its own and the tests the main package: what it names itself (``panic``,
``true``, ``reflect``, a ``main`` of its own) means nothing in the tests. The main function runs the tests and then
prints a proof, made of a nonce that is chosen after the candidate was written. So leaving early (``os.Exit(0)`` in
``init``), printing what a success prints, or returning before the tests ran is a failure.

What stays open: both share a process. Machine code that searches the program's own memory for the main function, or
overwrites the tests' code, can forge the proof; values with a ``MarshalJSON`` of their own choose how they are seen
where tests compare JSON. Verdicts from here are of low trust.
"""

import hashlib
import re

from rft.errors import InputError
from rft.sandboxes import archive
from rft.sandboxes.languages import LANGUAGES, find

_NONCE = re.compile(r"[0-9a-f]{32}")
_NOT_CODE = re.compile(
    r"//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?+|\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
_PACKAGE = re.compile(r"^[ \t]*package[ \t]+\w+", re.MULTILINE)
_MAIN = re.compile(r"^func[ \t]+main[ \t]*\([ \t]*\)", re.MULTILINE)
_FUNCTION = re.compile(r"^func[ \t]+(\w+)[ \t]*\(", re.MULTILINE)
_WORD = re.compile(r"\w+")
_IMPORT = re.compile(r'^([ \t]*(?:import[ \t]+)?)"([\w/]+)"[ \t]*;?[ \t]*$', re.MULTILINE)
_FIRST_DECLARATION = re.compile(r"^(?:func|var|type|const)\b", re.MULTILINE)
_PATHS = (
    "bytes container/heap container/list encoding/json errors fmt math math/big math/bits math/cmplx math/rand os "
    "reflect regexp sort strconv strings sync time unicode unicode/utf8"
)
_STANDARD = {path.rpartition("/")[2]: path for path in _PATHS.split()}
"""Packages that tests may use without an import of their own: data sets leave it to the candidate's first lines."""

_PREDECLARED = (
    "append cap clear close complex copy delete imag len make max min new panic print println real "
    "recover any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune "
    "string uint uint8 uint16 uint32 uint64 uintptr true false iota nil"
)
_GOS_OWN = frozenset(_PREDECLARED.split()) | {"main", "init"}
"""Names that the tests must find as the language has them, whatever a candidate declares."""


def whole_program(language: str, source: str, tests: str, nonce: str) -> str:
    """Returns the source of the program that holds a candidate and its tests; ``completed`` reads its output.

    Args:
        language: a language whose ``whole_form`` is set.
        source: the whole candidate, with package clause and imports.
        tests: functions and a ``main`` that panics, or exits with a status, when the candidate is wrong.
        nonce: 32 hexadecimal digits, drawn for this very execution (``secrets.token_hex(16)``).

    Raises:
        InputError: the language has no such form, or the tests have no main function.
        ValueError: the nonce is malformed.
    """
    spec = find(language)
    if not spec.whole_form:
        able = ", ".join(sorted(other.name for other in LANGUAGES.values() if other.whole_form))
        raise InputError(f"tests in language '{spec.name}' cannot be put beside a candidate; those in {able} can")
    if not _NONCE.fullmatch(nonce):
        raise ValueError("a nonce is 32 hexadecimal digits")
    if not _MAIN.search(tests):
        raise InputError("tests in Go need a main function, 'func main() {'")
    used = _used(tests)
    shared = sorted(_functions(source) & set(_WORD.findall(_bare(tests))) - _functions(tests) - used - _GOS_OWN)
    files = {"main.go": _main(tests, used, shared, nonce), "candidate.go": _candidate(source, used, shared)}
    return archive.pack(files, hashlib.sha256(f"boundary {nonce}".encode()).hexdigest())


def completed(stdout: str, nonce: str) -> bool:
    """Whether a program of ``whole_program`` ran its tests to their end; its exit code must be 0 as well."""
    return stdout.endswith(f"\n{_proof(nonce)}\n")


def _proof(nonce: str) -> str:
    return hashlib.sha256(f"proof {nonce}".encode()).hexdigest()[:32]


def _main(tests: str, used: set[str], shared: list[str], nonce: str) -> str:
    """The tests as main package. The proof stands in its code as numbers, not as a text that could be searched for."""
    run = f"tests{nonce}"
    paths = sorted({_STANDARD[name] for name in used} | {"fmt", "candidate"})
    numbers = [f"0x{_proof(nonce)[i : i + 8]}" for i in range(0, 32, 8)]
    lines = [
        "package main",
        "import (",
        *(f'\t"{path}"' for path in paths),
        ")",
        *(f"var {name} = candidate.{_exported(name)}" for name in shared),
        _MAIN.sub(f"func {run}()", tests),
        f"func main() {{\n\t{run}()",
        f'\tfmt.Printf("\\n%08x%08x%08x%08x\\n", {", ".join(numbers)})\n}}',
    ]
    return "\n".join(lines)


def _candidate(source: str, used: set[str], shared: list[str]) -> str:
    """The candidate as a package. What it imports for the tests' sake only, go would refuse here."""
    end = _FIRST_DECLARATION.search(source)
    head, body = (source[: end.start()], source[end.start() :]) if end else (source, "")
    needed = {_STANDARD[name] for name in used - _used(body)}
    head = _IMPORT.sub(lambda match: "" if match[2] in needed else match[0], head)
    text = _PACKAGE.sub("package candidate", head, count=1) + body
    return "\n".join([text, *(f"var {_exported(name)} = {name}" for name in shared)])


def _functions(code: str) -> set[str]:
    return set(_FUNCTION.findall(_bare(code)))


def _exported(name: str) -> str:
    return f"Exported_{name}"


def _bare(code: str) -> str:
    return _NOT_CODE.sub(" ", code)


def _used(code: str) -> set[str]:
    return set(re.findall(r"\b(\w+)[ \t]*\.", _bare(code))) & set(_STANDARD)
