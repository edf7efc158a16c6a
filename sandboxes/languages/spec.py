"""What the house knows of one programming language: how its programs run, and how its source text is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rft.sandboxes.languages import host

ARTIFACT = "program"
"""The compiled program, in the private folder."""


@dataclass(frozen=True, slots=True)
class SourceText:
    """How source in a language looks inside an answer. No grammar: fences, names and braces decide."""

    fence_names: tuple[str, ...]
    """What stands behind the fence of a block in it, in lower case."""
    head: str | None = None
    """Regular expression of where a definition of NAME begins; None: a pattern that fits most languages."""
    main: str | None = None
    """The function that a whole program must define; None: it needs none."""
    imports_once: bool = False
    """Its compiler refuses a second import of a name, so an answer with imports of its own gets none of the prompt."""


@dataclass(frozen=True, slots=True)
class Stubs:
    """Programs that solve nothing, which ``rft check`` puts to the tests of a problem."""

    empty: str
    """The program that does nothing."""
    printing: str
    """The program that prints one integer, which stands as ``%d``."""
    function: str | None = None
    """A function ``{name}`` that takes anything and returns ``{value}``; None: functions cannot be called."""
    method: str | None = None
    """The same as method of a class ``{owner}``."""
    nothing: str = ""
    """The value of a function that returns nothing."""


@dataclass(frozen=True, slots=True)
class LanguageSpec:
    """All that is particular to one language. What has a default may be left out."""

    name: str
    title: str
    source_file: str
    command: str
    """What must be on ``PATH`` for the language to be there."""
    install: str
    """What a user does about it when it is not."""
    run: tuple[str, ...]
    hello: str
    """A program that prints ``hello`` and a newline: ``rft sandbox check`` runs it."""
    text: SourceText
    stubs: Stubs
    compile: tuple[str, ...] | None = None
    """Makes the file ``program`` of the source; None: nothing is compiled."""
    aliases: tuple[str, ...] = ()
    """Further names: file extensions, and what SandboxFusion calls it."""
    fusion_name: str | None = None
    """What SandboxFusion calls it; None: it does not run it."""
    debian_packages: tuple[str, ...] = ()
    """What ``rft sandbox build --languages`` installs for it."""
    env: Mapping[str, str] = field(default_factory=dict)
    extra_files: Mapping[str, str] = field(default_factory=dict)
    """Further files that compiling takes, by name."""
    version: tuple[str, ...] = ()
    """Prints the version of the compiler or interpreter."""
    homes: tuple[str, ...] = ()
    """Folders beside ``PATH`` where the language's own installer puts the command; ``~`` is the user's home."""
    proof: tuple[str, ...] = ()
    """Arguments for which a working command prints something; empty: that it lies there is enough."""
    host_files: Callable[[Path], host.HostFiles] = host.program
    """Which files of the machine a local sandbox shows, from where the command lies."""
    data_only: bool = False
    """Its runtime reserves far more address space than it uses: only RLIMIT_DATA can bound its memory."""
    base_memory_mib: int = 0
    """Writable memory that the bare runtime maps, thread stacks of 64 MiB each included; on top of the limit."""
    base_processes: int = 0
    """Threads of the bare runtime; on top of the limit."""
    memory_signs: tuple[str, ...] = ()
    """What its runtime writes to stderr when it is refused memory. A program can write that too: it decides between
    two reasons for a failure, never whether it was one."""
    call_form: bool = False
    """Functions can be called from a tester in another process (which takes a driver in ``sandboxes/inside``)."""
    whole_form: bool = False
    """Tests in the same language can be put beside the program (see ``rft.sandboxes.whole``)."""
