"""Folders by every name that a file system allows: a campaign is run in each, resumed, looked at and reported."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.attacks.trial import ask

NAMES = (
    *("plain", "with space", "two  spaces", " leading", "trailing ", "it's", 'say "so"', "$(touch PWNED)", "$HOME"),
    *("`touch PWNED`", "a;touch PWNED", "a&&touch PWNED", "a|touch PWNED", "a>PWNED", "${IFS}", "a\nb", "a\tb", "a\\b"),
    *("a\\nb", "[b]", "a[b]", "a*b", "?", "{x}", "{0}", "%s", "%(x)s", "100%", "#x", "a#b", "!x", "~", "~root", "-x"),
    *("--help", "=x", "a=b", "a,b", "a:b", ":x:", "@x", "^x", "(x)", "<x>", "&amp;", "é", "½ Å", "铈", "🧪", "e\u0301"),
    *("\u202eabc", "\x7f", "\x1b[31mred", "\udcff", ".hidden", "..x", "x.", "CON", "n" * 200, "é" * 100, "a.yaml"),
    *("runs", "_store", "ledger.sqlite", "null", "true", "1e3", "[/red]", "<b>x</b>", "'; DROP TABLE label; --"),
)
#: What a campaign of a single ligand needs: it learns nothing, and every other part is there.
CAMPAIGN = {
    "name": "mini",
    "space": {
        "scaffolds": ["HOPO"],
        "substituents": ["H", "methyl"],
        "metals": ["La"],
        "coordinations": [{"ligands": 1}],
    },
    "theory": {"level": "teacher", "builders": ["sketch"]},
    "surrogate": {"members": 2},
    "budget": {"seed_labels": 2, "batch": 1, "labels": 2},
}
HYDROGEN = "2\ncharge=0\nH 0 0 0\nH 0 0 0.74\n"
COMMANDS = (
    ("campaign", "run", "mini.yaml"),
    ("label", "hydrogen.xyz", "--level", "gfn2"),
    ("campaign", "resume", "mini.yaml"),
    ("campaign", "status", "mini.yaml"),
    ("campaign", "report", "mini.yaml"),
)


def names(count: int, *, seed: int = 0) -> list[str]:
    """Return so many names: all where there are enough of them, else some drawn by lot."""
    return list(NAMES) if count >= len(NAMES) else random.Random(seed).sample(NAMES, count)


def fail(folder: Path, chosen: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the name of every folder in which something went wrong, and what."""
    for number, name in enumerate(chosen):
        beside = folder / str(number)
        workspace = beside / name
        workspace.mkdir(parents=True)
        (workspace / "mini.yaml").write_text(yaml.safe_dump(CAMPAIGN))
        (workspace / "hydrogen.xyz").write_text(HYDROGEN)
        if problem := _problem(workspace):
            yield name, problem


def _problem(workspace: Path) -> str:
    for command in COMMANDS:
        before = sorted(path.name for path in workspace.iterdir())
        answer = ask(command, workspace, limit_s=120)
        if strays := list(workspace.parent.parent.rglob("PWNED")):
            return f"{' '.join(command)}: {strays[0]} was made"
        if answer.code == 2 and sorted(path.name for path in workspace.iterdir()) == before:
            # Refused in one sentence, with nothing written.
            return "" if len(answer.told.strip().splitlines()) <= 3 else f"{' '.join(command)}: {answer.told[-800:]}"
        if answer.code != 0 or answer.complaints():
            return f"{' '.join(command)} ended with {answer.code} after {answer.wall_s:.0f} s: {answer.told[-1500:]}"
    return "" if (workspace / "runs" / "mini" / "report" / "top_candidates.html").is_file() else "no report"
