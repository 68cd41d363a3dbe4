"""How alike two parts of complexes are: the terms of the additive Gaussian process.

A complex is its bare scaffold and a substituent at each site, each in surroundings (metal and what else is around it).
The covariance of two complexes is a sum over their parts of a product: how alike the parts are, times how alike the
surroundings are. Every kernel is `same key` times a constant, a scalar product or a Gaussian of some columns, so that
its random functions can be drawn by key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.candidates import Group
from reexplore.chemistry.metals import METALS
from reexplore.surrogate.descriptors import OF_LIGAND, OF_SUBSTITUENT, bare, bonds_to_donor, by_itself

Array = NDArray[np.float64]

#: Random features of a Gaussian kernel (A. Rahimi, B. Recht, NIPS 2007), of one column and of several: their error is
#: below that of few draws.
_FEATURES = {True: 32, False: 128}

_CORE = {
    "charge": 1.0,
    "donors": 2.0,
    "donor charge": 0.3,
    "most negative donor": 0.2,
    "charge beside donors": 0.1,
    "heavy atoms": 5.0,
    "log P": 1.5,
    "molar refractivity": 20.0,
    "polar surface": 40.0,
    "N atoms": 1.0,
    "O atoms": 1.0,
    "S atoms": 1.0,
}
_CORE_COLUMNS = [OF_LIGAND.index(name) for name in _CORE]
_CORE_SCALES = np.array(list(_CORE.values())) * np.sqrt(len(_CORE))


class Part(NamedTuple):
    """A part of a ligand: its bare scaffold (`site` None), or the substituent (SMILES) at one site, counted from 0."""

    scaffold: str
    site: int | None = None
    substituent: str = ""


class Around(NamedTuple):
    """The surroundings of a ligand: the metal and what else holds it; open waters are None."""

    metal: str
    ligands: int
    waters: int | None
    co_ligands: str = ""

    @classmethod
    def of(cls, group: Group) -> Around:
        """Return the surroundings of a group's ligands."""
        return cls(group.metal, group.ligands, group.waters, group.co_ligands)


def parts_of(smiles: Sequence[str]) -> tuple[Part, ...]:
    """Return the parts of a ligand from the SMILES of its scaffold and of the substituent at each site."""
    scaffold, *substituents = smiles
    return (Part(scaffold), *(Part(scaffold, site, found) for site, found in enumerate(substituents)))


T = TypeVar("T")


@dataclass(frozen=True)
class Kernel(Generic[T]):
    """Things of equal `key` are alike by a constant, a scalar product or a Gaussian of their `columns`.

    A key of None is alike to nothing. `length` is the Gaussian's, in the columns' unit.
    """

    name: str
    key: Callable[[T], str | None]
    form: Literal["constant", "linear", "gaussian"] = "constant"
    columns: Callable[[T], Array] = lambda _: np.ones(1)
    length: float = 1.0

    def gram(self, first: Sequence[T], second: Sequence[T]) -> Array:
        """Return how alike things are, shape (first, second)."""
        keys = {key: number for number, key in enumerate({self.key(x) for x in (*first, *second)} - {None})}
        of_first = np.array([keys.get(self.key(x), -1) for x in first])
        of_second = np.array([keys.get(self.key(x), -2) for x in second])
        same = of_first[:, None] == of_second[None]
        if self.form == "constant":
            return same.astype(np.float64)
        a, b = self._table(first), self._table(second)
        if self.form == "linear":
            return np.asarray(np.where(same, a @ b.T, 0.0))
        away = np.maximum((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * a @ b.T, 0.0)
        return np.asarray(np.where(same, np.exp(-0.5 * away / self.length**2), 0.0))

    def features(self, thing: T) -> Array:
        """Return numbers whose scalar products are the kernel between things of equal key."""
        if self.form == "constant":
            return np.ones(1)
        columns = self.columns(thing)
        if self.form == "linear":
            return columns
        waves, phases = _waves(len(columns))
        return np.asarray(np.sqrt(2 / len(phases)) * np.cos(waves @ columns / self.length + phases))

    def _table(self, things: Sequence[T]) -> Array:
        return np.array([self.columns(thing) for thing in things], dtype=np.float64).reshape(len(things), -1)


@lru_cache(maxsize=64)
def _waves(columns: int) -> tuple[Array, Array]:
    random, size = np.random.default_rng(0), _FEATURES[columns == 1]
    return random.standard_normal((size, columns)), random.uniform(0, 2 * np.pi, size)


@lru_cache(maxsize=4096)
def normals(name: str, size: int) -> Array:
    """Return standard normal numbers that belong to a name, whichever process asks."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(size)


def _base(part: Part) -> str | None:
    return "" if part.site is None else None


def _group(part: Part) -> str | None:
    return None if part.site is None else ""


def _slot(part: Part) -> str | None:
    return None if part.site is None else str(part.site)


def _substituent(part: Part) -> Array:
    return by_itself(part.substituent) / np.sqrt(len(OF_SUBSTITUENT))


def _placed(part: Part) -> Array:
    assert part.site is not None
    return np.append(_substituent(part), bonds_to_donor(part.scaffold)[part.site])


def _radius(around: Around) -> Array:
    # In units of a fifth of the way from lanthanum to lutetium.
    return np.array([(METALS[around.metal].shannon_radius_angstrom - 1.05) / 0.04])


def _counts(around: Around) -> Array:
    return np.array([around.ligands, (around.waters or 0) / 4, around.waters is None], dtype=np.float64)


def _core(part: Part) -> Array:
    return np.asarray(bare(part.scaffold)[_CORE_COLUMNS] / _CORE_SCALES)


def _only_sites(function: Callable[[Part], Array], width: int) -> Callable[[Part], Array]:
    return lambda part: np.zeros(width) if part.site is None else function(part)


_GROUP = _only_sites(_substituent, len(OF_SUBSTITUENT))
_PLACED = _only_sites(_placed, len(OF_SUBSTITUENT) + 1)

_EVERY = Kernel[Part]("every", _base)
_SAME_SCAFFOLD = Kernel[Part]("same scaffold", lambda part: part.scaffold if part.site is None else None)
_LIKE_SCAFFOLD = Kernel[Part]("like scaffold", _base, "gaussian", _core)
_SCAFFOLD_LINE = Kernel[Part]("scaffold line", _base, "linear", _core)
_SAME_GROUP = Kernel[Part]("same group", lambda p: None if p.site is None else p.substituent)
_SAME_AT_SITE = Kernel[Part]("same group at site", lambda p: None if p.site is None else f"{p.site} {p.substituent}")
_SAME_ON = Kernel[Part](
    "same group at site of scaffold", lambda p: None if p.site is None else f"{p.scaffold} {p.site} {p.substituent}"
)
_LIKE_AT_SITE = Kernel[Part]("like group at site", _slot, "gaussian", _GROUP)
_NEAR_AT_SITE = Kernel[Part]("near group at site", _slot, "gaussian", _GROUP, 0.5)
_LIKE_PLACED = Kernel[Part]("like group", _group, "gaussian", _PLACED)
_NEAR_PLACED = Kernel[Part]("near group", _group, "gaussian", _PLACED, 0.5)
_LIKE_ON = Kernel[Part](
    "like group at site of scaffold", lambda p: None if p.site is None else f"{p.scaffold} {p.site}", "gaussian", _GROUP
)


def _anything(_: Around) -> str:
    return ""


_ANY = Kernel[Around]("anywhere", _anything)
_RADIUS_LINE = Kernel[Around]("radius line", _anything, "linear", _radius)
_LIKE_METAL = Kernel[Around]("like metal", _anything, "gaussian", _radius, 3.0)
_SAME_METAL = Kernel[Around]("same metal", lambda around: around.metal)
_COUNTS_LINE = Kernel[Around]("counts line", _anything, "linear", _counts)
_SAME_COUNTS = Kernel[Around]("same counts", lambda a: f"{a.ligands} {a.waters} {a.co_ligands}")

#: Each term is a kernel of parts times one of surroundings.
TERMS: tuple[tuple[Kernel[Part], Kernel[Around]], ...] = (
    (_EVERY, _ANY),
    (_EVERY, _RADIUS_LINE),
    (_EVERY, _LIKE_METAL),
    (_EVERY, _SAME_METAL),
    (_EVERY, _COUNTS_LINE),
    (_EVERY, _SAME_COUNTS),
    (_SAME_SCAFFOLD, _ANY),
    (_SCAFFOLD_LINE, _ANY),
    (_LIKE_SCAFFOLD, _ANY),
    (_SAME_SCAFFOLD, _LIKE_METAL),
    (_SAME_SCAFFOLD, _SAME_COUNTS),
    (_NEAR_AT_SITE, _ANY),
    (_LIKE_AT_SITE, _ANY),
    (_SAME_GROUP, _ANY),
    (_SAME_AT_SITE, _ANY),
    (_NEAR_PLACED, _ANY),
    (_LIKE_PLACED, _ANY),
    (_LIKE_ON, _ANY),
    (_SAME_ON, _ANY),
    (_LIKE_AT_SITE, _LIKE_METAL),
    (_LIKE_AT_SITE, _SAME_COUNTS),
)
