"""What tests need of a prompt: helpers and imports that stand before the function which the answer is to define.

HumanEval's test of ``find_zero`` calls ``poly``, which its prompt defines. The tester gets the prompt's own ``poly``:
asking the candidate's would let it decide.
"""

import ast

from rft.verifiers.code.answer.context import with_prompt
from rft.verifiers.code.answer.python_source import Parser, bound_names, free_names, statements
from rft.verifiers.code.reference.read import Reference


def setup_of(reference: Reference) -> str:
    """Returns a reference's setup, behind its prompt's helpers where its tests use any of them.

    >>> from rft.verifiers.code.reference.read import read_reference
    >>> prompt = "def helper(x):\\n    return x\\n\\ndef f(x):\\n"
    >>> read = read_reference({"entry_point": "f", "prompt": prompt, "tests": "assert f(1) == helper(1)"})
    >>> print(setup_of(read).strip())
    def helper(x):
        return x
    """
    if reference.language != "python" or reference.program is None or not reference.prompt:
        return reference.setup
    context = _before(reference.prompt, reference.wanted or "")
    tree = Parser().parse(context).tree or ast.Module([], [])
    defined = set[str]().union(*(bound_names(node) for node in statements(tree.body)))
    needed = defined and free_names(f"{reference.setup}\n{reference.program}") & defined
    return f"{context}\n{reference.setup}" if needed else reference.setup


def _before(prompt: str, name: str) -> str:
    """The code of a prompt up to where it begins to define a name."""
    answer = f"{name} = None\n"
    return with_prompt(answer, prompt, name).removesuffix(answer) if name else prompt
