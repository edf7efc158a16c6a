"""Several files in one source text, so that a program of two packages is still one ``Program``.

    //rft:files 5f3a9c02
    //rft:file 5f3a9c02 main.go
    …
    //rft:file 5f3a9c02 candidate.go
    …

The boundary is chosen after the files were written and must not be guessable: a file that holds it could end early.
"""

import re
from collections.abc import Mapping

_HEAD = "//rft:files "
_FILE = "//rft:file "
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)


def pack(files: Mapping[str, str], boundary: str) -> str:
    """Returns the text that holds these files.

    Raises:
        ValueError: a name is not a plain file name, or a file holds the boundary.
    """
    for name, text in files.items():
        if not _PLAIN_NAME.fullmatch(name) or boundary in text:
            raise ValueError(f"'{name}' cannot be packed: it is not a plain name, or it holds the boundary")
    parts = (f"{_FILE}{boundary} {name}\n{text}" for name, text in files.items())
    return "\n".join([f"{_HEAD}{boundary}", *parts])


def is_packed(source: str) -> bool:
    """Whether a source is several files. A backend that knows one file only must refuse it."""
    return source.startswith(_HEAD)


def unpack(source: str, name: str) -> dict[str, str]:
    """Returns the files of a packed source, or the source itself under ``name``.

    >>> unpack("x = 1", "main.py")
    {'main.py': 'x = 1'}
    """
    if not is_packed(source):
        return {name: source}
    head, _, rest = source.partition("\n")
    mark = f"{_FILE}{head[len(_HEAD) :]} "
    files = {}
    for part in ("\n" + rest).split("\n" + mark)[1:]:
        file, _, text = part.partition("\n")
        if not _PLAIN_NAME.fullmatch(file):
            return {name: source}
        files[file] = text
    return files
