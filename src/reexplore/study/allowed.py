"""What a file does not allow: the models that need to see more of it, the energies it does not tell."""

from __future__ import annotations

from collections.abc import Callable

from reexplore.dataset.pool import LabelledPool
from reexplore.dataset.samples import atoms_of, parts_of
from reexplore.errors import InputError
from reexplore.study.models import Model, Needs
from reexplore.study.strategies import ABSOLUTE, Labels, Strategy


def why_no_model(model: Model, pool: LabelledPool) -> str | None:
    """Return why a model cannot be tried, in a few words, None where it can."""
    return _why_not_seen(model.needs, pool)


def why_no_strategy(strategy: Strategy, labels: Labels, pool: LabelledPool) -> str | None:
    """Return why a strategy cannot be tried, in a few words, None where it can."""
    if strategy.energy == "absolute" and not labels.absolute_kcal_mol:
        return f"the file has no energy of every complex, the column {ABSOLUTE}"
    if strategy.energy == "absolute" and (why := _why_not_seen("atoms", pool)) is not None:
        return why
    if not strategy.less_gfn2:
        return None
    if strategy.energy == "binding" and any(traits.group.co_ligands for traits in pool.traits.values()):
        return "the charges of co-ligands are not told, without which GFN2-xTB cannot compute the parts"
    return _why_not_seen("geometry", pool)


def _why_not_seen(needs: Needs, pool: LabelledPool) -> str | None:
    if needs == "geometry" and (missing := sum(key not in pool.geometries for key in pool.traits)):
        return f"{missing} of {len(pool)} complexes have no geometry"
    if needs == "atoms" and "formula" in pool.table:
        return _refused(lambda: atoms_of(pool))
    if needs == "atoms":
        return None if not _why_not_seen("geometry", pool) else "the file has neither geometries nor formulas"
    return _refused(lambda: parts_of(pool)) if needs in ("ligand", "both") else None


def _refused(read: Callable[[], object]) -> str | None:
    try:
        read()
    except InputError as error:
        return str(error)
    return None
