"""A bounded memory: what was used least lately goes, by number or by weight."""

import pytest

from rft.sandboxes.latest import Latest


def test_the_value_used_least_lately_goes() -> None:
    latest = Latest[bytes](2)
    latest.put("a", b"1")
    latest.put("b", b"2")
    assert latest.get("a") == b"1"
    latest.put("c", b"3")
    assert [latest.get(key) for key in "abc"] == [b"1", None, b"3"]


def test_values_make_room_by_their_weight() -> None:
    latest = Latest[bytes](4, len)
    for key, value in (("a", b"11"), ("b", b"22"), ("b", b"2222")):
        latest.put(key, value)
    assert [latest.get(key) for key in "ab"] == [None, b"2222"]
    latest.put("c", b"33333")  # too heavy for any memory of this size
    assert [latest.get(key) for key in "abc"] == [None, None, None]
    latest.put("a", b"1111")
    assert latest.get("a") == b"1111"


@pytest.mark.parametrize(("lasts", "n_made"), [(True, 1), (False, 3)])
def test_a_value_is_made_once_if_it_lasts(lasts: bool, n_made: int) -> None:
    latest, made = Latest[int](1), []

    def make() -> int:
        made.append(7)
        return 7

    assert [latest.get_or_make("a", make, lambda value: lasts) for _ in range(3)] == [7, 7, 7]
    assert len(made) == n_made
