"""The attacks: hostile programs kept as text, because nothing but a sandbox may ever run (or import) them.

A family is a file ``<family>.<py|js>.txt``. Its sections begin with a head, then a comment that says what is tried:

    # %% name exam                  candidate of an exam of ``exams.py``; it must not pass
    # %% name exam forgeable        it may pass where the report says that the candidate's own objects decided
    # %% name exam short            it may pass with fewer checks than the exam has, which a verdict counts
    # %% name exam status           it must not pass, and its process must end with this status
    # %% name run status[,status]   script of ``Sandbox.run``; it must end with one of these

A script that ends by itself has exit code 0 and ``contained`` as its last line: it ran to its end and nothing that it
tried worked. Where something did work it prints ``ESCAPED`` and what. Words between at-signs are filled in by
``watch.py``: ``@SECRET@`` (path of a readable file of the host), ``@TCP@``, ``@UDP@``, ``@ABSTRACT@`` (where the watch
listens), ``@PID@`` (the test's own process), ``@MARK@`` (what every file that is left behind has in its name),
``@MEMORY@``, ``@PROCESSES@``, ``@DISK@`` (the limits).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
LANGUAGES = {"py": "python", "js": "javascript"}
LOUD = "import functools; print = functools.partial(print, flush=True)\n"
"""Before every candidate: it may not live long enough to flush what it has to say."""
HEAD = re.compile(r"^(?:#|//) %% ", re.MULTILINE)
COMMENT = re.compile(r"(?:#|//) (.*)\n")


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile program and what must hold of it."""

    name: str
    family: str
    language: str
    form: str
    """``run``, or the name of the exam."""
    holds: frozenset[str]
    """Statuses that it may end with, any when there is none; ``forgeable``, ``short``."""
    tries: str
    """What it tries, in a sentence."""
    text: str

    def source(self, words: Mapping[str, str]) -> str:
        """The program, with the words between at-signs filled in."""
        prelude = LOUD if self.language == "python" else ""
        if self.language == "python" and self.form == "run":
            prelude = (HERE / "prelude.py.txt").read_text()
        return re.sub(r"@([A-Z]+)@", lambda match: words[match[1]], prelude + self.text)


def attacks() -> list[Attack]:
    """All of them, by family and in the order of the files."""
    files = sorted(path for path in HERE.glob("*.txt") if path.stem.split(".")[0] not in {"prelude", "trace"})
    return [attack for path in files for attack in _family(path)]


def _family(path: Path) -> Iterator[Attack]:
    family, suffix, _ = path.name.split(".")
    for section in HEAD.split(path.read_text())[1:]:
        head, text = section.split("\n", 1)
        name, form, *rest = head.split()
        holds = frozenset(rest[0].split(",")) if rest else frozenset()
        comments = re.match(r"((?:#|//) .*\n)+", text)
        tries = " ".join(COMMENT.findall(comments[0])) if comments else ""
        yield Attack(name, family, LANGUAGES[suffix], form, holds, tries, text)
