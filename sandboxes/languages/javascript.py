"""JavaScript: node, one process per program."""

from pathlib import Path

from rft.sandboxes.languages import host
from rft.sandboxes.languages.spec import LanguageSpec, SourceText, Stubs

_MODULES = "/usr/share/nodejs"
"""Debian's node reads some of its own modules from there."""


def _node(command: Path) -> host.HostFiles:
    files = host.program(command)
    modules = {_MODULES: _MODULES} if Path(_MODULES).is_dir() else {}
    return host.HostFiles({**files.binds, "/usr/bin/node": str(command.resolve()), **modules})


JAVASCRIPT = LanguageSpec(
    name="javascript",
    title="JavaScript (node)",
    source_file="main.js",
    command="node",
    install="install Node.js 18 or newer (Debian: apt-get install nodejs)",
    run=("node", "--v8-pool-size=1", "main.js"),
    hello="console.log('hello')",
    aliases=("js", "node", "nodejs"),
    fusion_name="nodejs",
    debian_packages=("nodejs",),
    env={"UV_THREADPOOL_SIZE": "1", "UV_USE_IO_URING": "0", "NODE_NO_WARNINGS": "1"},
    version=("node", "--version"),
    host_files=_node,
    data_only=True,
    base_memory_mib=208,
    base_processes=12,
    memory_signs=("heap out of memory", "Array buffer allocation failed", "Fatal process out of memory"),
    call_form=True,
    text=SourceText(
        ("javascript", "js", "node", "nodejs", "mjs", "cjs", "jsx", "ecmascript"),
        head=r"\bfunction\s*+\*?+\s*+NAME\b|\b(?:const|let|var|class)\s++NAME\b|(?:^|[\s.])NAME\s*+=(?!=)"
        r"|^[ \t]*+(?:(?:async|static)[ \t]++)*+NAME\s*+\([^()\n]*+\)\s*+\{",
    ),
    stubs=Stubs(
        empty="0;",
        printing="console.log(%d);",
        function="function {name}(...args) {{\n  return {value};\n}}",
        method="class {owner} {{\n  {name}(...args) {{\n    return {value};\n  }}\n}}",
        nothing="null",
    ),
)
