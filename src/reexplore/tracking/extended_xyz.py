"""Facts in the second line of an extended XYZ file, written so that ASE reads back what was meant."""

from __future__ import annotations

import json
from collections.abc import Mapping

#: What ASE takes for a truth.
_TRUTHS = ("T", "F", "true", "false")


def with_facts(extxyz: str, facts: Mapping[str, str | float | list[str]]) -> str:
    """Return a structure's extended XYZ text with more facts in its second line.

    Texts are quoted with their quotes and backslashes escaped and stay on one line; lists, and texts that would be read
    as numbers or truths, are JSON, as ASE writes and reads them. (ASE's own writer leaves backslashes as they are, and
    its reader then takes the letter behind for escaped: `C/C=C\\C` comes back as another molecule.)
    """
    count, comment, *atoms = extxyz.splitlines()
    told = " ".join(f"{name}={_written(value)}" for name, value in facts.items())
    return "\n".join((count, f"{comment} {told}".rstrip(), *atoms)) + "\n"


def _written(value: str | float | list[str]) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.8f}"
    if isinstance(value, str) and not all(map(_is_number_or_truth, value.split())):
        return _quoted(value)
    return _quoted(f"_JSON {json.dumps(value)}")


def _is_number_or_truth(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return word in _TRUTHS or word.lower() in _TRUTHS
    return True


def _quoted(text: str) -> str:
    line = " ".join(text.splitlines())
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'
