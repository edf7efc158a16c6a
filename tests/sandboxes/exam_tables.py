"""Exams for the tester: candidates beside their tests, with what has to come of them."""

RIGHT = """
### 2
def f(a, b=1, *, c=0): return a + b + c
# tests
assert f(1, 2, c=3) == 6
assert f(a=1) == 2
### 1
def f(x): return x
# tests
def check(candidate):
    assert candidate(1) == 1
### 1
def f(x): return x
# tests
def check(candidate):
    assert candidate(1) == 1
check(f)
### 1
def f(x): return x
# tests
def check(g):
    assert g(1) == 1
if __name__ == '__main__':
    check(f)
### 5
def f(x): return x
# tests
for i in range(5):
    assert f(i) == i
### 2
def f(x): return x
# tests
def test_a():
    assert f(1) == 1
def test_b():
    assert f(2) == 2
### 1
def f(x): return x
# tests
from candidate import f as g
assert g(3) == 3
### 1
def f(x): return x
# tests
assert f((1, [2], {3: {4}})) == (1, [2], {3: {4}})
### 1
def f(x): return x
# tests
assert f('\\ud800') == '\\ud800'
### 1
def f(x): return x
# tests
assert f(10 ** 10 ** 5) == 10 ** 10 ** 5
### 1
def f(x): return x
# tests
assert f('x' * 5_000_000) == 'x' * 5_000_000
### 1
def f(x): return x
# tests
assert f(None) is None and f(True) is True
### 1
def f(x): return x
# tests
x = f(float('nan'))
assert x != x
### 1
def f(x): return x
# tests
assert f(len) is len and f(int) is int
### 1
def f(x): return x
# tests
import numpy as np
assert np.allclose(f(np.array([1.5, 2])), [1.5, 2])
### 1
def f(x): return x
# tests
assert math.isclose(f(0.1) + 0.2, 0.3)
### 1
f = lambda: print('out') or 3
# tests
print('tests')
assert f() == 3
### 1
import sys
sys.setrecursionlimit(10 ** 6)
def f(n): return 0 if n == 0 else 1 + f(n - 1)
# tests
assert f(5000) == 5000
### 1
from dataclasses import dataclass
@dataclass
class P:
    x: int
def f(): return P(3)
# tests
assert f().x == 3
### 1
def f(x): raise ValueError('no', x)
# tests
try:
    f(1)
except ValueError as e:
    assert e.args == ('no', 1)
### 1
def f(): return {}['k']
# tests
try:
    f()
except LookupError as e:
    assert str(e) == "'k'"
### 1
class E(ValueError): pass
def f(): raise E('x')
# tests
try:
    f()
except E as e:
    assert str(e) == 'x'
### 1
class E(ValueError): pass
def f(): raise E('x')
# tests
try:
    f()
except ValueError as e:
    assert type(e).__name__ == 'E'
### 1
def f(g, x): return g(g(x))
# tests
assert f(lambda x: x * 2, 3) == 12
### 1
def f(g): return sorted([3, 1, 2], key=g)
# tests
assert f(lambda x: -x) == [3, 2, 1]
### 1
def f(g): return g
# tests
def h(): pass
assert f(h) is h
### 2
def f(items): return sum(items)
# tests
assert f(iter([1, 2])) == 3
assert f(x for x in (4, 5)) == 9
### 1
def f(g, n): return n if n > 20 else g(g, n + 1)
# tests
def g(h, n): return f(h, n + 1)
assert f(g, 0) == 22
### 1
def f(g):
    try:
        g()
    except KeyError as e:
        return e.args[0]
# tests
def g(): raise KeyError('own')
assert f(g) == 'own'
### 1
def f(g): g()
# tests
class Own(Exception): pass
def g(): raise Own
try:
    f(g)
except Own:
    done = True
assert done
### 1
from threading import Thread
def f(g):
    out = []
    t = Thread(target=lambda: out.append(g(1))); t.start(); t.join()
    return out
# tests
assert f(lambda x: x + 1) == [2]
### 1
def f(x): return x
# tests
from concurrent.futures import ThreadPoolExecutor as T
assert list(T(4).map(f, range(50))) == list(range(50))
### 2
def f(x): return x
# tests
import unittest
class T(unittest.TestCase):
    def test(self):
        self.assertEqual(f(1), 1)
        self.assertIn(f(1), [1])
unittest.main()
"""
"""The number of checks, the candidate, its tests."""

OBJECTS = """
### passes
def f(n):
    for i in range(n): yield i
# tests
import types
g = f(3)
assert isinstance(g, types.GeneratorType)
assert next(g) == 0 and list(g) == [1, 2]
### passes
def f():
    x = yield 1
    yield x
# tests
g = f()
assert next(g) == 1 and g.send(5) == 5
### passes
def f(n): return map(str, range(n))
# tests
assert list(f(2)) == ['0', '1']
### passes
def f(n): return lambda x: x + n
# tests
assert f(2)(3) == 5 and callable(f(1))
### passes
async def f(n): return n
# tests
import asyncio
assert asyncio.run(f(3)) == 3
### passes
import contextlib
@contextlib.contextmanager
def f():
    yield 3
# tests
with f() as x:
    assert x == 3
### passes
import contextlib
@contextlib.contextmanager
def f():
    yield
# tests
try:
    with f():
        raise KeyError
except KeyError:
    done = True
assert done
### passes
class N:
    def __init__(self): self.me = self
def f(): return N()
# tests
n = f()
assert n.me is n
### passes
def f(g): return list(g)
def h(): yield 1
# tests
assert f(h()) == [1]
### passes
def f(d): return d()
# tests
def deco(): return 4
assert f(deco) == 4
"""
"""What is returned stays where it lives."""

NOT_RIGHT = """
### wrong
def f(x): return x + 1
# tests
assert f(1) == 1
### wrong
def f(x): return x + 1
# tests
try:
    assert f(1) == 1
except AssertionError:
    pass
assert True
### wrong
def f(x): return x + 1
# tests
import unittest
class T(unittest.TestCase):
    def test(self): self.assertEqual(f(1), 1)
unittest.main(exit=False)
### wrong
def f(x): return x + 1
# tests
import unittest
class T(unittest.TestCase):
    def test(self):
        self.assertTrue(True)
        try: self.assertEqual(f(1), 1)
        except AssertionError: pass
### raised
def f(): return 1 / 0
# tests
import unittest
class T(unittest.TestCase):
    def test(self):
        self.assertTrue(True)
        f()
unittest.TextTestRunner().run(T('test'))
### wrong
def f(x): return None
# tests
assert len(f(1)) == 1
### raised
def f(x): raise AssertionError
# tests
assert f(1) == 1
### raised
def f(): return 1 / 0
# tests
assert f() == 1
### wrong
def f(): return 1 / 0
# tests
try:
    assert f() == 1
except Exception:
    pass
### raised
def f(a): return a
# tests
assert f() == 1
### raised
def f(): raise SystemExit
# tests
try:
    f()
except BaseException:
    pass
assert True
### raised
def f(): raise KeyboardInterrupt
# tests
try:
    f()
except:
    pass
assert True
### raised
class E(BaseException): pass
def f(): raise E
# tests
try:
    f()
except:
    pass
assert True
### raised
import os
def f(): os._exit(0)
# tests
try:
    f()
except:
    pass
assert True
### raised
def f(x): raise StopIteration
# tests
assert [*map(f, [1])] == []
### raised
def f(x): raise StopIteration
# tests
def g():
    yield f(1)
assert not list(g())
### wrong
def f(): return []
# tests
for x in f():
    assert x
### wrong
def f(): return object()
# tests
assert f() == 1
### wrong
class Y(int):
    def __eq__(self, o): return True
def f(): return Y(2)
# tests
assert f() == 1
### wrong
class Y:
    def __eq__(self, o): return True
def f(): return Y()
# tests
assert f() == 1
### wrong
class Y:
    def __eq__(self, o): return True
def f(): return [Y()]
# tests
assert f() == [1]
### wrong
class Y:
    def __eq__(self, o): return True
    def __hash__(self): return hash(1)
def f(): return Y()
# tests
assert f() in {1}
### wrong
class Y:
    def __len__(self): return True
    def __exit__(self, *a): return True
    def __enter__(self): pass
def f(): return Y()
# tests
with f():
    assert False
assert True
### missing
def f(x): return x
# tests
assert f(1) == undefined_name
### missing
g = 1
# tests
assert f(1) == 1
### load
def f(:
# tests
assert f(1) == 1
### load
1 / 0
def f(): pass
# tests
assert f(1) == 1
### load
import sys
sys.exit(0)
# tests
assert f(1) == 1
### load
import os
os._exit(0)
# tests
assert f(1) == 1
### raised
def f():
    x = []; x.append(x); return x
# tests
f()
assert True
### raised
def f():
    x = []
    for _ in range(10 ** 5): x = [x]
    return x
# tests
f()
assert True
### raised
def f(): return 'x' * 10 ** 8
# tests
f()
assert True
### raised
def f(): return f()
# tests
f()
assert True
### wrong
def f(g):
    for _ in range(3): g(1)
# tests
def g(x):
    assert x == 1
f(g)
### wrong
def f(g): g(2)
# tests
def g(x):
    assert x == 1
try:
    f(g)
except: pass
assert True
### protocol
def f(g): return g(f)
# tests
def g(h): return h(g)
assert f(g) == 1
### tests
def f(x): return x
# tests
assert (
### tests
def f(x): return x
# tests
1 / 0
### tests
def f(x): return x
# tests
x = 1
### tests
def f(x): return x
# tests
import sys
sys.exit(0)
### tests
def f(x): return x
# tests
class Own: pass
assert f(Own()) == 1
### tests
def f(x): return x
# tests
import nothing_of_that_name
"""
"""The kind of failure, the candidate, its tests."""


def cases(table: str) -> list[tuple[str, str, str]]:
    """The head, the candidate and the tests of each exam of a table."""
    exams = [exam.partition("\n") for exam in table.strip().removeprefix("### ").split("\n### ")]
    return [(head, *exam.split("\n# tests\n")) for head, _, exam in exams]  # type: ignore[misc]
