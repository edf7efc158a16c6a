"""Go: one file without a module, compiled once per source."""

import json
from pathlib import Path

from rft.sandboxes.languages import host
from rft.sandboxes.languages.spec import ARTIFACT, LanguageSpec, SourceText, Stubs

_PACKAGE = "/tmp/work/.go/src/candidate"
"""Where go looks for the package that ``rft.sandboxes.whole`` makes of a candidate; an overlay puts it there."""


def _go(command: Path) -> host.HostFiles:
    """GOROOT, which Debian splits in two by links."""
    root = Path(host.answer(str(command), "env", "GOROOT")).resolve()
    linked = [child.resolve() for child in map(root.joinpath, ("bin", "pkg", "src")) if child.is_symlink()]
    return host.HostFiles({str(p): str(p) for p in [root, *linked] if p.exists()}, {"/opt/go": str(root)})


GO = LanguageSpec(
    name="go",
    title="Go",
    source_file="main.go",
    command="go",
    install="install Go (Debian: apt-get install golang-go)",
    compile=("go", "build", "-ldflags=-s -w", "-o", ARTIFACT, "main.go"),
    run=(f"./{ARTIFACT}",),
    hello='package main\nimport "fmt"\nfunc main() { fmt.Println("hello") }',
    aliases=("golang",),
    fusion_name="go",
    debian_packages=("golang-go",),
    env={
        "GOCACHE": "/tmp/work/.cache",
        "GOPATH": "/tmp/work/.go",
        "GO111MODULE": "off",  # one file has no module; without one the newest form of the language holds
        "GOFLAGS": "-overlay=overlay.json",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        "GOMAXPROCS": "2",
    },
    version=("go", "version"),
    homes=("/usr/local/go/bin",),
    host_files=_go,
    data_only=True,
    base_memory_mib=192,
    base_processes=12,
    extra_files={"overlay.json": json.dumps({"Replace": {f"{_PACKAGE}/candidate.go": "/tmp/work/candidate.go"}})},
    memory_signs=("out of memory", "cannot allocate memory", "failed to reserve", "failed to create new OS thread"),
    whole_form=True,
    text=SourceText(
        ("go", "golang"),
        head=r"\bfunc\s++(?:\([^()]*+\)\s*+)?+NAME\b|\btype\s++NAME\b",
        main="main",
        imports_once=True,
    ),
    stubs=Stubs(
        empty="package main\n\nfunc main() {}",
        printing='package main\n\nimport "fmt"\n\nfunc main() { fmt.Println(%d) }',
    ),
)
