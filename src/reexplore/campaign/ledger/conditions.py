"""Which calculations a person means: `kind=energy and host=n17*`, typed and without any evaluation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from fnmatch import fnmatchcase

from reexplore.campaign.ledger.rows import Calculation
from reexplore.errors import InputError

_Matches = Callable[[Calculation], bool]

#: What can be asked for by a pattern, in which `*` stands for anything, and where a calculation has it.
_TEXTS: dict[str, Callable[[Calculation], str | None]] = {
    "kind": lambda c: c.kind,
    "label": lambda c: c.title,
    "key": lambda c: c.key,
    "host": lambda c: c.host,
    "code": lambda c: c.failure.code.value if c.failure else None,
}
_TIMES: dict[str, Callable[[float, float], bool]] = {
    "before": lambda finished_at, limit: finished_at < limit,
    "after": lambda finished_at, limit: finished_at >= limit,
}


def parse_where(text: str) -> _Matches:
    """Return whether a calculation of the ledger meets all conditions of a text such as `kind=energy and code=crashed`.

    Raises `InputError` for anything but `NAME=VALUE`, joined by `and`.
    """
    conditions = [_condition(part.strip(), text) for part in text.split(" and ")]
    return lambda calculation: all(condition(calculation) for condition in conditions)


def _condition(part: str, text: str) -> _Matches:
    name, equals, value = (word.strip() for word in part.partition("="))
    if not equals or not value or name not in (*_TEXTS, *_TIMES):
        raise InputError(
            f"'{part}' in '{text}' is no condition: give NAME=VALUE, joined by ` and `, with a name of"
            f' {", ".join((*_TEXTS, *_TIMES))}; example: "kind=energy and host=n17*"'
        )
    if name in _TIMES:
        limit, compare = _seconds(value), _TIMES[name]
        return lambda c: c.finished_at is not None and compare(c.finished_at, limit)
    found = _TEXTS[name]
    return lambda c: (said := found(c)) is not None and fnmatchcase(said, value)


def _seconds(value: str) -> float:
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        raise InputError(f"'{value}' is no date: give 2026-11-21 or 2026-11-21T18:00") from None
