"""Rust: rustc of Debian or of rustup, compiled once per source."""

from pathlib import Path

from rft.sandboxes.languages import host
from rft.sandboxes.languages.spec import ARTIFACT, LanguageSpec, SourceText, Stubs

_SYSROOT = ("--print", "sysroot")


def _rust(command: Path) -> host.HostFiles:
    sysroot = host.answer(str(command), *_SYSROOT)
    return host.HostFiles({"/opt/rust": sysroot, **host.gcc(command).binds})


RUST = LanguageSpec(
    name="rust",
    title="Rust",
    source_file="main.rs",
    command="rustc",
    install="install Rust (https://rustup.rs, or Debian: apt-get install rustc)",
    compile=("rustc", "--edition=2021", "-O", "-C", "strip=symbols", "-C", "linker=gcc", "-o", ARTIFACT, "main.rs"),
    run=(f"./{ARTIFACT}",),
    hello='fn main() { println!("hello"); }',
    aliases=("rs",),
    fusion_name="rust",
    debian_packages=("rustc",),
    version=("rustc", "--version"),
    homes=("~/.cargo/bin", "/usr/local/cargo/bin"),
    proof=_SYSROOT,  # rustup's proxy may lie there without a toolchain
    host_files=_rust,
    memory_signs=("memory allocation of", "capacity overflow"),
    text=SourceText(
        ("rust", "rs"),
        head=r"\bfn\s++NAME\b|\b(?:struct|enum)\s++NAME\b",
        main="main",
        imports_once=True,
    ),
    stubs=Stubs(empty="fn main() {}", printing='fn main() { println!("%d"); }'),
)
