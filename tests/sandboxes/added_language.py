"""Puts a language into the table before anything else of the package is imported, and prints what it can then do.

    python -m tests.sandboxes.added_language

The entry is all that is written for Perl. The table is filled first because that is what a line in it does.
"""

import json

from rft.sandboxes.languages import LANGUAGES
from rft.sandboxes.languages.spec import LanguageSpec, SourceText, Stubs

PERL = LanguageSpec(
    name="perl",
    title="Perl",
    source_file="main.pl",
    command="perl",
    install="install perl (Debian: apt-get install perl)",
    run=("perl", "main.pl"),
    hello='print "hello\\n";',
    aliases=("pl",),
    fusion_name="perl",
    debian_packages=("perl",),
    version=("perl", "-e", "print $^V"),
    text=SourceText(("perl", "pl5"), head=r"\bsub\s++NAME\b", main="solve"),
    stubs=Stubs(empty="1;", printing='print "%d\\n";'),
)
SUM = {"language": "pl", "cases": [{"stdin": "1 2\n", "stdout": "3\n"}, {"stdin": "2 2\n", "stdout": "4\n"}]}
RIGHT = "sub solve { my ($a, $b) = split ' ', <STDIN>; print $a + $b, \"\\n\"; }\nsolve();\n"
ANSWER = f"First a try:\n```pl5\nsub helper {{ 1 }}\n# and a line that makes this the longer one {'.' * 200}\n```\n\n"
ANSWER += f"Then:\n```pl5\n{RIGHT}```\n```python\nprint(3)\n```"


def main() -> None:
    """Prints one JSON object."""
    LANGUAGES["perl"] = PERL

    from rft.sandboxes.checkup import inspect_sandbox
    from rft.sandboxes.docker.images import debian_packages
    from rft.sandboxes.http.fusion import request_of
    from rft.sandboxes.local import installed
    from rft.sandboxes.local.sandbox import LocalSandbox
    from rft.types import Limits, Problem, Program
    from rft.verifiers.code.reference.stubs import stubs
    from rft.verifiers.code.verifier import CodeVerifier

    sandbox = LocalSandbox(slots=1)
    verifier = CodeVerifier()
    verifier.provide("sandbox", sandbox)
    problem = Problem("p", "", "code", SUM, "own", "train")
    verdicts = verifier.verify(problem, [ANSWER, *stubs(SUM)])
    shown = {
        "version": installed.version("perl"),
        "hello": [finding.ok for finding in inspect_sandbox(sandbox) if finding.name == "Perl"],
        "outcomes": [verdict.outcome.value for verdict in verdicts],
        "extracted": verdicts[0].extracted,
        "stubs": stubs(SUM),
        "debian": debian_packages(),
        "fusion": request_of(Program("1;", "PL"), Limits(), memory_limit=False)["language"],
    }
    sandbox.close()
    print(json.dumps(shown))


if __name__ == "__main__":
    main()
