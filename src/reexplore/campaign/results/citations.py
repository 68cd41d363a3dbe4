"""Who is to be cited for a campaign: the engines and methods that it used, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from reexplore.acquisition.policy import Policy
from reexplore.campaign.declaration.setup import Setup
from reexplore.config import TheoryEntry
from reexplore.energies.levels import Level
from reexplore.structures.xtb.surfaces import EnergySurface


@dataclass(frozen=True)
class Citation:
    """One entry of a bibliography: its key, its BibTeX text, and its fields without braces."""

    key: str
    bibtex: str
    fields: dict[str, str]

    @property
    def text(self) -> str:
        """Return it as a line of a list of references."""
        authors = self.fields["author"].split(" and ")
        told = ", ".join(_initials(one) for one in authors[:3]) + (" et al." if len(authors) > 3 else "")
        place = self.fields.get("journal") or self.fields.get("booktitle") or self.fields["title"]
        volume = ", ".join(self.fields[name] for name in ("volume", "pages") if name in self.fields)
        where = f"{place} {self.fields['year']}" + (f", {volume}" if volume else "")
        doi = self.fields.get("doi")
        return f"{told}, {where}" + (f", https://doi.org/{doi}" if doi else "")


def citations(setup: Setup, *, imported: bool) -> tuple[Citation, ...]:
    """Return what a campaign used, in the order of its work; `imported` energies are another program's."""
    return tuple(_known()[key] for key in dict.fromkeys(_keys(setup, imported=imported)))


def _keys(setup: Setup, *, imported: bool) -> Iterator[str]:
    yield "rdkit"
    if "sa_score" in {rule.name for rule in setup.rules.rules}:
        yield "sascore"
    yield from _of_structures(setup.file.theory, setup.surface)
    if setup.goals.learns_gap:
        yield "pyscf"
    elif not imported:
        yield from _of_energies(setup.level)
    yield from {
        "allegro": ("allegro", "nequip"),
        "stack": ("allegro", "nequip", "sklearn"),
        "tabular": ("sklearn",),
    }.get(setup.file.surrogate.model, ())
    yield from _of_choice(setup.policy)
    yield from ("parsl", "mlflow")


def _of_structures(theory: TheoryEntry, surface: EnergySurface) -> Iterator[str]:
    if theory.sketch:
        return
    if "architector" in theory.builders:
        yield from ("architector", "openbabel")
    if "crest" in theory.builders:
        yield "crest"
    yield from ("gfnff", "gfn2", "xtb")
    if surface.engine != "xtb-python":
        yield "alpb"


def _of_energies(level: Level) -> Iterator[str]:
    if level.is_fake:
        return
    if not level.is_density_functional:
        yield from ("gfn2", "xtb")
        return
    yield "pyscf"
    functional = level.functional.lower()
    yield from (key for key in ("pbe", "b3lyp") if functional.startswith(key))
    if level.dispersion:
        yield "d4"
    if "def2" in level.ligand_basis.lower():
        yield "def2"
        yield from ("def2diffuse",) * level.ligand_basis.lower().endswith("d")
    yield "basissetexchange"
    if level.solvent:
        yield "smd"


def _of_choice(policy: Policy) -> Iterator[str]:
    if policy.acquisition not in ("random", "diverse", "thompson"):
        yield "botorch"
    if policy.acquisition == "qLogExpectedImprovement":
        yield "logei"


@cache
def _known() -> dict[str, Citation]:
    text = (files("reexplore.campaign.results") / "engines.bib").read_text(encoding="utf-8")
    found = {}
    for entry in re.split(r"(?m)^(?=@)", text):
        if head := re.match(r"@\w+\{(\w+),", entry):
            # A value ends at the brace before a comma, a line's end, or the entry's.
            values = re.findall(r"(\w+) = \{(.*?)\}(?=,\s|\s*\n\})", entry)
            fields = {name: _without_braces(value) for name, value in values}
            found[head[1]] = Citation(head[1], entry.strip(), fields)
    return found


def _without_braces(value: str) -> str:
    return value.replace('{\\"e}', "ë").replace("{", "").replace("}", "").replace("--", "–")


def _initials(author: str) -> str:
    family, _, given = author.partition(", ")
    return " ".join([*(f"{name[0]}." for name in given.split()), family]) if given else "others"
