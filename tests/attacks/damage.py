"""Every kind of file that a campaign keeps, damaged in every way: made again, or told; never a wrong number."""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import yaml

from reexplore.campaign.declaration.setup import prepare
from reexplore.campaign.driver import open_ledger
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.errors import ReexploreError
from tests.attacks.folders import CAMPAIGN
from tests.attacks.trial import ask

#: It learns, so that there are models and forecasts, chooses and learns again.
LEARNING = CAMPAIGN | {"budget": {"seed_labels": 4, "batch": 1, "labels": 5}}
LEARNING["space"] = CAMPAIGN["space"] | {"metals": ["La", "Gd", "Lu"]}
#: It learns once: half as long, and enough for some damages.
LEARNING_ONCE = LEARNING | {"budget": {"seed_labels": 4, "batch": 1, "labels": 4}}
_SOME = 20
_HEX = re.compile(r"[0-9a-f]{12,}|\d{3,}")


def ended(folder: Path, campaign: dict[str, Any] = LEARNING) -> Path:
    """Run a small campaign for real and return its workspace."""
    workspace = folder / "golden" / "workspace"
    workspace.mkdir(parents=True)
    (workspace / "mini.yaml").write_text(yaml.safe_dump(campaign))
    answer = ask(("campaign", "run", "mini.yaml"), workspace, limit_s=600)
    if answer.code != 0:
        raise RuntimeError(f"the undamaged campaign ended with {answer.code}: {answer.told[-2000:]}")
    return workspace


def emptied(path: Path) -> None:
    """Leave a file of no bytes."""
    path.write_bytes(b"")


def cut(path: Path) -> None:
    """Cut a third off."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def flipped(path: Path) -> None:
    """Flip a bit in the middle."""
    content = bytearray(path.read_bytes())
    if content:
        content[len(content) // 2] ^= 0x10
    path.write_bytes(content)


def deleted(path: Path) -> None:
    """Take it away."""
    path.unlink()


def a_folder(path: Path) -> None:
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()
    (path / "inside").write_text("x")


DAMAGES = (emptied, cut, flipped, deleted, a_folder)


def kinds(workspace: Path) -> dict[str, list[Path]]:
    """Return the files of a workspace by kind: their path with what counts them masked."""
    found: dict[str, list[Path]] = {}
    for path in sorted(workspace.rglob("*")):
        if path.is_file() and not path.is_socket():
            name = _HEX.sub("N", re.sub(r"/[0-9a-f]{2}/", "/N/", path.relative_to(workspace).as_posix()))
            found.setdefault(name, []).append(path.relative_to(workspace))
    return found


def wrong(folder: Path, *, count: int, seed: int) -> Iterator[tuple[str, str, str]]:
    """Yield each damage that ended in a wrong number or without a sentence: the file, the damage and what happened."""
    golden = ended(folder, LEARNING_ONCE if count < _SOME else LEARNING)
    right = _told(golden)
    dice = random.Random(seed)
    trials = [(kind, damage) for kind in kinds(golden) for damage in DAMAGES]
    for number, (kind, damage) in enumerate(trials if count >= len(trials) else dice.sample(trials, count)):
        workspace = folder / str(number) / "workspace"
        shutil.copytree(golden, workspace, symlinks=True)
        damage(workspace / dice.choice(kinds(golden)[kind]))
        for command in ("status", "report", "resume", "report"):
            answer = ask(("campaign", command, "mini.yaml"), workspace, limit_s=120)
            if problems := answer.complaints():
                yield kind, damage.__name__, f"{command}, {problems}: {answer.told[-1500:]}"
                break
        else:
            if answer.code == 0 and (now := _told(workspace)) != right:
                yield kind, damage.__name__, f"other numbers: {now}"
        shutil.rmtree(folder / str(number))


def _told(workspace: Path) -> list[tuple[object, ...]] | str:
    """Return what the campaign's record says of every candidate, or the sentence that refuses."""
    try:
        setup = prepare(str(workspace / "mini.yaml"), workspace=workspace)
        with closing(open_ledger(setup)) as ledger:
            rows = campaign_record(setup, ledger).rows
    except ReexploreError as refused:
        return str(refused)
    return [(row.key, row.rank, row.predicted_kcal_mol, row.sigma_kcal_mol, row.dft_kcal_mol) for row in rows]
