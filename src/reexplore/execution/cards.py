"""A site's graphics cards: whose they are, which one a worker has, and how many workers share it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, get_args

from reexplore.errors import InputError
from reexplore.execution.task import Task

if TYPE_CHECKING:
    from parsl.config import Config

Maker = Literal["nvidia", "amd", "intel"]
_SPELT = {"amd": "AMD", "intel": "Intel"}
MAKERS: tuple[Maker, ...] = get_args(Maker)

#: How many workers of this machine share a card; told by the site, one where it says nothing.
SHARING = "REEXPLORE_WORKERS_PER_CARD"
#: How Parsl tells a worker its card, for each maker's programs.
VISIBLE = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK")
# Parsl shares numbers out anew among all cards that nvidia-smi lists, which are right for one worker a card only; a
# name that is no number reaches its worker as it is.
_NAME = re.compile(r"card-(\d+)")


def card_names(cards: int, workers_per_card: int) -> list[str]:
    """Return the names that Parsl pins the workers of a node to, one a worker, those of a card side by side."""
    if cards < 1 or workers_per_card < 1:
        raise InputError(f"{cards} cards with {workers_per_card} workers each: give at least one of each")
    return [f"card-{card}" for card in range(cards) for _ in range(workers_per_card)]


def pinned(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that name a worker's card, as the card's own programs read them."""
    told = {name: _NAME.fullmatch(environment.get(name, "")) for name in VISIBLE}
    return {name: found[1] for name, found in told.items() if found}


def card_share(task: Task, card: str | None) -> float:
    """Return the share of a card that a task has held: `card` names the one it says it computed on.

    One that insists on a card has held it, however it ended.
    """
    return 1 / int(os.environ.get(SHARING, "1")) if card or task.insists_on_card else 0.0


def serving_cards(config: Config, label: str) -> bool:
    """Return whether the workers of this executor are pinned to cards."""
    return any(executor.label == label and bool(executor.available_accelerators) for executor in config.executors)


def require_nvidia(config: Config) -> None:
    """Raise `InputError` when labels are to be computed on cards that gpu4pyscf does not know."""
    makers = {getattr(executor, "maker", None) for executor in config.executors if executor.available_accelerators}
    if others := sorted(maker for maker in makers if maker not in (None, "nvidia")):
        raise InputError(
            "cuda means labels on cards, which gpu4pyscf computes on NVIDIA's only, and this site has"
            f" {_SPELT[others[0]]}'s:"
            " take auto: networks then use the cards, and labels the cores"
        )
