"""Which test programs are taken to leave nothing behind. A mistake on one side costs a fork, on the other a verdict."""

import ast

import pytest

from rft.sandboxes.inside.exam.program import LIBRARIES
from rft.sandboxes.inside.exam.purity import is_pure, nodes_of

PURE = [
    "assert f(1) == 2",
    "METADATA = {'author': 'x'}\ndef check(candidate):\n    assert candidate([1.0], 0.3) == True, 'first'\ncheck(f)",
    "import math\nassert math.isclose(f(2), math.sqrt(4), abs_tol=1e-6)",
    "from collections import Counter\nassert Counter(f('ab')) == Counter('ab')",
    "for x in range(10):\n    if x % 2:\n        continue\n    assert f(x) == sorted([y for y in range(x)])",
    "try:\n    f(-1)\nexcept ValueError as error:\n    assert 'negative' in str(error)\nelse:\n    assert False",
    "xs = [1]\nxs.append(2)\nxs[0] += 1\ndel xs[1:]\nassert f(*xs, key=lambda x: x) == f'{xs!r}'.upper()",
    "assert isinstance(f(1), int) and type(f(1)) == int and abs(f(1.5) - 2) < 1e-9",
    "if __name__ == '__main__':\n    assert helper(f(1))",
]
IMPURE = [
    "import decimal\ndecimal.getcontext().prec = 1",
    "import math\nmath.floor = f",
    "import math\ndel math.floor",
    "from math import *",
    "from collections import abc",
    "import collections.abc",
    "from typing import sys\nassert sys",
    "import random",
    "random.seed(1)",
    "np.seterr(all='ignore')",
    "sys.setrecursionlimit(9)",
    "def check(g):\n    pass\ncheck.__globals__['x'] = 1",
    "assert (x for x in [1]).gi_frame.f_builtins",
    "assert f.__class__",
    "setattr(f, 'x', 1)",
    "globals()['x'] = 1",
    "__builtins__['len'] = f",
    "__import__('os')",
    "eval('1')",
    "exec('1')",
    "open('x', 'w')",
    "print(1)",
    "input()",
    "class A: pass",
    "@f\ndef g(): pass",
    "async def g(): await f()",
    "def g():\n    yield 1",
    "with f(1) as x: pass",
    "type('A', (), {'__del__': f})",
    "type(*f(1))",
    "make = type\nmake('A', (), {})",
    "import math as __builtins__",
    "def __import__(*names): pass",
    "f(lambda __builtins__: 1)",
    "try:\n    f(1)\nexcept ValueError as __builtins__:\n    pass",
    "from .math import sin",
    "[x async for x in f(1)]",
    "global x",
    "f.x = 1",
    "x: int = 1\nx.real += 1",
    "assert f(1).unknown() == 1",
]


def pure(program: str) -> bool:
    return is_pure(nodes_of(ast.parse(program)), LIBRARIES)


@pytest.mark.parametrize("program", PURE)
def test_a_program_that_only_computes_is_pure(program: str) -> None:
    assert pure(program)


@pytest.mark.parametrize("program", IMPURE)
def test_a_program_that_may_reach_what_outlives_it_is_not(program: str) -> None:
    assert not pure(program)
