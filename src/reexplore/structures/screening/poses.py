"""One substituent at one place of a complex: its best poses, and what two of them cost each other.

A place is a site of one of the complex's ligands: place number = ligand × sites + site.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reexplore.chemistry.library import Substituent
from reexplore.structures.screening.contacts import Kinds, kinds_of, repulsion_kcal_mol, squared_distances, too_near
from reexplore.structures.screening.fragments import TORSION_STEP_DEGREES, Fragment, fragment, frame
from reexplore.structures.screening.scaffolding import Scaffolding, Site

Array = NDArray[np.float64]
Integers = NDArray[np.intp]
Single = NDArray[np.float32]

#: Poses kept per substituent and place: the best of each sector of torsions, and then the best of all.
POSES = 24
_SECTOR_DEGREES = 30
#: A pose that quality control would refuse is taken only when there is no other.
CLASH_KCAL_MOL = 200.0
#: Two substituents whose bounding spheres are this far apart do not feel each other.
_REACH_ANGSTROM = 3.6


@dataclass(frozen=True, eq=False)
class Placed:
    """A substituent at one place of a complex.

    The atoms are those of the fragment and then the hydrogens that the site's atom keeps; positions
    have the shape (poses, atoms, 3), energies and clashes (with the complex) the shape (poses,).
    """

    symbols: tuple[str, ...]
    kinds: Kinds
    part: Fragment | None
    positions: Array
    energies: Single
    clash: NDArray[np.bool_]


def placed(base: Scaffolding, place: int, substituent: Substituent) -> Placed:
    """Return the substituent's best poses at one place, against the complex alone.

    Raises `CalculationFailed` when the substituent has no 3D geometry.
    """
    ligand, number = divmod(place, base.scaffold.sites)
    site = base.sites[number]
    at = base.atoms_of(ligand)
    positions = base.template.positions_angstrom
    owned = [at[h] for h in site.hydrogens]
    if substituent.is_hydrogen:
        kinds = kinds_of(["H"] * len(owned), [site.symbol] * len(owned))
        return Placed(
            ("H",) * len(owned),
            kinds,
            None,
            positions[owned][None],
            np.zeros(1, dtype=np.float32),
            np.zeros(1, dtype=bool),
        )
    part = fragment(substituent, site.anchor)
    anchor, neighbour = positions[at[site.atom]], positions[at[site.neighbour]]
    poses, energies = [], []
    for hydrogen in owned:
        axes = frame(positions[hydrogen] - anchor, neighbour - anchor)
        kept = positions[[h for h in owned if h != hydrogen]]
        grafted = part.positions_angstrom @ axes + anchor
        poses.append(np.concatenate([grafted, np.broadcast_to(kept, (len(grafted), *kept.shape))], axis=1))
        energies.append(part.energies_kcal_mol)
    symbols = (*part.symbols, *("H",) * (len(owned) - 1))
    heavy = len(part.atoms)
    owners = [*part.symbols[:heavy], *(part.symbols[o] for o in part.owners), *[site.symbol] * (len(owned) - 1)]
    kinds = kinds_of(symbols, owners)
    where = np.concatenate(poses)
    cost, clash = _against_core(base, where, kinds, part=part, site=site, ligand=ligand)
    total = cost + np.concatenate(energies).astype(np.float32) + CLASH_KCAL_MOL * clash
    best = _varied(total)
    return Placed(symbols, kinds, part, where[best], total[best], clash[best])


def _against_core(
    base: Scaffolding, poses: Array, kinds: Kinds, *, part: Fragment, site: Site, ligand: int
) -> tuple[Single, NDArray[np.bool_]]:
    """Return repulsion and verdict of poses against everything that is not grafted."""
    at = base.atoms_of(ligand)
    atoms = len(part.symbols)
    counted = np.ones((len(kinds), len(base.core)), dtype=bool)
    # What the site's atom keeps stands where the template has it; it is judged with the template.
    counted[atoms:] = False
    bonded = ~counted
    bonded[part.first, base.core_index[at[site.atom]]] = True
    counted[:, base.core_index[at[site.atom]]] = False
    for neighbour in site.neighbours:
        counted[part.first, base.core_index[at[neighbour]]] = False
    clash = np.zeros(len(poses), dtype=bool)
    cost = np.zeros(len(poses), dtype=np.float32)
    for metal, shifts in base.ends:
        core = base.core_positions + shifts[base.core_part] * (base.core_part >= 0)[:, None]
        squares = squared_distances((poses + shifts[ligand]).astype(np.float32), core[None].astype(np.float32))
        near = too_near(squares, kinds, base.core_kinds, metal=metal) & ~bonded
        clash |= near.any(axis=(1, 2, 3))
        cost = np.maximum(cost, repulsion_kcal_mol(squares, kinds, base.core_kinds, counted=counted)[:, 0])
    return cost, clash


def between(base: Scaffolding, i: int, a: Placed, j: int, b: Placed) -> tuple[Single, NDArray[np.bool_]] | None:
    """Return repulsion and verdict between the poses of substituents at two places, None when they are far apart."""
    if a.part is None and b.part is None:
        return None
    (centre_a, radius_a), (centre_b, radius_b) = _sphere(a.positions), _sphere(b.positions)
    if np.linalg.norm(centre_a - centre_b) > radius_a + radius_b + _REACH_ANGSTROM:
        return None
    sites = base.scaffold.sites
    counted = np.ones((len(a.symbols), len(b.symbols)), dtype=bool)
    if i // sites == j // sites and base.sites[i % sites].atom == base.sites[j % sites].atom:
        counted[a.part.first if a.part else 0, b.part.first if b.part else 0] = False
    energy = np.zeros((len(a.positions), len(b.positions)), dtype=np.float32)
    clash = np.zeros(energy.shape, dtype=bool)
    for metal, shifts in base.ends:
        squares = squared_distances(
            (a.positions - centre_a).astype(np.float32),
            (b.positions - centre_a + shifts[j // sites] - shifts[i // sites]).astype(np.float32),
        )
        clash |= too_near(squares, a.kinds, b.kinds, metal=metal).any(axis=(2, 3))
        energy = np.maximum(energy, repulsion_kcal_mol(squares, a.kinds, b.kinds, counted=counted))
        if i // sites == j // sites:
            break  # two places of one ligand move together
    return (energy + CLASH_KCAL_MOL * clash).astype(np.float32), clash


def _varied(energies: Single) -> Integers:
    """Return the numbers of the poses to keep; the lowest comes first.

    The lowest alone would all be turned alike, and a neighbour that needs them turned finds none.
    """
    order = np.argsort(energies, kind="stable")
    sector = order % (360 // TORSION_STEP_DEGREES) // (_SECTOR_DEGREES // TORSION_STEP_DEGREES)
    first = np.sort(np.unique(sector, return_index=True)[1])
    rest = np.setdiff1d(np.arange(len(order)), first)
    return np.asarray(order[np.concatenate([first, rest])[:POSES]])


def _sphere(poses: Array) -> tuple[Array, float]:
    """Return the centre of all poses together and the radius of the sphere that holds them."""
    centre = poses.mean(axis=(0, 1))
    return centre, float(np.linalg.norm(poses - centre, axis=-1).max())
