"""Which test programs leave nothing behind in the interpreter that runs them.

A pure program makes values, calls the candidate and compares. It can reach no object that outlives it: no attribute is
set, those that are read are methods of plain values or functions of a few modules without a state, and what it calls
has no effects. So the tester that ran it may go on with another. In doubt a program is taken for impure, which costs a
fork and nothing else.
"""

import ast
import builtins
from collections.abc import Iterable, Sequence

MODULES = frozenset({"collections", "itertools", "math", "typing"})
_KINDS = """
    Module Expr Assign AugAssign AnnAssign Assert Raise If For While Break Continue Pass Return FunctionDef Import
    ImportFrom Try ExceptHandler Lambda Delete alias arguments arg keyword Name Constant Call Starred Attribute
    Subscript Slice List Tuple Dict Set ListComp SetComp DictComp GeneratorExp comprehension IfExp NamedExpr BoolOp
    BinOp UnaryOp Compare JoinedStr FormattedValue
"""
_BUILTINS = """
    abs all any bin bool bytearray bytes callable chr complex dict divmod enumerate filter float format frozenset
    hash hex int isinstance issubclass iter len list map max min next oct ord pow range repr reversed round set
    slice sorted str sum tuple type zip
"""
_ATTRIBUTES = """
    add append capitalize casefold center conjugate copy count decode difference discard encode endswith extend
    find format fromkeys get hex imag index insert intersection isalnum isalpha isdigit isdisjoint islower
    isnumeric isspace issubset issuperset istitle isupper items join keys ljust lower lstrip partition pop popitem
    real remove replace reverse rfind rindex rjust rpartition rsplit rstrip setdefault sort split splitlines
    startswith strip swapcase symmetric_difference title union update upper values zfill acos asin atan atan2 ceil
    comb copysign cos degrees dist e exp fabs factorial floor fmod fsum gcd hypot inf isclose isfinite isinf isnan
    isqrt lcm log log10 log2 nan perm pi prod radians sin sqrt tan trunc accumulate chain combinations
    combinations_with_replacement cycle groupby islice permutations product repeat Any Callable Counter Dict
    FrozenSet Iterable Iterator List Optional OrderedDict Sequence Set Tuple Union defaultdict deque most_common
    elements appendleft popleft rotate
"""
KINDS = frozenset(getattr(ast, name) for name in _KINDS.split())
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
KNOWN = frozenset(
    name for name, item in vars(builtins).items() if isinstance(item, type) and issubclass(item, Exception)
)
REFUSED = frozenset(dir(builtins)) - KNOWN - frozenset(_BUILTINS.split()) - {"__name__"}


def nodes_of(tree: ast.Module) -> list[ast.AST]:
    """Returns a syntax tree's nodes, without operators and contexts, which say nothing here."""
    found: list[ast.AST] = [tree]
    for node in found:
        if type(node) is ast.Constant:
            continue
        for name in node._fields:
            value = getattr(node, name, None)
            if type(value) is list:
                found += [item for item in value if isinstance(item, ast.AST) and item._fields]
            elif isinstance(value, ast.AST) and value._fields:
                found.append(value)
    return found


def is_pure(nodes: Sequence[ast.AST], provided: Iterable[str]) -> bool:
    """Whether a program is pure.

    Args:
        nodes: those of its syntax tree.
        provided: names of modules that it finds without importing them.
    """
    refused = REFUSED.union(provided) - MODULES
    asked = {id(node.func) for node in nodes if isinstance(node, ast.Call) and _has_one_argument(node)}
    return all(type(node) in KINDS and _passes(node, refused, asked) for node in nodes)


def _passes(node: ast.AST, refused: frozenset[str], asked: set[int]) -> bool:
    match node:
        case ast.Name("type"):  # with three arguments it makes a class, whose methods would run whenever they like
            return id(node) in asked
        case ast.Name():
            return node.id not in refused and (_is_ordinary(node.id) or node.id == "__name__")
        case ast.Attribute():
            return isinstance(node.ctx, ast.Load) and node.attr in ATTRIBUTES
        case ast.Import():
            return all(name.name in MODULES for name in node.names)
        case ast.ImportFrom():
            return node.level == 0 and node.module in MODULES and all(name.name in ATTRIBUTES for name in node.names)
        case ast.FunctionDef():
            return not node.decorator_list and _is_ordinary(node.name)
        case ast.arg():
            return _is_ordinary(node.arg)
        case ast.alias():
            return _is_ordinary(node.asname)
        case ast.ExceptHandler():
            return _is_ordinary(node.name)
        case ast.comprehension():
            return not node.is_async
    return True


def _has_one_argument(call: ast.Call) -> bool:
    return len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred)


def _is_ordinary(name: str | None) -> bool:
    return not (name or "").startswith("__")
