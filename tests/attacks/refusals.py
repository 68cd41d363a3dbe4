"""One field spoiled in a file that is whole otherwise: does the refusal name its key, its value and a remedy?"""

from __future__ import annotations

import copy
import datetime
import random
import re
from dataclasses import dataclass
from typing import Any

from reexplore.errors import one_line
from tests.test_fuzz import JUNK, places

#: What a missing or misspelled key has for a value.
NO_VALUE = object()
#: A sentence shortens long values; so much of them it keeps.
_KEPT = 16
_DATE = datetime.date(2026, 1, 1)
#: What tells the reader what to write instead: an order, a range, the names there are, or a command.
_REMEDY = re.compile(
    r"should (be|have)|must be|has to|at (least|most)|between|did you mean|known here|one of|keep one|needs?\b|such as"
    r"|\b(give|take|choose|write|name|number|mark|say|join|remove|leave|change|quote|narrow|raise|widen|copy|look)\b"
    r"|numbers here are|its \w+ are|(are|has|have) [\w+()-]+((, | )[\w+()-]+){2}|another name|shipped are"
)
_PATHS = re.compile(r"['`]([\w.+()-]+)['`]|\b(\w[\w-]*(?:\.[\w-]+)+)")


@dataclass(frozen=True)
class Spoiled:
    """What was done to one field: the names on the way to it, the last of which is its key, and its bad value."""

    names: tuple[str, ...]
    value: Any


def spoiled(dice: random.Random, whole: dict[str, Any]) -> tuple[dict[str, Any], Spoiled]:
    """Return a file's data with one value replaced, or one key misspelled or missing."""
    data = copy.deepcopy(whole)
    *way, last = dice.choice(places(data))
    holder = data
    for part in way:
        holder = holder[part]
    names = tuple(part for part in (*way, last) if isinstance(part, str))
    how = dice.randrange(8)
    if how == 0 and isinstance(last, str):
        del holder[last]
        # Nobody knows what was in a mapping that is empty now.
        return data, Spoiled(names, NO_VALUE) if holder or not names[:-1] else Spoiled(names[:-1], {})
    if how == 1 and isinstance(last, str):
        wrong = dice.choice((f"{last}s", last[:-1] or "x", last.upper(), f"my_{last}"))
        holder[wrong] = holder.pop(last)
        return data, Spoiled((*names[:-1], wrong), NO_VALUE)
    value = _nearly(dice, holder[last]) if how < 5 else copy.deepcopy(dice.choice((*JUNK, _DATE)))
    holder[last] = value
    return data, Spoiled(names, value)


def _nearly(dice: random.Random, value: Any) -> Any:
    """Return what somebody writes by mistake for a value."""
    if isinstance(value, bool | dict):
        return [value]
    if isinstance(value, int | float):
        return dice.choice((str(value), -value, value + 0.5, value * 10**5, 0, [value], None))
    if isinstance(value, list):
        return dice.choice(([], value[0], None, {"a": value}, [*value, value], [*value, "x"]))
    return dice.choice((f"{value}x", value[:-1], value.swapcase(), f"{value} ", 7, [value], None))


def lacks(told: str, spoiled: Spoiled) -> list[str]:
    """Return what a refusal does not say, by the names of the figures."""
    # The file's own name is no key.
    told = re.sub(r"\S*\.yaml", "", told)
    found = []
    if not _names(told, spoiled.names):
        found.append("without_key")
    if spoiled.value is not NO_VALUE and not _shows(told, spoiled.value):
        found.append("without_value")
    if not _REMEDY.search(told):
        found.append("without_remedy")
    return found


def _names(told: str, names: tuple[str, ...]) -> bool:
    """Return whether the key stands in the path of one, or as a word after the path of what holds it.

    A key that is an English word as well, such as name, would otherwise be found where none is meant.
    """
    *around, key = names
    # A sentence may say coordination number for coordination_number.
    words = re.escape(key).replace("_", "[_ ]")
    if not re.search(rf"(?<![\w]){words}(?![\w])", told):
        return False
    parts = {part for pair in _PATHS.findall(told) for path in pair for part in path.split(".")}
    return "_" in key or key in parts or bool(around and around[-1] in parts)


def _shows(told: str, value: Any) -> bool:
    """Return whether a value stands there, as YAML or Python writes it, whole or shortened; or an item of a list."""
    if isinstance(value, dict | list) and not value:
        return any(word in told for word in ("[]", "{}", "nothing", "empty"))
    if isinstance(value, dict):
        return any(_shows(told, part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(_shows(told, part) for part in value)
    return any(_squeezed(form)[:_KEPT] in _squeezed(told) for form in _forms(value))


def _forms(value: Any) -> list[str]:
    if value is None:
        return ["null", "None"]
    if isinstance(value, bool):
        return [str(value), str(value).lower()]
    if isinstance(value, int | float):
        return [repr(value), f"{value:,}", *([f"{value:g}", f"{value:+g}"] if abs(value) < 1e300 else [])]
    if isinstance(value, str):
        # What is only spaces is seen between its quotes.
        return [repr(value), f"'{value}'"] if not value.strip() else [repr(value)[1:-1], one_line(value)]
    return [repr(value), str(value)]


def _squeezed(text: str) -> str:
    return "".join(text.split())
