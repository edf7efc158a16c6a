"""What makes a candidate right. One verifier per kind of reference; names are looked up in the table below.

A verifier is a dataclass whose fields are its options, with ``verify(problem, completions) -> list[Verdict]``.
It never raises for what a completion holds and never evaluates model text; what cannot be decided is *unjudged*, not
*incorrect*.
"""

VERIFIERS = {
    "math": "rft.verifiers.math.verifier:MathVerifier",
    "choice": "rft.verifiers.choice.verifier:ChoiceVerifier",
    "code": "rft.verifiers.code.verifier:CodeVerifier",
    "exact": "rft.verifiers.verbatim:VerbatimVerifier",
}
"""Name -> "module:Class"."""
