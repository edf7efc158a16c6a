"""C++: g++, compiled once per source."""

from rft.sandboxes.languages import host
from rft.sandboxes.languages.spec import ARTIFACT, LanguageSpec, SourceText, Stubs

CPP = LanguageSpec(
    name="cpp",
    title="C++ (g++)",
    source_file="main.cpp",
    command="g++",
    install="install g++ (Debian: apt-get install g++)",
    compile=("g++", "-O2", "-std=c++17", "-s", "-o", ARTIFACT, "main.cpp"),
    run=(f"./{ARTIFACT}",),
    hello='#include <iostream>\nint main() { std::cout << "hello\\n"; }',
    aliases=("c++", "cc", "cxx", "g++"),
    fusion_name="cpp",
    debian_packages=("g++",),
    version=("g++", "-dumpfullversion"),
    host_files=host.gcc,
    memory_signs=("std::bad_alloc", "std::length_error"),
    text=SourceText(
        ("cpp", "c++", "cc", "cxx", "hpp", "c++11", "c++14", "c++17", "c++20", "cpp17", "cpp20"),
        head=r"^[ \t]*+(?!return\b|else\b|throw\b)[\w:<>,*&\[\]][\w:<>,*&\[\] \t]*[ \t*&]NAME\s*+\("
        r"[^;{}]{0,150}+\{|\b(?:class|struct)\s++NAME\b",
        main="main",
    ),
    stubs=Stubs(
        empty="int main() { return 0; }",
        printing='#include <cstdio>\n\nint main() { std::printf("%d\\n"); return 0; }',
    ),
)
