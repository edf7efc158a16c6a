"""Python: the interpreter that runs rft, in warm processes that fork for each program."""

from rft.sandboxes.languages import host
from rft.sandboxes.languages.spec import LanguageSpec, SourceText, Stubs

PYTHON = LanguageSpec(
    name="python",
    title="Python",
    source_file="main.py",
    command="python3",
    install="Python comes with rft itself",
    run=("python3", "main.py"),
    hello="print('hello')",
    aliases=("py", "python3"),
    fusion_name="python",
    version=("python3", "--version"),
    host_files=host.nothing,
    memory_signs=("MemoryError",),
    call_form=True,
    text=SourceText(
        ("python", "python3", "py", "py3", "ipython", "ipython3", "pycon", "pypy", "pypy3", "sage"),
    ),
    stubs=Stubs(
        empty="pass",
        printing="print(%d)",
        function="def {name}(*args, **kwargs):\n    return {value}",
        method="class {owner}:\n    def {name}(self, *args, **kwargs):\n        return {value}",
        nothing="None",
    ),
)
