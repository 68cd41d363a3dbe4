"""A value that a person gave, as a refusal shows it: on one line, shortened, in the words of YAML."""

from __future__ import annotations

import reprlib
from typing import Any

#: Python refuses to print longer numbers.
_MOST_BITS = 10_000


class _Short(reprlib.Repr):
    """Cuts what is long and what is deep, so that a list that holds itself ends as well."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxdict = 3, 4, 4
        self.maxstring = self.maxother = self.maxlong = 60
        self.fillvalue = "…"

    def repr_NoneType(self, _value: None, _level: int) -> str:  # noqa: N802 - the name is reprlib's
        return "null"

    def repr_bool(self, value: bool, _level: int) -> str:
        return "true" if value else "false"

    def repr_int(self, value: int, level: int) -> str:
        if value.bit_length() > _MOST_BITS:
            return f"a whole number of some {round(value.bit_length() * 0.30103):,} digits"
        return super().repr_int(value, level)

    def repr_date(self, value: Any, _level: int) -> str:
        return f"the date {value}"

    repr_datetime = repr_date


_SHORT = _Short()


def shown(value: Any) -> str:
    """Return a value as it is shown to the person who gave it."""
    return _SHORT.repr(value)
