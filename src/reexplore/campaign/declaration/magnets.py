"""What a campaign of magnets can be: two ligands of one donor and five waters, learned without a geometry."""

from __future__ import annotations

from reexplore.chemistry.space import Space
from reexplore.config import CampaignFile
from reexplore.errors import InputError, of_key
from reexplore.structures.bipyramid import require_bipyramid
from reexplore.structures.screening.scaffolding import bare_candidate
from reexplore.surrogate.base import seen_by
from reexplore.surrogate.known import SURROGATES


def require_magnets(file: CampaignFile, space: Space) -> None:
    """Raise `InputError` for what does not go with labels that are Kramers gaps."""
    theory = file.theory
    if seen_by(SURROGATES.find(file.surrogate.model)[0]) != "ligand":
        raise InputError(
            "Kramers gaps are learned from ligands without a geometry: take tabular", key="surrogate.model"
        )
    if theory.sketch:
        raise InputError("a Kramers gap needs a real geometry: take other builders than sketch", key="theory.builders")
    unused = ("confirm", "relax", "conditional", "organic")
    series = ["geometry"] if theory.geometry == "series" else []
    if given := series + [key for key in unused if getattr(theory, key) is not None]:
        raise InputError("it does not go with Kramers gaps: leave it out", key=f"theory.{given[0]}")
    for scaffold in space.scaffolds:
        for number, coordination in enumerate(space.coordinations):
            with of_key(f"space.coordinations.{number}"):
                waters, beside = coordination.waters(scaffold.denticity), coordination.co_ligands
                counts = {"ligands": coordination.ligands, "waters": waters}
                require_bipyramid(bare_candidate(scaffold, **counts, co_ligands=beside))
