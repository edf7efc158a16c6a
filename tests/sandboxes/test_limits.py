import pytest

from rft.sandboxes.limits import checked_limits
from rft.types import JSON, Limits


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "'limits' must be an object; seen: 5"),
        ({"memory": 1}, "'limits' has an unknown key 'memory'; did you mean 'memory_mib'?"),
        ({"xyz": 1}, "'limits' has an unknown key 'xyz'; known: cpu_s, disk_mib"),
        ({"cpu_s": 0}, "the limit 'cpu_s' must be a number above 0; seen: 0"),
        ({"cpu_s": True}, "the limit 'cpu_s' must be a number above 0; seen: True"),
        ({"cpu_s": float("nan")}, "the limit 'cpu_s' must be a number above 0; seen: nan"),
        ({"wall_s": float("inf")}, "the limit 'wall_s' must be a number above 0; seen: inf"),
        ({"wall_s": 10**400}, "the limit 'wall_s' must be at most 300; seen: 1000"),
        ({"wall_s": 301}, "the limit 'wall_s' must be at most 300; seen: 301"),
        ({"memory_mib": 1.5}, "the limit 'memory_mib' must be a whole number; seen: 1.5"),
        ({"memory_mib": "lots"}, "the limit 'memory_mib' must be a number above 0; seen: 'lots'"),
    ],
)
def test_a_limit_out_of_its_range_is_named(given: JSON, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        checked_limits(given)
    assert str(caught.value).startswith(message)


def test_the_largest_limits_are_whoever_asks_says() -> None:
    with pytest.raises(ValueError, match="the limit 'disk_mib' must be at most 8; seen: 9"):
        checked_limits({"disk_mib": 9}, most=Limits(disk_mib=8))
