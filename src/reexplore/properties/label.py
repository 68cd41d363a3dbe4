"""A labelled complex: the energies of its parts, and the reactions they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reexplore.chemistry.candidates import Candidate
from reexplore.energies.acidity import ComputedPka
from reexplore.energies.kramers.label import KramersLabel
from reexplore.energies.reactions import Reaction, binding, exchange, transfer
from reexplore.energies.terms import EnergyTerms
from reexplore.errors import Failure

#: Of a charged complex that was taken into a second solvent: docs/stability.md.
WITHOUT_COUNTER_IONS = (
    "a charged complex was taken into the second solvent without counter-ions: ion pairs are not modelled, and in a"
    " solvent that is not polar its transfer energy means little"
)


@dataclass(frozen=True)
class Label:
    """A labelled candidate with the energies of its parts: `complex`, `ion`, `ligand`, `water`, and each
    co-ligand by its name.

    `aqua` is the energy of its metal's aqua ion with `aqua_waters` waters; without it there is no
    exchange energy. `other_donors` counts the atoms that hold the metal without having been named.

    Where its waters are open `candidate` has those of the lowest free energy. By their waters `other_waters` has the
    energies of the other complexes, and `failures` why one has none.

    `organic` has the energies of `complex` and `ligand` in the campaign's second solvent, where it has one.
    `computed_pka` are those of its ligand that were computed, the last proton to leave first.

    Of a magnet there are no parts, and no reactions: `magnet` has its Kramers doublets.
    """

    candidate: Candidate
    parts: Mapping[str, EnergyTerms]
    aqua: EnergyTerms | None
    aqua_waters: int
    other_donors: int = 0
    other_waters: Mapping[int, EnergyTerms] = field(default_factory=dict)
    failures: Mapping[int, Failure] = field(default_factory=dict)
    organic: Mapping[str, EnergyTerms] = field(default_factory=dict)
    computed_pka: tuple[ComputedPka, ...] = ()
    magnet: KramersLabel | None = None

    @property
    def group_name(self) -> str:
        """Return the name of the group it is ranked in: its true coordination number tells two of them apart."""
        return self.candidate.group.name + (f", coordination number {self._number}" if self.other_donors else "")

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return what it is shown with: other atoms that hold it, computed pKa, failed waters, missing counter-ions."""
        asked = self.candidate.coordination_number
        told = []
        if self.other_donors:
            number = f"coordination number {self._number}, not {asked}"
            told.append(f"{number}: an atom that was not named holds the metal as well")
        if self.computed_pka:
            told.append(f"its pKa are computed: {', '.join(map(str, self.computed_pka))}")
        told += [
            f"with {count} waters it has no free energy to compare: {failure.stage}, {failure.message}"
            for count, failure in self.failures.items()
        ]
        told += [f"{code}: {found}" for code, found in (self.magnet.doubts if self.magnet else {}).items()]
        if self.organic and self.candidate.charge:
            told.append(WITHOUT_COUNTER_IONS)
        return tuple(told)

    @property
    def other_waters_kcal_mol(self) -> dict[int, float]:
        """Return how far the free energies of the other complexes lie above this one, by their waters."""
        return {
            count: (self._with_waters(count, terms).binding - self.binding).energy_kcal_mol
            for count, terms in self.other_waters.items()
        }

    def _with_waters(self, count: int, complex_: EnergyTerms) -> Label:
        parts = {**self.parts, "complex": complex_}
        return replace(self, candidate=replace(self.candidate, waters=count), parts=parts)

    @property
    def _number(self) -> int:
        return self.candidate.coordination_number + self.other_donors

    @property
    def binding(self) -> Reaction:
        """Return the reaction from the bare ion."""
        return binding(
            self.parts["complex"],
            ion=self.parts["ion"],
            ligand=self.parts["ligand"],
            water=self.parts["water"],
            ligands=self.candidate.ligands,
            waters=self.candidate.waters,
            co_ligands=self._co_ligands,
        )

    @property
    def _co_ligands(self) -> list[tuple[int, EnergyTerms]]:
        return [(count, self.parts[ligand.name]) for ligand, count in self.candidate.co_ligands]

    @property
    def exchange(self) -> Reaction | None:
        """Return the reaction from the aqua ion, None without its energy."""
        if self.aqua is None:
            return None
        return exchange(
            self.parts["complex"],
            aqua_complex=self.aqua,
            ligand=self.parts["ligand"],
            water=self.parts["water"],
            ligands=self.candidate.ligands,
            waters=self.candidate.waters,
            aqua_waters=self.aqua_waters,
            co_ligands=self._co_ligands,
        )

    @property
    def transfer(self) -> Reaction | None:
        """Return the reaction that takes the complex into the second solvent, None without one."""
        return self._transfer("complex")

    @property
    def ligand_transfer(self) -> Reaction | None:
        """Return that of the free ligand, as it is counted from."""
        return self._transfer("ligand")

    def _transfer(self, part: str) -> Reaction | None:
        there = self.organic.get(part)
        return None if there is None else transfer(self.parts[part], there)

    @property
    def hydration(self) -> Reaction | None:
        """Return the reaction that makes the aqua ion: binding less exchange, one number for each metal."""
        if self.aqua is None:
            return None
        return Reaction(((1, self.aqua), (-1, self.parts["ion"]), (-self.aqua_waters, self.parts["water"])))
