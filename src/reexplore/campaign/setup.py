"""From a campaign file to everything it names, checked before the first task."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rdkit import Chem

from reexplore.acquisition.policy import Policy, load_policy
from reexplore.campaign.begun import as_begun, declaration
from reexplore.campaign.buildable import once, require_buildable
from reexplore.campaign.surface import declared_surface
from reexplore.chemistry.custom import CAMPAIGN_FILE, custom_scaffold, custom_substituent, scaffold_modes
from reexplore.chemistry.library import (
    FIRST_DONOR_MAP,
    SCAFFOLDS,
    SUBSTITUENTS,
    Scaffold,
    Substituent,
    find_scaffold,
    find_substituent,
)
from reexplore.chemistry.metals import SERIES, TEMPLATE_METAL, find_metal
from reexplore.chemistry.space import Coordination, Space
from reexplore.config import (
    CampaignFile,
    ScaffoldEntry,
    SpaceEntry,
    SubstituentEntry,
    TheoryEntry,
    load_campaign_file,
    parse,
    read_campaign,
)
from reexplore.energies.levels import (
    LEVELS,
    Level,
    comparison_warning,
    find_level,
    require_support,
)
from reexplore.energies.own_levels import own_level, require_parts
from reexplore.energies.terms import ENGINE
from reexplore.errors import InputError, MissingEngineError
from reexplore.shipped import is_shipped, resolve, shipped_folder
from reexplore.structures.architector import NOT_SEEDED
from reexplore.structures.surfaces import EnergySurface

if TYPE_CHECKING:
    from parsl.config import Config

SHORT_DISTANCES = (
    "plain GFN2-xTB places donors up to 0.2 Å too near to the metal: selectivities between La and Lu come out several"
    " times too steep; the surface gfn2-m mends that"
)
GBSA_WARNING = "geometries are relaxed with GBSA, all that xtb-python has: another model of water than ALPB"

#: Modules of the default path and the package that brings each.
_ENGINES = {
    "torch": "torch",
    "nequip": "nequip",
    "allegro": "nequip-allegro",
    "botorch": "botorch",
    "sklearn": "scikit-learn",
    "rdkit": "rdkit",
    "parsl": "parsl",
    "mlflow": "mlflow",
}
_BUILDING = {
    "architector": "architector",
    "numba": "numba",
    "openbabel": "openbabel-wheel",
    "xtb": "xtb",
    "tblite": "tblite",
}
_LABELLING = {"pyscf": "pyscf", "basis_set_exchange": "basis-set-exchange"}


@dataclass(frozen=True)
class Setup:
    """A campaign file with all it refers to resolved and checked."""

    file: CampaignFile
    source: Path
    workspace: Path
    space: Space
    level: Level
    surface: EnergySurface
    policy: Policy
    site: Path
    #: What its lists name twice.
    repeated: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Return the campaign's own folder."""
        return self.workspace / "runs" / self.file.name

    @property
    def ledger_path(self) -> Path:
        """Return the campaign's ledger."""
        return self.folder / "ledger.sqlite"

    @property
    def store(self) -> Path:
        """Return the store that all campaigns of the workspace share."""
        return self.workspace / "runs" / "_store"

    @property
    def tracking(self) -> str:
        """Return where MLflow keeps its mirror: an absolute folder or a server's address."""
        store = self.file.tracking.store
        return store if "://" in store else str((self.workspace / store).resolve())

    @property
    def fakes(self) -> tuple[str, ...]:
        """Return a sentence for everything in this campaign that is invented."""
        found = []
        if self.level.is_fake:
            found.append("energies are INVENTED by the teacher oracle: they mean nothing outside this rehearsal")
        if self.file.theory.sketch:
            found.append("geometries are SKETCHES placed without any energy")
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a reader of the numbers has to know."""
        comparison = comparison_warning(self.level, [m.symbol for m in self.space.metals])
        unseeded = NOT_SEEDED if "architector" in self.file.theory.builders else ""
        gbsa = GBSA_WARNING if self.surface.engine == "xtb-python" else ""
        short = SHORT_DISTANCES if not self.surface.is_corrected and self.surface.engine else ""
        told = (self.level.caution, comparison, unseeded, gbsa, short, *self.repeated)
        return tuple(sentence for sentence in told if sentence)

    def resolved(self) -> dict[str, Any]:
        """Return the campaign file with its policy and level written out, as the ledger keeps it."""
        declared = self.file.model_dump(mode="json")
        declared["space"]["metals"] = [metal.symbol for metal in SERIES if metal in self.space.metals]
        return declared | {
            "policy": self.policy.model_dump(mode="json"),
            "level": self.level.declaration(),
        }

    def on_site(self, reference: str | None, options: Sequence[str]) -> Setup:
        """Return the same campaign for another site than its file names, or with other options `key=value`."""
        from reexplore.execution.sites import parse_options

        given = parse_options(options)
        execution = self.file.execution
        if reference is None:
            execution, site = execution.model_copy(update={"options": execution.options | given}), self.site
        else:
            execution = execution.model_copy(update={"parsl": reference, "options": given})
            site = resolve("parsl_configs", reference, beside=self.source.parent)
        moved = replace(self, file=self.file.model_copy(update={"execution": execution}), site=site)
        moved.check_site()
        return moved

    def check_site(self) -> None:
        """Raise `InputError` when site file and options do not fit; only a site that we ship is run for that."""
        from reexplore.execution.sites import check_site

        if is_shipped("parsl_configs", self.site):
            self.parsl_config()
        else:
            check_site(self.site, options=self.file.execution.options)

    def parsl_config(self) -> Config:
        """Run the site file and return the Parsl configuration it makes."""
        from reexplore.execution.sites import load_site

        return load_site(self.site, run_dir=self.folder / "parsl", options=self.file.execution.options)

    def ready_config(self) -> Config:
        """Return the Parsl configuration with its folder made, under a name that no shell obeys: to submit with."""
        from reexplore.execution.run_folder import plainly_named
        from reexplore.execution.sites import load_site

        # Before its folder is made.
        self.parsl_config()
        return load_site(self.site, run_dir=plainly_named(self.folder / "parsl"), options=self.file.execution.options)


def prepare(reference: str, *, workspace: Path, allow_outside: bool = False) -> Setup:
    """Read and check a campaign; raise `InputError` or `MissingEngineError` with the first problem.

    What the file names has to lie in the workspace, beside the file or in the package, unless `allow_outside`.
    """
    source = resolve("campaigns", reference)
    file, has_begun = _campaign_file(source, workspace)
    own = _own_levels(file.theory)
    level = own[file.theory.level] if file.theory.level in own else find_level(file.theory.level, also=tuple(own))
    if file.theory.sketch and not level.is_fake:
        raise InputError("builder 'sketch' goes with level 'teacher' only: DFT on a sketch would mean nothing")
    space, repeated = _space(file.space)
    if not has_begun:
        # It costs a second for a scaffold of one's own, and what has begun goes on.
        require_buildable(space, [scaffold.name for scaffold in space.scaffolds if scaffold.source == CAMPAIGN_FILE])
    metals = [metal.symbol for metal in space.metals]
    require_support(level, metals)
    surface = declared_surface(file.theory)
    if not file.theory.sketch:
        surface.require([TEMPLATE_METAL.symbol, *metals], _donor_elements(space))
    policy = resolve("policies", file.policy, beside=source.parent)
    site = resolve("parsl_configs", file.execution.parsl, beside=source.parent)
    if not allow_outside:
        # Before any of them is read; a site is even run.
        named: dict[str, str | Path] = {
            "policy": policy,
            "execution.parsl": site,
            "tracking.store": file.tracking.store,
        }
        _require_inside(source, workspace.resolve(), named)
    setup = Setup(
        file=file,
        source=source,
        workspace=workspace.resolve(),
        space=space,
        level=level,
        surface=surface,
        policy=load_policy(policy),
        site=site,
        repeated=repeated,
    )
    _require_engines(setup)
    if level.based_on:
        # A shipped level has its parts for every element the library allows.
        require_parts(level, _elements(space))
    setup.check_site()
    return setup


def _require_inside(source: Path, workspace: Path, named: dict[str, str | Path]) -> None:
    """Raise `InputError` for a file or store that a campaign file from elsewhere should not reach."""
    folder = source.parent
    homes = [workspace, workspace / "runs", folder.parent if folder.name == "campaigns" else folder]
    homes += [shipped_folder("policies"), shipped_folder("parsl_configs")]
    trust = "or give `reexplore --allow-outside ...` if you trust the file"
    for key, place in named.items():
        if "://" in str(place):
            if not str(place).startswith(("http://", "https://")):
                raise InputError(
                    f"'{key}': {place} is neither a folder nor an address (http, https): name one, {trust}"
                )
        # Links count as what they lead to.
        elif not any((workspace / place).resolve().is_relative_to(home.resolve()) for home in homes):
            raise InputError(f"'{key}': {place} lies outside of the workspace {workspace}: copy it there, {trust}")


def _campaign_file(source: Path, workspace: Path) -> tuple[CampaignFile, bool]:
    """Return a campaign file, and whether its campaign has begun: what the file leaves open is then as it was begun."""
    data = read_campaign(source)
    file = parse(CampaignFile, data, source)
    declared = declaration(workspace / "runs" / file.name / "ledger.sqlite")
    if declared is None:
        return file, False
    return parse(CampaignFile, as_begun(data, declared), source), True


def known_levels(campaign: str | None = None) -> dict[str, Level]:
    """Return the shipped levels and those a campaign file declares, by name."""
    own = _own_levels(load_campaign_file(resolve("campaigns", campaign)).theory) if campaign else {}
    return LEVELS | own


def known_level(name: str, campaign: str | None = None) -> Level:
    """Return a shipped level or one a campaign file declares; raise `InputError` with the nearest match."""
    known = known_levels(campaign)
    return known[name] if name in known else find_level(name, also=tuple(known))


def _own_levels(theory: TheoryEntry) -> dict[str, Level]:
    """Return the levels a campaign declares; every one has to be sound, whichever is asked for."""
    return {
        entry.name: own_level(entry.name, based_on=entry.based_on, summary=entry.summary, **entry.changes)
        for entry in theory.levels
    }


def _donor_elements(space: Space) -> list[str]:
    """Return the elements that hold the metals of a space, those of water first."""
    mols = [Chem.MolFromSmiles(scaffold.smiles) for scaffold in space.scaffolds]
    donors = [a.GetSymbol() for mol in mols for a in mol.GetAtoms() if a.GetAtomMapNum() >= FIRST_DONOR_MAP]
    return list(dict.fromkeys(("O", *donors)))


def _elements(space: Space) -> set[str]:
    """Return the elements of every complex of a space."""
    smiles = [*(scaffold.smiles for scaffold in space.scaffolds), *(group.smiles for group in space.substituents)]
    atoms = [atom for text in smiles for atom in Chem.MolFromSmiles(text).GetAtoms()]
    return {"H", "O", *(a.GetSymbol() for a in atoms if a.GetAtomicNum()), *(m.symbol for m in space.metals)}


def _space(entry: SpaceEntry) -> tuple[Space, tuple[str, ...]]:
    """Return the space of a campaign, and what its lists name twice."""
    named = _distinct([mode for s in entry.scaffolds for mode in _scaffolds(s)], "scaffold")
    scaffolds, twice = once(named, "scaffold")
    groups, again = once(_distinct([_substituent(s) for s in entry.substituents], "substituent"), "substituent")
    coordinations = [Coordination(c.ligands, c.coordination_number) for c in entry.coordinations]
    space = Space(
        scaffolds=scaffolds,
        substituents=groups,
        metals=tuple(dict.fromkeys(find_metal(symbol) for symbol in entry.metals)),
        coordinations=tuple(dict.fromkeys(coordinations)),
    )
    for declared, coordination in zip(entry.coordinations, coordinations, strict=True):
        for scaffold in scaffolds:
            waters = coordination.waters(scaffold.denticity)
            if declared.waters is not None and declared.waters != waters:
                raise InputError(
                    f"{declared.ligands} × {scaffold.name} ({scaffold.denticity} donors each) leave {waters} places for"
                    f" water at coordination number {declared.coordination_number}, but waters is {declared.waters}"
                )
    return space, (*twice, *again)


def _scaffolds(entry: str | ScaffoldEntry) -> tuple[Scaffold, ...]:
    """Return a scaffold of a campaign, once for each mode in which it binds."""
    if isinstance(entry, str):
        return (find_scaffold(entry),)
    _require_new(entry.name, SCAFFOLDS, "scaffold")
    whole = custom_scaffold(entry.name, smiles=entry.smiles, charge=entry.charge, warning=entry.warning)
    return scaffold_modes(whole, entry.donors)


def _substituent(entry: str | SubstituentEntry) -> Substituent:
    if isinstance(entry, str):
        return find_substituent(entry)
    _require_new(entry.name, SUBSTITUENTS, "substituent")
    return custom_substituent(entry.name, smiles=entry.smiles, charge=entry.charge, warning=entry.warning)


def _require_new(name: str, library: Mapping[str, object], kind: str) -> None:
    if name in library:
        raise InputError(f"the {kind} '{name}' is in the library: give your own another name")


_Named = TypeVar("_Named", Scaffold, Substituent)


def _distinct(entries: list[_Named], kind: str) -> tuple[_Named, ...]:
    names = [entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"the {kind} '{name}' is listed twice")
    return tuple(entries)


def require_size(space: Space, limit: int) -> None:
    """Raise `InputError` with the arithmetic when the space is larger than its stated limit."""
    if space.size > limit:
        raise InputError(
            f"{space.arithmetic()}, more than space.limit = {limit:,}: narrow the lists or raise the limit"
        )


def _require_engines(setup: Setup) -> None:
    needed = dict(_ENGINES)
    if not setup.file.theory.sketch:
        needed |= _BUILDING
    if computed_by_pyscf := setup.level.engine == ENGINE and not setup.level.is_fake:
        needed |= _LABELLING
    missing = [package for module, package in needed.items() if importlib.util.find_spec(module) is None]
    if computed_by_pyscf and not _installed("pyscf-dispersion"):
        missing.append("pyscf-dispersion")
    if setup.surface.engine == "xtb" and shutil.which("xtb") is None:
        raise MissingEngineError(
            f"surface: {setup.surface.name} needs the xtb program on PATH (Debian: `apt install xtb`); or take gfn2"
        )
    if missing:
        raise MissingEngineError(
            f"not installed: {', '.join(missing)}; install with `pip install -c constraints.txt {' '.join(missing)}`"
        )


def _installed(distribution: str) -> bool:
    try:
        importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
