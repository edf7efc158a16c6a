"""Reads times of day and dates: ``3:05 p.m.`` is 15:05, and March 5, 2020 is 2020-03-05.

A date in figures alone other than ISO 8601 is not read: 03/05/2020 is in March or in May.
"""

import re
from dataclasses import dataclass

_CLOCK = re.compile(
    r"(\d{1,2})\s*(?::\s*(\d{2})(?:\s*:\s*(\d{2}))?)?\s*(?:(a|p)\.?\s?m\.?|(noon|midnight))?", re.IGNORECASE
)
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if len(name) > 3 else name for name in _MONTHS)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATES = [
    re.compile(rf"(?P<month>{_MONTH})\.? {_DAY}(?:,? (?P<year>\d{{4}}))?", re.IGNORECASE),
    re.compile(rf"{_DAY} (?:of )?(?P<month>{_MONTH})\.?,?(?: (?P<year>\d{{4}}))?", re.IGNORECASE),
    re.compile(r"(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})"),
]
_WEEKDAY = re.compile(r"(?:mon|tues|wednes|thurs|fri|satur|sun)day,? ", re.IGNORECASE)
_TEXT = re.compile(r"\\text\s*\{([^{}]*)\}")
MAX_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day."""

    hour: int
    minute: int
    second: int
    half: str
    """``a`` or ``p`` where am or pm was written; a 24-hour time from 13 on is ``p``; else empty."""

    def same(self, other: "Clock") -> bool:
        """Whether two times are the same; one without am or pm matches by its figures."""
        if (self.minute, self.second) != (other.minute, other.second):
            return False
        if self.half and other.half:
            return (self.hour % 12, self.half) == (other.hour % 12, other.half)
        return self.hour == other.hour


@dataclass(frozen=True, slots=True)
class Date:
    """A day of the year."""

    year: int | None
    month: int
    day: int

    def same(self, other: "Date") -> bool:
        """Whether two dates are the same; one without a year matches any."""
        return (self.month, self.day) == (other.month, other.day) and (
            self.year == other.year or None in (self.year, other.year)
        )


def read_when(canonical_text: str) -> Clock | Date | None:
    """Returns the time or date that an answer in canonical LaTeX names, or None when it is neither."""
    if len(canonical_text) > MAX_LENGTH or not any(mark in canonical_text for mark in ":mM-bdnt "):
        return None
    text = " ".join(_TEXT.sub(r" \1 ", canonical_text).split())
    return _clock(text) or _date(_WEEKDAY.sub("", text))


def _clock(text: str) -> Clock | None:
    """Reads a time of day.

    >>> _clock("3:05 p.m."), _clock("15:05 pm")
    (Clock(hour=3, minute=5, second=0, half='p'), Clock(hour=15, minute=5, second=0, half='p'))
    >>> _clock("15:05").half, _clock("0:05").half, _clock("3:05").half, _clock("12:00 noon").half
    ('p', 'a', '', 'p')
    >>> _clock("3"), _clock("24:00"), _clock("3:60"), _clock("0:05 am"), _clock("13:05 am")
    (None, None, None, None, None)
    """
    match = _CLOCK.fullmatch(text)
    if match is None or (match[2] is None and match[4] is None):
        return None
    hour, minute, second = (int(figures or 0) for figures in match.group(1, 2, 3))
    if hour > 23 or minute > 59 or second > 59:
        return None
    half = _half(match)
    if (half and hour == 0) or (half == "a" and hour > 12):
        return None
    return Clock(hour, minute, second, half or _half_of(hour))


def _half(match: re.Match[str]) -> str:
    """``a`` or ``p`` where it was written, noon and midnight included; else empty."""
    if match[4]:
        return match[4].lower()
    return {"noon": "p", "midnight": "a", None: ""}[match[5] and match[5].lower()]


def _half_of(hour: int) -> str:
    """The half of the day that a 24-hour time shows by itself; 1 to 12 may be either."""
    if hour == 0:
        return "a"
    return "p" if hour > 12 else ""


def _date(text: str) -> Date | None:
    for pattern in _DATES:
        if match := pattern.fullmatch(text):
            named = match.groupdict()
            month = int(named["number"]) if named.get("number") else _month(named["month"])
            day = int(named["day"])
            if 1 <= month <= 12 and 1 <= day <= 31:
                return Date(int(named["year"]) if named["year"] else None, month, day)
    return None


def _month(name: str) -> int:
    return next(place for place, month in enumerate(_MONTHS, start=1) if month.startswith(name.lower()[:3]))
