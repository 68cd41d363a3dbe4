"""Labels of finalists on geometries relaxed at the level: beside those that models learn from, never among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reexplore.campaign.ledger.ledger import Ledger
from reexplore.energies.terms import EnergyTerms
from reexplore.properties.label import Label


def relaxed_labels(found: Mapping[str, Label], ledger: Ledger) -> dict[str, Label]:
    """Return the label of every finalist whose relaxation and energies succeeded, by its candidate's key.

    `found` are the campaign's labels. Complex, ligand, water and aqua ion are all relaxed at the level; an aqua ion
    that is not there takes the exchange energy away, not the label.
    """
    aqua = {
        metal: EnergyTerms.from_dict(ledger.value(keys.energy))
        for metal, keys in ledger.aqua_ions(relaxed=True).items()
    }
    labels = {}
    for key, keys in ledger.finalists().items():
        if key in found:
            parts = {part: EnergyTerms.from_dict(ledger.value(energy)) for part, energy in keys.energies.items()}
            ion = aqua.get(found[key].candidate.metal.symbol)
            labels[key] = replace(found[key], parts=parts, aqua=ion, other_donors=keys.other_donors)
    return labels
