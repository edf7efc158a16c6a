"""C: gcc, compiled once per source."""

from rft.sandboxes.languages import host
from rft.sandboxes.languages.spec import ARTIFACT, LanguageSpec, SourceText, Stubs

C = LanguageSpec(
    name="c",
    title="C (gcc)",
    source_file="main.c",
    command="gcc",
    install="install gcc (Debian: apt-get install gcc libc6-dev)",
    compile=("gcc", "-O2", "-std=gnu11", "-s", "-o", ARTIFACT, "main.c", "-lm"),
    run=(f"./{ARTIFACT}",),
    hello='#include <stdio.h>\nint main(void) { puts("hello"); return 0; }',
    aliases=("gcc",),
    debian_packages=("gcc", "libc6-dev"),
    version=("gcc", "-dumpfullversion"),
    host_files=host.gcc,
    text=SourceText(("c",)),
    stubs=Stubs(
        empty="int main(void) { return 0; }",
        printing='#include <stdio.h>\n\nint main(void) { printf("%d\\n"); return 0; }',
    ),
)
