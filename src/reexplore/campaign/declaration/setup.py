"""From a campaign file to everything it names, checked before the first task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reexplore.acquisition.policy import Policy, added_policies, load_policy
from reexplore.anchors.table import Anchor
from reexplore.campaign.declaration.anchors import anchor_files, declared_anchors
from reexplore.campaign.declaration.begun import as_begun, declaration, written_coordination
from reexplore.campaign.declaration.buildable import require_buildable, require_protons
from reexplore.campaign.declaration.engines import require_engines
from reexplore.campaign.declaration.listed_ligands import COPY, bound_rules, listed_ligands, require_same
from reexplore.campaign.declaration.magnets import require_magnets
from reexplore.campaign.declaration.objective import declared_goals, weighing
from reexplore.campaign.declaration.proposed import require_proposable
from reexplore.campaign.declaration.relaxing import require_relaxable
from reexplore.campaign.declaration.space import (
    crowded,
    declared_space,
    donor_elements,
    elements,
    metal_symbols,
    require_some,
)
from reexplore.campaign.declaration.surface import declared_surface
from reexplore.chemistry.acidity import REFERENCE_ELEMENTS
from reexplore.chemistry.library import CAMPAIGN_FILE
from reexplore.chemistry.metals import SERIES, TEMPLATE_METAL
from reexplore.chemistry.space import Space
from reexplore.config import (
    CampaignFile,
    TheoryEntry,
    load_campaign_file,
    read_campaign,
)
from reexplore.constraints import Rules, read_constraints
from reexplore.energies.levels import (
    LEVELS,
    Level,
    comparison_warning,
    find_level,
    require_support,
)
from reexplore.energies.own_levels import in_solvent, own_level, require_parts
from reexplore.energies.protons import FreeLigandAtPH
from reexplore.errors import InputError, of_key
from reexplore.inputs.strict_models import parse
from reexplore.properties import Goals
from reexplore.shipped import is_shipped, resolve, shipped_folder
from reexplore.sources.known import read_source
from reexplore.sources.ligand_file import LigandFile
from reexplore.sources.ligand_list import LigandList
from reexplore.structures.builders.base import find_builder
from reexplore.structures.xtb.surfaces import EnergySurface
from reexplore.surrogate.base import seen_by
from reexplore.surrogate.known import SURROGATES

if TYPE_CHECKING:
    from parsl.config import Config

SHORT_DISTANCES = (
    "plain GFN2-xTB places donors up to 0.2 Å too near to the metal: selectivities between La and Lu come out several"
    " times too steep; the surface gfn2-m mends that"
)
IN_SERIES = (
    "labels are in series: each ligand is grafted on its scaffold's template and relaxed from there; no other conformer"
    " was searched for, and one may lie lower"
)
GBSA_WARNING = "geometries are relaxed with GBSA, all that xtb-python has: another model of water than ALPB"

#: Keys that came later, each with the value that means what was done before: with it a declaration is as it was then.
_LATER_KEYS = (
    ("space", "sample", None),
    ("space", "propose", None),
    ("surrogate", "batch_size", None),
    ("surrogate", "channels", "elements"),
    ("surrogate", "graft", None),
    ("theory", "geometry", "search"),
    ("theory", "confirm", None),
    ("budget", "stop", None),
    ("", "learn_from", "nothing"),
)

#: So many candidates are grafted for each that is chosen, at least.
_GRAFTED_PER_PICK = 10

#: A semi-empirical energy counts from atoms, not from electrons and nuclei, as the proton's does.
_PROTONS_APART = (
    "protons in water are on the scale of density functionals: with reference acid every energy of this level is off by"
    " the same amount for each proton of the ligand; compare within one charge only"
)

#: Figures of docs/validation/stability.md.
_CHARGES_TOGETHER = (
    "ligands of different charge stand in one ranking: constants come out too high by 2.5 log units at charge -1, by 2"
    " to 19 at -2 and more beyond, so that higher charges are preferred without reason; calibrated constants have the"
    " mean of that taken off"
)


@dataclass(frozen=True)
class Setup:
    """A campaign file with all it refers to resolved and checked."""

    file: CampaignFile
    source: Path
    workspace: Path
    space: Space
    rules: Rules
    goals: Goals
    level: Level
    surface: EnergySurface
    policy: Policy
    site: Path
    #: The ligands of its file, where it names one.
    ligands: LigandList | None = None
    #: What its lists name twice.
    repeated: tuple[str, ...] = ()
    #: What stands beside its candidates with measured constants.
    anchors: tuple[Anchor, ...] = ()

    @property
    def folder(self) -> Path:
        """Return the campaign's own folder."""
        return self.workspace / "runs" / self.file.name

    @property
    def reference(self) -> str:
        """Return how a command that is given in the workspace names the campaign."""
        if is_shipped("campaigns", self.source):
            return self.source.stem
        workspace = self.workspace.resolve()
        inside = self.source.is_relative_to(workspace)
        return f"./{self.source.relative_to(workspace)}" if inside else str(self.source)

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
    def at_ph(self) -> FreeLigandAtPH | None:
        """Return how free ligands are counted at the pH of the campaign, None where there is none."""
        said = self.file.theory.conditional
        return None if said is None else FreeLigandAtPH(said.pH, self.ligands.pka if self.ligands else {})

    @cached_property
    def organic_level(self) -> Level | None:
        """Return the level in the second solvent of the campaign, None where it has none."""
        solvent = self.file.theory.organic
        return None if solvent is None else in_solvent(self.level, solvent)

    @property
    def fakes(self) -> tuple[str, ...]:
        """Return a sentence for everything in this campaign that is invented."""
        found = []
        if self.level.is_fake:
            found.append("energies are INVENTED by the teacher oracle: they mean nothing outside this rehearsal")
        if self.file.theory.sketch:
            found.append("geometries are SKETCHES placed without any energy")
        if self.level.is_fake and self.file.theory.relax:
            found.append("finalists are RELAXED ON THE INVENTED ENERGY, by no density functional")
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a reader of the numbers has to know."""
        comparison = comparison_warning(self.level, [m.symbol for m in self.space.metals])
        building = (find_builder(name).caution for name in self.file.theory.starts)
        gbsa = GBSA_WARNING if self.surface.engine == "xtb-python" else ""
        short = SHORT_DISTANCES if not self.surface.is_corrected and self.surface.engine else ""
        acids = _PROTONS_APART if self.file.theory.reference == "acid" and not self.level.is_density_functional else ""
        series = IN_SERIES if self.file.theory.geometry == "series" else ""
        beside = (*self.repeated, *crowded(self.space))
        charges = _CHARGES_TOGETHER if self.goals.needs_ph else ""
        told = (self.level.caution, comparison, *building, gbsa, short, acids, series)
        told = (*told, self._charged_in_organic, charges, *beside)
        return tuple(sentence for sentence in told if sentence)

    @property
    def _charged_in_organic(self) -> str:
        """Return the sentence about charged complexes that are taken out of water; empty where there is none."""
        solvent = self.file.theory.organic
        charges = sorted(
            {coordination.charge(s.charge) for s in self.space.scaffolds for coordination in self.space.coordinations}
        )
        charged = ", ".join(f"{charge:+d}" for charge in charges if charge)
        if solvent is None or not charged:
            return ""
        told = f"complexes of charge {charged} are taken into {solvent} without counter-ions"
        return f"{told}: ion pairs are not modelled, and in a solvent that is not polar their number means little"

    def resolved(self) -> dict[str, Any]:
        """Return the campaign file with its policy and level written out, as the ledger keeps it."""
        said = {"constraints": self.rules.say(), "objective": self.goals.say()}
        declared = self.file.model_dump(mode="json") | said
        declared["space"]["metals"] = [metal.symbol for metal in SERIES if metal in self.space.metals]
        declared["space"]["coordinations"] = [written_coordination(c) for c in declared["space"]["coordinations"]]
        for part, key, before in _LATER_KEYS:
            where = declared[part] if part else declared
            if where[key] == before:
                del where[key]
        if self.ligands is None:
            # As it was before there were ligand files.
            del declared["space"]["ligands"]
        else:
            declared["space"]["ligands"] = _digest(self.ligands, self.rules, self.file)
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
        if is_shipped("parsl_configs", site):
            moved.check_cards(moved.parsl_config())
        return moved

    def check_site(self) -> None:
        """Raise `InputError` when site file and options do not fit; only a site that we ship is run for that."""
        from reexplore.execution.sites import check_site

        if is_shipped("parsl_configs", self.site):
            self.parsl_config()
        else:
            check_site(self.site, options=self.file.execution.options)

    def check_cards(self, config: Config) -> None:
        """Raise `InputError` when labels are to be computed on cards that no program of ours computes them on."""
        from reexplore.execution.cards import require_nvidia

        if self.file.execution.device == "cuda" and self.level.is_density_functional:
            with of_key("execution.device"):
                require_nvidia(config)

    def parsl_config(self) -> Config:
        """Run the site file and return the Parsl configuration it makes."""
        from reexplore.execution.sites import load_site

        return load_site(self.site, run_dir=self.folder / "parsl", options=self.file.execution.options)

    def ready_config(self) -> Config:
        """Return the Parsl configuration with its folder made, under a name that no shell obeys: to submit with."""
        from reexplore.execution.run_folder import plainly_named
        from reexplore.execution.sites import load_site

        # Before its folder is made.
        self.check_cards(self.parsl_config())
        return load_site(self.site, run_dir=plainly_named(self.folder / "parsl"), options=self.file.execution.options)


def prepare(reference: str, *, workspace: Path, allow_outside: bool = False) -> Setup:
    """Read and check a campaign; raise `InputError` or `MissingEngineError` with the first problem.

    What the file names has to lie in the workspace, beside the file or in the package, unless `allow_outside`.
    """
    source = resolve("campaigns", reference)
    file, declared = _campaign_file(source, workspace)
    has_begun = declared is not None
    own = _own_levels(file.theory)
    level = _level(file.theory, own)
    _require_surrogate(file)
    goals = declared_goals(file, level)
    surface = declared_surface(file.theory)
    tables = anchor_files(file.anchors, beside=source.parent)
    given = None
    if file.space.ligands is not None:
        with of_key("space.ligands"):
            given = read_source(file.space.ligands, beside=source.parent)
    if not allow_outside:
        _require_inside(
            source,
            workspace.resolve(),
            tables | ({"space.ligands": given.path} if isinstance(given, LigandFile) else {}),
        )
    folder = workspace.resolve() / "runs" / file.name
    symbols, copy = metal_symbols(file.space, goals), folder / COPY if has_begun else None
    listed = listed_ligands(given, file, symbols, surface, copy=copy) if given is not None else None
    space, repeated = declared_space(file.space, goals, listed.scaffolds if listed else (), seed=file.seed)
    rules = bound_rules(read_constraints(file.constraints), listed)
    if listed and declared is not None:
        require_same(declared, _digest(listed, rules, file), title=listed.table.title, folder=folder)
    if goals.learns_gap:
        require_magnets(file, space)
    if not has_begun:
        _require_new(file, space, rules, goals)
    metals = [metal.symbol for metal in space.metals]
    with of_key("theory.level"):
        require_support(level, metals)
    if not file.theory.sketch:
        with of_key("theory.surface"):
            surface.require([TEMPLATE_METAL.symbol, *metals], donor_elements(space))
    with of_key("policy"):
        policy = added_policies().get(file.policy) or resolve("policies", file.policy, beside=source.parent)
    with of_key("execution.parsl"):
        site = resolve("parsl_configs", file.execution.parsl, beside=source.parent)
    if not allow_outside:
        # Before any of them is read; a site is even run.
        named: dict[str, str | Path] = {"execution.parsl": site, "tracking.store": file.tracking.store}
        named |= {"policy": policy} if isinstance(policy, Path) else {}
        _require_inside(source, workspace.resolve(), named)
    setup = Setup(
        file=file,
        source=source,
        workspace=workspace.resolve(),
        space=space,
        rules=rules,
        level=level,
        surface=surface,
        policy=weighing(goals, load_policy(policy)),
        site=site,
        goals=goals,
        ligands=listed,
        repeated=repeated,
        anchors=declared_anchors(file.anchors, tables),
    )
    require_engines(level, surface, file.theory)
    with of_key("theory.relax"):
        require_relaxable(file.theory, level, space.metals)
    if level.based_on:
        # A shipped level has its parts for every element the library allows.
        with of_key("theory.level"):
            require_parts(level, elements(space) | _of_references(file.theory))
    _check_execution(setup)
    return setup


def _require_new(file: CampaignFile, space: Space, rules: Rules, goals: Goals) -> None:
    """Raise `InputError` for a space in which nothing can be searched, or from which nothing can be proposed.

    It costs a second, for a score or a scaffold of one's own, and what has begun goes on.
    """
    require_some(space, rules)
    require_protons(space, file.theory)
    if file.space.propose is not None:
        with of_key("space.propose"):
            require_proposable(file.space.propose, space, goals)
    require_buildable(space, [scaffold.name for scaffold in space.scaffolds if scaffold.source == CAMPAIGN_FILE])


def _require_surrogate(file: CampaignFile) -> None:
    """Raise `InputError` for a model that is unknown or cannot be loaded, or that has no use for some geometries."""
    with of_key("surrogate.model"):
        kind, _ = SURROGATES.find(file.surrogate.model)
    graft, fewest = file.surrogate.graft, _GRAFTED_PER_PICK * file.budget.batch
    if graft is None:
        return
    with of_key("surrogate.graft"):
        if seen_by(kind) != "both":
            name = file.surrogate.model
            raise InputError(
                f"the model '{name}' takes a geometry of all candidates, or of none: graft goes with stack"
            )
        if graft < fewest:
            raise InputError(f"{graft} is too few to choose {file.budget.batch} among: graft {fewest} at least")


def _digest(listed: LigandList, rules: Rules, file: CampaignFile) -> str:
    return listed.digest(rules.values, with_pka=file.theory.conditional is not None)


def _of_references(theory: TheoryEntry) -> frozenset[str]:
    """Return the elements of the acids that pKa are counted from, where they may be."""
    at_ph = theory.conditional
    return REFERENCE_ELEMENTS if at_ph is not None and at_ph.pka == "computed" else frozenset()


def _check_execution(setup: Setup) -> None:
    """Raise `InputError` when a campaign cannot run where its file says."""
    shipped = is_shipped("parsl_configs", setup.site)
    # A site that we ship is sound, so that its options are to blame.
    with of_key("execution.options" if shipped else "execution"):
        setup.check_site()
    if shipped:
        setup.check_cards(setup.parsl_config())


def _require_inside(source: Path, workspace: Path, named: Mapping[str, str | Path]) -> None:
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


def _campaign_file(source: Path, workspace: Path) -> tuple[CampaignFile, dict[str, Any] | None]:
    """Return a campaign file and the declaration of its campaign, None before it has begun.

    What the file leaves open is then as it was begun.
    """
    data = read_campaign(source)
    file = parse(CampaignFile, data, source)
    declared = declaration(workspace / "runs" / file.name / "ledger.sqlite")
    if declared is None:
        return file, None
    return parse(CampaignFile, as_begun(data, declared), source), declared


def known_levels(campaign: str | None = None) -> dict[str, Level]:
    """Return the shipped levels and those a campaign file declares, by name."""
    own = _own_levels(load_campaign_file(resolve("campaigns", campaign)).theory) if campaign else {}
    return LEVELS | own


def known_level(name: str, campaign: str | None = None) -> Level:
    """Return a shipped level or one a campaign file declares; raise `InputError` with the nearest match."""
    known = known_levels(campaign)
    return known[name] if name in known else find_level(name, also=tuple(known))


def _level(theory: TheoryEntry, own: dict[str, Level]) -> Level:
    """Return the level that a campaign labels at; `own` are those that its file declares."""
    with of_key("theory.level"):
        level = own[theory.level] if theory.level in own else find_level(theory.level, also=tuple(own))
    if theory.core_potentials == 1:
        level = level.as_distributed()
    if theory.sketch and not level.is_fake:
        raise InputError(
            f"the builder 'sketch' goes with level 'teacher' only, not '{level.name}': DFT on a sketch would mean"
            " nothing; take another of the builders",
            key="theory.level",
        )
    return level


def _own_levels(theory: TheoryEntry) -> dict[str, Level]:
    """Return the levels a campaign declares; every one has to be sound, whichever is asked for."""
    levels = {}
    for number, entry in enumerate(theory.levels):
        with of_key(f"theory.levels.{number}"):
            levels[entry.name] = own_level(entry.name, based_on=entry.based_on, summary=entry.summary, **entry.changes)
    return levels
