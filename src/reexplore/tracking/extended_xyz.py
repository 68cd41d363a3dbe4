"""Facts in the second line of an extended XYZ file, written so that ASE reads back what was meant."""

from __future__ import annotations

import json
from collections.abc import Mapping


def with_facts(extxyz: str, facts: Mapping[str, str | float | list[str]]) -> str:
    """Return a structure's extended XYZ text with more facts in its second line.

    Texts are quoted with their quotes and backslashes escaped and stay on one line; lists are JSON, as ASE writes and
    reads them. (ASE's own writer leaves backslashes as they are, and its reader then takes the letter behind for
    escaped: `C/C=C\\C` comes back as another molecule.)
    """
    count, comment, *atoms = extxyz.splitlines()
    told = " ".join(f"{name}={_written(value)}" for name, value in facts.items())
    return "\n".join((count, f"{comment} {told}".rstrip(), *atoms)) + "\n"


def _written(value: str | float | list[str]) -> str:
    if isinstance(value, float):
        return f"{value:.6f}"
    return _quoted(value) if isinstance(value, str) else _quoted(f"_JSON {json.dumps(value)}")


def _quoted(text: str) -> str:
    line = " ".join(text.splitlines())
    return '"' + line.replace("\\", "\\\\").replace('"', '\\"') + '"'
