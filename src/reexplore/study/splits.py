"""Which complexes are learned from and which are tested: drawn by lot, or whole groups that nothing was seen of."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from reexplore.errors import InputError
from reexplore.surrogate.samples import Traits

#: What is tested of a random split: one in ten, as published.
PARTS = 10
#: With fewer labels a tenth says nothing.
FEWEST_LABELS = 2 * PARTS
#: With fewer labels to learn from nothing is learned that would say anything.
_FEWEST_KNOWN = 8
#: What is held out, one value after the other.
_TRAITS = ("scaffold", "substituent", "metal")
SPLITS = ("random", "ligand", *_TRAITS)


@dataclass(frozen=True)
class Part:
    """One test part of a split and what may be learned beside it; `groups` are the test groups, by key.

    A test group is what was held out as a whole: a scaffold, a substituent, a metal, or else a ligand.
    """

    split: str
    name: str
    seed: int
    known: tuple[str, ...]
    tested: tuple[str, ...]
    groups: Mapping[str, str]


class NothingToHoldOutError(InputError):
    """The file does not allow a split."""


def split_parts(asked: str, traits: Mapping[str, Traits], *, seeds: int, train: int | None) -> list[Part]:
    """Return test parts of a split such as `ligand`, `scaffold` or `scaffold=HDEV`: `seeds` of them, or all there are.

    `train` labels are drawn by lot of those that may be learned from. Raises `NothingToHoldOutError` where the file
    has nothing to hold out, and `InputError` for a split or a value that is not there, and too few labels.
    """
    split, _, value = asked.partition("=")
    if split not in SPLITS:
        raise InputError(f"unknown split '{split}'{_near(split, SPLITS)}")
    if len(traits) < FEWEST_LABELS:
        raise InputError(f"there are {len(traits)} labels: a study tests a tenth of them and needs {FEWEST_LABELS}")
    keys = sorted(traits)
    if split in _TRAITS:
        tested = _by_trait(split, value, keys, traits, seeds=seeds)
    elif value:
        raise InputError(f"--split {asked}: {split} takes no value")
    else:
        tested = _dealt(split, keys, traits, seeds=seeds)
    found = []
    for seed, (name, held) in enumerate(tested.items()):
        known = [key for key in keys if key not in held]
        if train is not None:
            if train > len(known):
                raise InputError(f"--train {train}: the split {split} leaves {len(known)} labels to learn from")
            known = sorted(known[i] for i in np.random.default_rng(seed).permutation(len(known))[:train])
        groups = {key: name if split in _TRAITS else _ligand(traits[key]) for key in sorted(held)}
        found.append(Part(split, name, seed, tuple(known), tuple(sorted(held)), groups))
    return found


def _dealt(split: str, keys: list[str], traits: Mapping[str, Traits], *, seeds: int) -> dict[str, set[str]]:
    """Return tenths of the labels, or of the ligands, that have nothing in common."""
    unit_of = {key: key if split == "random" else _ligand(traits[key]) for key in keys}
    units = sorted(set(unit_of.values()))
    if len(units) < 2:
        raise NothingToHoldOutError(f"the split {split} is left out: the file has a single ligand")
    tenths = np.array_split(np.random.default_rng(0).permutation(len(units)), min(PARTS, len(units)))
    found = {}
    for number, tenth in enumerate(tenths[:seeds]):
        mine = {units[i] for i in tenth}
        held = {key for key in keys if unit_of[key] in mine}
        if len(keys) - len(held) >= _FEWEST_KNOWN:
            found[f"part {number + 1}"] = held
    if not found:
        raise NothingToHoldOutError(f"the split {split} is left out: without a ligand too few labels are left")
    return found


def _by_trait(
    split: str, value: str, keys: list[str], traits: Mapping[str, Traits], *, seeds: int
) -> dict[str, set[str]]:
    """Return for each scaffold, substituent or metal, in an order drawn by lot, the labels that have it."""
    if split != "metal" and not any(traits[key].substituents for key in keys):
        raise NothingToHoldOutError(
            f"the split {split} is left out: the file tells ligands as wholes, without scaffold and substituents"
        )
    held: dict[str, set[str]] = {}
    for key in keys:
        each = traits[key]
        of = {"scaffold": {each.scaffold}, "substituent": set(each.substituents), "metal": {each.group.metal}}[split]
        for name in of:
            held.setdefault(name, set()).add(key)
    if value and value not in held:
        raise InputError(f"--split {split}={value}: the file has no such {split}{_near(value, held)}")
    can = sorted(name for name, mine in held.items() if len(keys) - len(mine) >= _FEWEST_KNOWN)
    if value:
        can = [name for name in can if name == value]
    if not can:
        there = f"without any {split} of {', '.join(sorted(held))}" if len(held) > 1 else f"without {min(held)}"
        raise NothingToHoldOutError(f"the split {split} is left out: {there} too few labels are left")
    drawn = [can[i] for i in np.random.default_rng(0).permutation(len(can))[:seeds]]
    return {name: held[name] for name in drawn}


def _ligand(traits: Traits) -> str:
    return " ".join(traits.ligand)


def _near(name: str, there: Iterable[str]) -> str:
    names = list(there)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f": did you mean '{near[0]}'?" if near else f": there are {', '.join(sorted(names)[:12])}"
