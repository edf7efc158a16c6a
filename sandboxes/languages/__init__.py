"""The languages that a sandbox can run: one file and one line in this table for each.

Nothing else has to change for a new one: its commands, its hello program, its packages, its names behind a fence and
in SandboxFusion's protocol, and the stubs that ``rft check`` tries are all fields of its ``LanguageSpec``.
"""

from rft.errors import InputError, unknown
from rft.sandboxes.languages.c import C
from rft.sandboxes.languages.cpp import CPP
from rft.sandboxes.languages.go import GO
from rft.sandboxes.languages.javascript import JAVASCRIPT
from rft.sandboxes.languages.python import PYTHON
from rft.sandboxes.languages.rust import RUST
from rft.sandboxes.languages.spec import LanguageSpec

LANGUAGES: dict[str, LanguageSpec] = {
    "python": PYTHON,
    "javascript": JAVASCRIPT,
    "cpp": CPP,
    "c": C,
    "go": GO,
    "rust": RUST,
}


def find(name: str) -> LanguageSpec:
    """Returns a language by its name or one of its aliases, in any case.

    >>> find("NodeJS").name
    'javascript'

    Raises:
        InputError: no such language is known.
    """
    wanted = name.lower() if isinstance(name, str) else None
    for spec in LANGUAGES.values():
        if wanted == spec.name or wanted in spec.aliases:
            return spec
    raise unknown("language", str(name), LANGUAGES)


def not_installed(spec: LanguageSpec, where: str) -> InputError:
    """Returns the error for a language that a sandbox does not have; ``where`` says which: "on this machine"."""
    return InputError(f"language '{spec.name}' needs {spec.command}, which was not found {where}; {spec.install}")
