"""What a program wrote against what it should have written: no lenience that the reference did not ask for."""

import pytest

from rft.verifiers.code.trial.compare import difference


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ("3\n", "3"),
        ("3", "3\n"),
        ("1 2 \r\n3\t\n\n\n", "1 2\n3\n"),
        ("", ""),
        ("\n\n", ""),
        ("a  b\n", "a  b\n"),
        ("ü\n", "ü\n"),
    ],
)
def test_only_white_space_at_ends_does_not_count(seen: str, expected: str) -> None:
    assert difference(seen, expected) is None


@pytest.mark.parametrize(
    ("seen", "expected", "said"),
    [
        ("1\n", "1\n2\n", "1 line, expected 2"),
        ("1\n2\n3\n", "1\n2\n", "3 lines, expected 2"),
        ("", "1\n", "0 lines, expected 1"),
        ("\n1\n", "1\n", "2 lines, expected 1"),
        (" 1\n", "1\n", "line 1: saw ' 1', expected '1'"),
        ("a b\n", "a  b\n", "line 1: saw 'a b', expected 'a  b'"),
        ("yes\n", "YES\n", "line 1: saw 'yes', expected 'YES'"),
        ("1.0\n", "1\n", "line 1: saw '1.0', expected '1'"),
        ("1\nx\n", "1\ny\n", "line 2: saw 'x', expected 'y'"),
        ("x" * 99, "y", f"line 1: saw '{'x' * 57}...', expected 'y'"),
    ],
)
def test_a_difference_is_named(seen: str, expected: str, said: str) -> None:
    assert difference(seen, expected) == said


@pytest.mark.parametrize(
    ("seen", "expected", "equal"),
    [
        ("1 2\n3", "1\n2 3\n", True),
        ("  a\tb ", "a b", True),
        ("ab", "a b", False),
        ("1 2", "1 2 3", False),
        ("1.0", "1", False),
    ],
)
def test_tokens_are_separated_by_any_white_space(seen: str, expected: str, equal: bool) -> None:
    assert (difference(seen, expected, tokens=True) is None) is equal


@pytest.mark.parametrize(
    ("seen", "expected", "equal"),
    [
        ("0.333333", "0.3333333333", True),
        ("1e6", "1000000.0", True),
        (".5", "0.500000001", True),
        ("1000000.4", "1000000.0", True),
        ("1.00001", "1.0", False),
        ("3", "3.0000001", True),
        ("03", "3", True),
        ("-0", "0", True),
        ("+7", "7", True),
        ("1000001", "1000000", False),
        ("9" * 5000 + "0", "9" * 5000 + "1", False),
        ("nan", "0.5", False),
        ("inf", "0.5", False),
        ("1e999", "1e998", False),
        ("1e999", "1e999", True),
        ("1_0", "10", False),
        ("٣", "3.0", False),
        ("x", "x", True),
        ("x 0.1", "y 0.1", False),
        ("0.1 0.2", "0.1", False),
    ],
)
def test_numbers_may_differ_by_a_tolerance_only_where_one_is_given(seen: str, expected: str, equal: bool) -> None:
    assert (difference(seen, expected, tolerance=1e-6) is None) is equal
    assert difference(seen, expected) is None or seen != expected


def test_lines_count_under_a_tolerance_and_not_among_tokens() -> None:
    assert difference("0.1 0.2", "0.1\n0.2", tolerance=1e-6) == "1 line, expected 2"
    assert difference("0.1 0.2", "0.1\n0.2", tokens=True, tolerance=1e-6) is None
