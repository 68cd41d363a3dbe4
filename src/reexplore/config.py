"""The campaign file: every key, what it may hold and what it is where it is left open."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator, model_validator

from reexplore.inputs.shown import shown
from reexplore.inputs.strict_models import PlainName, Sentence, Strict, matching, parse, read_mapping
from reexplore.structures.xtb.surfaces import DEFAULT, SURFACE_OF_ENGINE

#: A number of things a person may ask for; a thousand million is a slip of the key.
Positive = Annotated[int, Field(ge=1, le=10_000_000)]
Charge = Annotated[int, Field(ge=-99, le=99)]
_MOST_WATERS = 100
#: Names stand in tables, file formats and terminals: no quotes, brackets or spaces.
EntryName = Annotated[
    str, matching(r"[A-Za-z0-9][\w.,+()-]*", "a letter or digit, then letters, digits and _ . , + ( ) -", longest=100)
]
Smiles = Annotated[str, matching(r"[!-~]+", "a SMILES", longest=100_000)]
#: PySCF takes a path for a basis set's file, and runs what it finds there.
BasisName = Annotated[str, matching(r"[A-Za-z0-9][\w*+(),.@ -]*", "the name of a basis set, not a file", longest=80)]
FunctionalName = Annotated[
    str, matching(r"[\w*.+,() -]*[A-Za-z][\w*.+,() -]*", "the name of a functional", longest=200)
]
#: The sizes of Lebedev's grids on a sphere that are fine enough for a cavity.
CavityPoints = Literal[110, 146, 170, 194, 230, 266, 302, 350, 434, 590, 770, 974]


class ScaffoldEntry(Strict):
    """A scaffold of the user's own: SMILES with `[*:1]` sites and donors mapped 11, 12, ….

    `donors` may name several modes of binding, each with the donors that hold the metal in it.
    """

    #: Its name in tables and in candidates.
    name: EntryName
    #: The free ligand with `[*:1]`, `[*:2]`, … where substituents go and its donors mapped 11, 12, ….
    smiles: Smiles
    #: The charge of the free ligand, as it binds.
    charge: Charge
    #: A doubt that follows the ligand into every table, such as one about its protonation.
    warning: Sentence = ""
    #: Modes of binding by name, such as `{once: [11], twice: [11, 12]}`; each is a scaffold `NAME.MODE`.
    donors: dict[EntryName, Annotated[list[int], Field(min_length=1)]] = Field(default_factory=dict)


class SubstituentEntry(Strict):
    """A substituent of the user's own: SMILES with one `[*:1]`."""

    #: Its name in tables and in candidates.
    name: EntryName
    #: Its SMILES with one `[*:1]` where it is bound.
    smiles: Smiles
    #: Its charge; a charged group has to say so.
    charge: Charge = 0
    #: A doubt that follows the ligand into every table.
    warning: Sentence = ""


def _a_number_or_auto(said: Any) -> Any:
    """Return a number of waters, or that it is open."""
    if said is None or said == "auto" or (type(said) is int and 0 <= said <= _MOST_WATERS):
        return said
    raise ValueError(f"should be a whole number from 0 to {_MOST_WATERS}, or auto")


class CoordinationEntry(Strict):
    """How many ligands and co-ligands; of waters and coordination number each follows from the other.

    Where neither is given the number is 8, with `waters: auto` that of the lowest free energy. Co-ligands stand by name
    or SMILES, each with its number.
    """

    #: How many ligands hold the metal.
    ligands: Positive
    #: How many waters fill the rest; `auto` leaves the number open, for objectives of free energies.
    waters: Annotated[int | Literal["auto"] | None, BeforeValidator(_a_number_or_auto)] = None
    #: How many donors there are in all; 8 where `waters` is left out too.
    coordination_number: Positive | None = None
    #: Further ligands by name or SMILES with their numbers, such as `{nitrate: 3}`.
    co_ligands: dict[Smiles, Annotated[int, Field(ge=1, le=12)]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _a_number(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("waters") is None and data.get("coordination_number") is None:
            return data | {"coordination_number": 8}
        return data

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.waters == "auto" and self.coordination_number is not None:
            raise ValueError(
                "waters: auto leaves the coordination number open, but coordination_number is"
                f" {self.coordination_number}: keep one of them"
            )
        return self


def _a_path_or_a_source(said: Any) -> Any:
    """Return what `space.ligands` says: the path of a file, or one source of ligands with what it is given."""
    if said is None or isinstance(said, str) or (isinstance(said, dict) and [type(key) for key in said] == [str]):
        return said
    raise ValueError("give the path of a ligand file, or the name of one source with what it takes")


class GeneratorEntry(Strict):
    """The network that `decoded` and `trust_region` ask, trained before the first proposals."""

    #: Ligands of the enumerated family that it learns to write.
    strings: Annotated[int, Field(ge=100, le=100_000)] = 8000
    #: How often it goes through them.
    epochs: Annotated[int, Field(ge=1, le=1000)] = 20
    #: How often it goes through them again each round, with the labels there are then.
    refine_epochs: Annotated[int, Field(ge=0, le=1000)] = 1


class ProposeEntry(Strict):
    """New ligands of one donor that join the space at the end of each round, made from what the labels say."""

    #: Who proposes: `bred`, `decoded`, `trust_region`, `screened`, `random`.
    by: Literal["bred", "decoded", "trust_region", "screened", "random"]
    #: How many join each round, at most.
    each_round: Annotated[int, Field(ge=1, le=1000)]
    #: Classes of donors; `screened` and `random` take members of their enumerated family, the others anything beyond.
    classes: Annotated[list[str], Field(min_length=1)]
    #: The most heavy atoms that a ligand has.
    heavy_atoms: Annotated[int, Field(ge=1, le=25)] = 25
    #: What `decoded` and `trust_region` are trained with.
    generator: GeneratorEntry = Field(default_factory=GeneratorEntry)


class SpaceEntry(Strict):
    """What to search: scaffolds with substituents, the ligands of a file, or both."""

    #: A CSV file of ligands, one a row, or `{NAME: …}`: the source `enumerated`, or one of an installed package.
    ligands: Annotated[str | dict[str, Any] | None, BeforeValidator(_a_path_or_a_source)] = None
    #: Scaffolds by their name in the library, or your own; together with `substituents`.
    scaffolds: list[str | ScaffoldEntry] = Field(default_factory=list)
    #: Substituents by their name in the library, or your own; every site of a scaffold takes each.
    substituents: list[str | SubstituentEntry] = Field(default_factory=list)
    #: Symbols of rare earths, in any order. Left open where the objective names them.
    metals: list[str] = Field(default_factory=list)
    #: How many ligands and waters hold a metal; every scaffold is combined with each.
    coordinations: Annotated[list[CoordinationEntry], Field(min_length=1)]
    #: A space of more candidates than this is refused, with its arithmetic.
    limit: Positive = 20_000
    #: So many of the ligands that scaffolds and substituents make, drawn at random by the campaign's seed.
    sample: Positive | None = None
    #: Ligands that are proposed from what the labels say, and join the space at the end of each round.
    propose: ProposeEntry | None = None

    @model_validator(mode="after")
    def _a_source(self) -> Self:
        if not self.scaffolds and not self.substituents and self.ligands is None:
            raise ValueError("there is nothing to search: give scaffolds and substituents, ligands, or all three")
        for key, other in (("scaffolds", "substituents"), ("substituents", "scaffolds")):
            if not getattr(self, key) and getattr(self, other):
                raise ValueError(f"the key '{key}' is missing or empty beside {other}: give a list")
        if self.sample is not None and not self.scaffolds:
            raise ValueError("sample draws from scaffolds and substituents, and there are none: leave it out")
        return self


def with_surface(theory: dict[str, Any]) -> dict[str, Any]:
    """Return a file's `theory` with the surface it means by the older key `relaxation`, an engine of plain GFN2-xTB."""
    if "relaxation" not in theory:
        return theory
    engine = theory["relaxation"]
    if "surface" in theory:
        raise ValueError("relaxation is the older name of surface: keep one of them")
    if not isinstance(engine, str) or engine not in SURFACE_OF_ENGINE:
        known = ", ".join(SURFACE_OF_ENGINE)
        raise ValueError(f"relaxation should be one of {known}, not {shown(engine)}; it is now called surface")
    return {key: value for key, value in theory.items() if key != "relaxation"} | {"surface": SURFACE_OF_ENGINE[engine]}


Builder = Literal["architector", "placement", "crest", "sketch"]


SolventName = matching(r"[A-Za-z0-9][\w,.() -]*", "the name of a solvent", longest=80)


class LevelEntry(Strict):
    """A level of theory of the user's own: a shipped one with the choices named here instead of its own."""

    #: Its name, none of the shipped ones.
    name: EntryName
    #: The shipped level, a density functional, that all other choices are taken from.
    based_on: str
    #: A sentence for tables; without one they show the changes.
    summary: Sentence = ""
    #: A functional by its name in libxc; it needs `dispersion` beside it.
    functional: FunctionalName | None = None
    #: `d4:` and the functional whose parameters are taken.
    dispersion: Annotated[str, matching(r"d4:\S+", "d4: and a functional", longest=200)] | None = None
    #: A basis set that PySCF or basis-set-exchange has for every element of the ligands.
    ligand_basis: BasisName | None = None
    #: PySCF's integration grid; larger is finer.
    grid_level: Annotated[int, Field(ge=0, le=9)] | None = None
    #: By SMD's name, such as water, 1-octanol, toluene, n-dodecane; `none` is the gas phase.
    solvent: Annotated[str, SolventName] | None = None
    #: Of the metal's sphere in the cavity; SMD has 2.0 Å for every rare earth.
    metal_radius_angstrom: Annotated[float, Field(ge=1.0, le=3.5)] | None = None
    #: Points of each sphere of the solvent's cavity.
    cavity_points_per_sphere: CavityPoints | None = None
    #: The change of energy below which the field has converged.
    energy_tolerance_hartree: Annotated[float, Field(ge=1e-11, le=1e-4)] | None = None
    #: The orbital gradient below which the field has converged.
    gradient_tolerance: Annotated[float, Field(ge=1e-7, le=1e-2)] | None = None

    @model_validator(mode="after")
    def _dispersion_of_the_functional(self) -> Self:
        if self.functional is not None and self.dispersion is None:
            raise ValueError(
                f"a functional needs its own D4 parameters: give dispersion as well, such as d4:{self.functional}"
            )
        return self

    @property
    def changes(self) -> dict[str, Any]:
        """Return the choices that differ from those of the base, by the names of `Level`'s fields."""
        return self.model_dump(exclude={"name", "based_on", "summary"}, exclude_none=True)


class CorrectionEntry(Strict):
    """A repulsion between a metal and one kind of donor: `height_hartree` at `at_angstrom`, falling off from there."""

    #: The symbol of the metal.
    metal: str
    #: The kind of donor, such as `water`, `phenolate`, `carbonyl`.
    donor: str
    #: The repulsion at `at_angstrom`, from 0 to 0.2.
    height_hartree: float
    #: How fast it falls off with the distance, from 0.2 to 10.
    decay_per_bohr: float
    #: The distance at which it has its height, from 1.5 to 3.5.
    at_angstrom: float


class SurfaceEntry(Strict):
    """A surface of the user's own: gfn2-m with other numbers for some metals and donors."""

    #: Its name, none of the shipped ones.
    name: EntryName
    #: The pairs of metal and donor that get other numbers.
    corrections: Annotated[list[CorrectionEntry], Field(min_length=1)]


class ConditionalEntry(Strict):
    """Water in which free ligands hold protons: stability constants as they act there."""

    #: The pH at which free ligands are counted.
    pH: Annotated[float, Field(ge=-1, le=15)]  # noqa: N815 - as chemists write it
    #: Of ligands without any in their file: computed, or refused where only given ones count.
    pka: Literal["computed", "given"] = "computed"


class TheoryEntry(Strict):
    """How structures are built and energies computed."""

    #: The level of theory of every energy: `quick`, `standard`, `workstation`, `paper`, `gfn2`, or one of `levels`.
    level: str = "standard"
    #: Levels of your own.
    levels: list[LevelEntry] = Field(default_factory=list)
    #: A second solvent, by SMD's name: what it costs to take a complex there from water.
    organic: Annotated[str, SolventName] | None = None
    #: The energy surface of every geometry: `gfn2-m`, `gfn2`, one of `surfaces`, or another package's.
    surface: str = DEFAULT
    #: Surfaces of your own.
    surfaces: list[SurfaceEntry] = Field(default_factory=list)
    #: Where starts of a search come from; `crest` goes on from the lowest, `sketch` is for rehearsals.
    builders: Annotated[list[Builder], Field(min_length=1)] = Field(default=["architector", "placement"])
    #: Structures that Architector builds for each template.
    architector_starts: Positive = 3
    #: Structures that our own placement of ligands makes for each template.
    placement_starts: Positive = 30
    #: Distinct minima from which the search for a template goes on to lower neighbours.
    refine: Positive = 5
    #: Of these, beside the lowest, how many each metal is tried from as well.
    other_conformers: Literal[0, 1, 2] = 2
    #: Whether a label's complex is searched for, or grafted on its scaffold's template and relaxed from there.
    geometry: Literal["search", "series"] = "search"
    #: After the last round the best so many of every ranking are labelled again on geometries that are searched for.
    confirm: Positive | None = None
    #: Conformers of each free ligand.
    ligand_conformers: Annotated[int, Field(ge=10, le=10_000)] = 10
    #: What the free ligand is counted from: as it binds, or as its neutral acid less protons in water.
    reference: Literal["anion", "acid"] = "anion"
    #: Free ligands counted at a pH, by the pKa in their file, or computed ones.
    conditional: ConditionalEntry | None = None
    #: `auto` is 8, and of free energies the lower of 8 and 9.
    aqua_waters: Literal[8, 9, "auto"] = "auto"
    #: The version of the checks of quality control: 1 is that of campaigns that began before there was a second.
    checks: Literal[1, 2] = 2
    #: The version of the order in which placement's structures are taken; 1 is older than the second.
    placement_order: Literal[1, 2] = 2
    #: The version of the force field that starts are settled with: 1 is that of xtb-python, which ends at Python 3.11.
    force_field: Literal[1, 2] = 2
    #: The version of the core potentials: 1 is as basis-set-exchange distributes them, Nd3+ with that of Nd2+.
    core_potentials: Literal[1, 2] = 2
    #: After the last round the best so many of every ranking are relaxed at the level and labelled again.
    relax: Literal["dft"] | None = None
    #: With `relax`: how many of every ranking.
    finalists: Positive = 5

    @model_validator(mode="before")
    @classmethod
    def _relaxation(cls, data: Any) -> Any:
        return with_surface(data) if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        for kind, entries in (("levels", self.levels), ("surfaces", self.surfaces)):
            names = [entry.name for entry in entries]
            if len(set(names)) < len(names):
                raise ValueError(f"two {kind} have the same name")
        return self

    @model_validator(mode="after")
    def _sketch_alone(self) -> Self:
        if self.sketch and self.builders != ["sketch"]:
            raise ValueError("builder 'sketch' stands alone: its geometries are no starts for a search")
        if self.builders == ["crest"]:
            raise ValueError("builder 'crest' goes on from what another has built: name one beside it")
        return self

    @model_validator(mode="after")
    def _finalists_of_a_relaxation(self) -> Self:
        if self.relax is None and "finalists" in self.model_fields_set:
            raise ValueError("finalists counts what relax relaxes: give relax: dft as well, or leave finalists out")
        return self

    @model_validator(mode="after")
    def _confirmed_of_a_series(self) -> Self:
        if self.confirm is not None and self.geometry == "search":
            raise ValueError("confirm searches for what a series has not: give geometry: series, or leave confirm out")
        if self.confirm is not None and self.relax is not None:
            raise ValueError("confirm and relax both label the best again, from other geometries: keep one of them")
        return self

    @property
    def starts(self) -> dict[str, int]:
        """Return how many structures each builder makes for a template; a sketch needs none."""
        counts = {"architector": self.architector_starts, "placement": self.placement_starts}
        return {name: counts[name] for name in self.builders if name in counts}

    @property
    def sketch(self) -> bool:
        """Return whether geometries are sketches, for rehearsals."""
        return "sketch" in self.builders


class SurrogateEntry(Strict):
    """The learned model and its declared uncertainty; `readout` and `batch_size` are Allegro's, `channels` the
    voxel network's, `gfn2_labels` what `tabular` and `stack` lean on."""

    #: `allegro`, `tabular`, `stack`, `composition`, `voxel`, or a model that an installed package announces.
    model: EntryName = "allegro"
    #: Members of the ensemble, each trained without its own part of the labels.
    members: Annotated[int, Field(ge=2, le=1000)] = 4
    #: `metal` reads the metal's atomic energy; `all` sums over all atoms, as published, ten times dearer.
    readout: Literal["metal", "all"] = "metal"
    #: Complexes a step of Allegro's training, 32 where it is left out; more of them fill a graphics card.
    batch_size: Annotated[int, Field(ge=1, le=100_000)] | None = None
    #: How the voxel network sees elements: a channel for each group, or a colour for each, as published.
    channels: Literal["elements", "rgb"] = "elements"
    #: The least error bar while labels are few; `tabular` and `stack` do not use it.
    uncertainty_floor_kcal_mol: Annotated[float, Field(gt=0, le=1e4)] = 5.0
    #: GFN2-xTB energies on screening geometries that `tabular` and `stack` lean on, computed once; 0 for none.
    gfn2_labels: Annotated[int, Field(ge=0, le=100_000)] = 1000
    #: With a model that takes geometries where there are some: each round so many candidates are grafted, and no more.
    graft: Positive | None = None

    @property
    def declared(self) -> dict[str, Any]:
        """Return what decides what a member becomes."""
        return self.model_dump(exclude={"graft"})


class SameBestEntry(Strict):
    """The `best` of every ranking have been the same for so many `rounds`."""

    #: How many of the best of each ranking.
    best: Positive = 5
    #: For how many rounds.
    rounds: Positive = 3


class StopEntry(Strict):
    """What ends a campaign before its labels are spent; the first rule that holds does."""

    #: Rounds in which no ranking's best label became better by more than the errors of both labels.
    no_improvement_rounds: Positive | None = None
    #: What the best free candidate is expected to improve by, in the unit of what is sought.
    expected_improvement_below: Annotated[float, Field(gt=0, le=1e6)] | None = None
    same_best: SameBestEntry | None = None

    @model_validator(mode="after")
    def _a_rule(self) -> Self:
        if not self.rules:
            raise ValueError(f"stop has no rule: give {', '.join(StopEntry.model_fields)}, or leave stop out")
        return self

    @property
    def rules(self) -> dict[str, Any]:
        """Return the rules that are declared, as JSON-ready values."""
        return self.model_dump(mode="json", exclude_none=True)


class BudgetEntry(Strict):
    """How many labels to buy, in what portions, the hours at which the campaign stops, and what ends it before."""

    #: Labels bought by design, before there is a model.
    seed_labels: Annotated[int, Field(ge=2, le=10_000_000)] = 4
    #: Labels of each round.
    batch: Positive = 4
    #: Labels in all; failures are replaced.
    labels: Positive = 12
    #: Once calculations have spent this many, no more are handed out.
    core_hours: Annotated[float, Field(gt=0, le=1e9)] | None = None
    #: The same for the time in which they have held a graphics card.
    gpu_hours: Annotated[float, Field(gt=0, le=1e9)] | None = None
    stop: StopEntry | None = None

    @model_validator(mode="after")
    def _seed_within_labels(self) -> Self:
        if self.seed_labels > self.labels:
            raise ValueError(
                f"seed_labels ({self.seed_labels}) is more than labels ({self.labels}): lower it or raise labels"
            )
        return self


Tries = Annotated[int, Field(ge=0, le=10)]
Factor = Annotated[float, Field(ge=1, le=10)]


class MoreMemory(Strict):
    """Further tries of what ran out of memory, each with `memory_factor` times as much as the one before."""

    #: How often it is tried again.
    tries: Tries = 2
    #: How many times as much memory each try gets as the one before.
    memory_factor: Factor = 2.0


class MoreTime(Strict):
    """Further tries of what ran out of time, each with `time_factor` times as much as the one before."""

    #: How often it is tried again.
    tries: Tries = 1
    #: How many times as much time each try gets as the one before.
    time_factor: Factor = 2.0


class SameAgain(Strict):
    """Further tries of what crashed, unchanged."""

    #: How often it is tried again.
    tries: Tries = 1


class EscalationEntry(Strict):
    """What a calculation gets that failed by its run alone: more memory, more time, or the same once more."""

    out_of_memory: MoreMemory = MoreMemory()
    timeout: MoreTime = MoreTime()
    crashed: SameAgain = SameAgain()


class ExecutionEntry(Strict):
    """Where to run: a file in `parsl_configs/` and the options its `make_config` takes; how often to try."""

    #: Where calculations run: `local`, `slurm`, another shipped site, or a Python file with `make_config`.
    parsl: str = "local"
    #: Arguments of that `make_config`, such as `{workers: 8}`.
    options: dict[str, Any] = Field(default_factory=dict)
    #: Where networks compute: a graphics card where there is one and it pays, the processor, or a card in any case.
    device: Literal["auto", "cpu", "cuda"] = "auto"
    escalation: EscalationEntry = EscalationEntry()


class TrackingEntry(Strict):
    """Where MLflow keeps its mirror: a folder, or the address of a tracking server."""

    #: The folder, or the address of an MLflow server without user and password.
    store: Annotated[str, matching(r"[^\x00-\x1f\x7f-\x9f]+", "a folder or an address", longest=1_000)] = "runs/_mlflow"

    @field_validator("store")
    @classmethod
    def _no_password(cls, store: str) -> str:
        # The address stands in ledger, page and logs, which are shared.
        if "@" in urlsplit(store).netloc:
            raise ValueError(
                "a tracking server's user and password do not stand in the address: set MLFLOW_TRACKING_USERNAME and"
                " MLFLOW_TRACKING_PASSWORD in the environment"
            )
        return store


def _goals(said: Any) -> Any:
    """Return the list of goals that `objective` says; a text names one of another package."""
    return [{"objective": said}] if isinstance(said, str) else said


def _tables(said: Any) -> Any:
    """Return the list of tables that `anchors` says; a text names one of them."""
    if isinstance(said, str | list):
        return [said] if isinstance(said, str) else said
    raise ValueError(f"give {SHIPPED_ANCHORS}, {NO_ANCHORS}, the path of a CSV file, or a list of these")


#: The anchors that come with the package, and that there are to be none.
SHIPPED_ANCHORS, NO_ANCHORS = "shipped", "none"
AnchorTable = Annotated[
    str,
    matching(r"[^\x00-\x1f\x7f-\x9f]+", f"{SHIPPED_ANCHORS}, {NO_ANCHORS} or the path of a CSV file", longest=1_000),
]
GoalEntry = Annotated[dict[EntryName, Any], Field(min_length=1, max_length=20)]
ConstraintEntry = Annotated[dict[EntryName, Any], Field(min_length=1, max_length=1)]


class CampaignFile(Strict):
    """One campaign, as its YAML file declares it."""

    #: Small letters, digits and hyphens; the campaign's folder is `runs/NAME`.
    name: PlainName
    #: A sentence for people.
    description: Sentence = ""
    space: SpaceEntry
    #: What ligands are chosen for, such as `[{property: selectivity, metals: [Lu, La]}]`, or the name of an objective
    #: that an installed package announces. Without one: each metal's binding energy.
    objective: Annotated[list[GoalEntry], Field(max_length=10), BeforeValidator(_goals)] = Field(default_factory=list)
    #: Which ligands are searched at all, such as `[{sa_score: {at_most: 4}}, {without: [S]}]`.
    constraints: Annotated[list[ConstraintEntry], Field(max_length=100)] = Field(default_factory=list)
    theory: TheoryEntry = TheoryEntry()
    surrogate: SurrogateEntry = SurrogateEntry()
    #: How a batch is chosen: `balanced`, `greedy`, `explore`, `ucb`, `thompson`, `diverse`, `random`, or a file of
    #: yours.
    policy: str = "balanced"
    #: `rounds`, or `asynchronous`: label, learn and choose side by side.
    steering: Literal["rounds", "asynchronous"] = "rounds"
    budget: BudgetEntry = BudgetEntry()
    #: Whose labels its models learn from beside the campaign's own: of a pool that comes with the package, or of the
    #: workspace's other campaigns.
    learn_from: Literal["shipped", "store", "nothing"] = "nothing"
    #: The seed of every choice that draws by chance.
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 2026
    execution: ExecutionEntry = ExecutionEntry()
    tracking: TrackingEntry = TrackingEntry()
    #: Ligands with measured constants that are shown beside the candidates; they decide nothing that is computed.
    #: `shipped`, `none`, the path of a CSV file, or a list of these.
    anchors: Annotated[list[AnchorTable], Field(min_length=1, max_length=20), BeforeValidator(_tables)] = Field(
        default=[SHIPPED_ANCHORS]
    )

    @model_validator(mode="after")
    def _anchors_once(self) -> Self:
        if len(set(self.anchors)) < len(self.anchors):
            raise ValueError("anchors names a table twice: keep one")
        if NO_ANCHORS in self.anchors and len(self.anchors) > 1:
            raise ValueError(f"anchors: {NO_ANCHORS} stands alone; name tables, or leave it out")
        return self

    @model_validator(mode="after")
    def _proposals_in_rounds(self) -> Self:
        if self.space.propose is not None and self.steering != "rounds":
            raise ValueError(
                "space.propose: ligands join at the end of a round, and steering: asynchronous has none: leave one out"
            )
        if self.space.propose is not None and self.theory.geometry == "series":
            raise ValueError(
                "space.propose: a proposed ligand has no scaffold to be grafted on: leave theory.geometry: series out"
            )
        return self

    @model_validator(mode="after")
    def _series_of_scaffolds(self) -> Self:
        # A searched geometry lies lower than a grafted one: listed ligands beside a series would win by that.
        if self.theory.geometry == "series" and self.space.ligands is not None:
            raise ValueError(
                "theory.geometry: series grafts substituents on scaffolds, and listed ligands (space.ligands) have"
                " none: leave geometry out to search for every label, or give the list a campaign of its own"
            )
        return self


def load_campaign_file(path: Path) -> CampaignFile:
    """Read and check a campaign file; raise `InputError` with the first thing that is wrong."""
    return parse(CampaignFile, read_campaign(path), path)


def read_campaign(path: Path) -> dict[str, Any]:
    """Return what a campaign file says; raise `InputError` when it is no YAML mapping."""
    return read_mapping(path, "campaign file", "`name`, `space`, …")
