"""What Python programs and notebooks use: a campaign as an object, single structures as functions.

Everything goes the way of the command line: the same checks, the same tasks, the same store. Nothing is printed unless
`progress` asks for it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console

from reexplore.campaign.declaration.setup import known_level, prepare
from reexplore.campaign.driver import drive, open_ledger
from reexplore.campaign.ledger.ledger import Ledger
from reexplore.campaign.results.plan import Plan, plan_campaign
from reexplore.campaign.results.report import labelled_extxyz
from reexplore.campaign.results.snapshot import campaign_record
from reexplore.campaign.results.status import Status, campaign_status
from reexplore.campaign.running.progress import Narrator
from reexplore.config import TheoryEntry
from reexplore.errors import InputError
from reexplore.inputs.strict_models import parse
from reexplore.structures.reading import structure_of_atoms
from reexplore.terminal import new_console
from reexplore.tracking.exports import CANDIDATE_COLUMNS, anchor_table, finalist_table, objective_table
from reexplore.tracking.records import CampaignRecord
from reexplore.workbench.asked_ligands import asked_ligands
from reexplore.workbench.complexes import Built, Workbench
from reexplore.workbench.energies import EnergyWorkbench, Labelled
from reexplore.workbench.pool_predictions import predict_from_pool as of_pool
from reexplore.workbench.predictions import Predicted
from reexplore.workbench.predictions import predict as of_campaign
from reexplore.workbench.request import Asked

if TYPE_CHECKING:
    from ase import Atoms


class Campaign:
    """A campaign by its file, the one that `reexplore campaign` runs; several may be open in one process.

    `file` is a path, or the name of a shipped campaign; `workspace` is the folder that holds `runs/`. Raises
    `InputError` or `MissingEngineError` with the first thing that is wrong.
    """

    def __init__(self, file: str | Path, *, workspace: str | Path = ".", allow_outside: bool = False) -> None:
        self._setup = prepare(str(file), workspace=Path(workspace), allow_outside=allow_outside)

    @property
    def name(self) -> str:
        """Return the name that its file gives it."""
        return self._setup.file.name

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a reader of its numbers has to know, invented parts first."""
        return (*self._setup.fakes, *self._setup.warnings)

    @property
    def folder(self) -> Path:
        """Return where its ledger and its report are."""
        return self._setup.folder

    def plan(self) -> Plan:
        """Return what it will cost; nothing is built."""
        return plan_campaign(self._setup)

    def run(self, *, progress: bool = False) -> Status:
        """Run it to its end, or go on where it stands, and return its status.

        Raises `Stopped` when a signal, a pause or spent core-hours end it before, `CampaignBusyError` when another
        process drives it and `ExecutionError` when the workers fail; the same call goes on.
        """
        drive(self._setup, narrator=Narrator(_console(progress)))
        return self.status()

    def status(self) -> Status:
        """Return where it stands; raise `InputError` when it has not been started."""
        with self._ledger() as ledger:
            return campaign_status(self._setup, ledger)

    def candidates(self) -> pd.DataFrame:
        """Return what `report/candidates.csv` has: labels, failures, what is left out, and the best predictions.

        Energies are in kcal/mol; `rank` counts within `group` only.
        """
        return pd.DataFrame([_cells(row) for row in self._record().rows], columns=list(CANDIDATE_COLUMNS))

    def labels(self) -> pd.DataFrame:
        """Return the labelled candidates with the energies of their terms in hartree, one column each."""
        rows = [row for row in self._record().rows if row.dft_kcal_mol is not None]
        terms = pd.DataFrame([row.terms_hartree or {} for row in rows]).add_suffix(" (hartree)")
        return pd.concat([pd.DataFrame([_cells(row) for row in rows], columns=list(CANDIDATE_COLUMNS)), terms], axis=1)

    def ligands(self) -> pd.DataFrame:
        """Return the ligands by the goals of the campaign's objective, as `report/objective.csv` has them, best first.

        Columns are named by property and unit. Without an objective the table is empty.
        """
        return pd.DataFrame(list(objective_table(self._record())))

    def finalists(self) -> pd.DataFrame:
        """Return the finalists before and after they were labelled again, as `report/finalists.csv` has them.

        Without `theory.relax` or `theory.confirm` in the file the table is empty.
        """
        return pd.DataFrame(list(finalist_table(self._record())))

    def anchors(self) -> pd.DataFrame:
        """Return measured anchors beside what was computed of them, as `report/anchors.csv` has them."""
        return pd.DataFrame(list(anchor_table(self._record())))

    def structures(self) -> list[Atoms]:
        """Return the labelled complexes as ASE atoms, their energies and doubts in `info`."""
        from ase.io import read

        rows = [row for row in self._record().rows if row.dft_kcal_mol is not None]
        return [read(io.StringIO(labelled_extxyz(row)), format="extxyz") for row in rows]

    def report(
        self,
        *,
        html: str | Path | None = None,
        pdf: str | Path | None = None,
        markdown: str | Path | None = None,
        top: int = 5,
    ) -> list[Path]:
        """Write the whole campaign as a document to the files that are given, and return them.

        Of each group it has the `top` strongest candidates. Raises `InputError` where a file has no folder to lie in.
        """
        from reexplore.campaign.results.written_report import write_report

        files = {"html": html, "pdf": pdf, "markdown": markdown}
        wanted = {kind: None if file is None else Path(file) for kind, file in files.items()}
        with self._ledger() as ledger:
            record = campaign_record(self._setup, ledger)
            return write_report(self._setup, ledger, record, top=top, files=wanted)

    def predict(
        self,
        ligands: Sequence[str | tuple[str, str]],
        *,
        metals: str | Sequence[str] | None = None,
        progress: bool = False,
    ) -> pd.DataFrame:
        """Return what the newest model says of ligands given as SMILES, in kcal/mol, for each coordination of the file.

        `ligands` are SMILES, each taken with all `metals` (by default the campaign's), or pairs of SMILES and metal.
        Donors carry the atom maps 11, 12, …; without them the best set is proposed, as `reexplore structures build`
        proposes it, and stands in the column `donors`. Where there is no prediction the column `reason` says why.

        A ligand of the campaign is answered from its forecast. Any other needs a structure first, minutes with real
        builders, which the store keeps. A model is as good as its labels: outside of its campaign's scaffolds it
        extrapolates, and its sigma, which was set on ligands it knows, is too small.

        Raises `InputError` when there is no model yet or a metal is none of the campaign's.
        """
        asked = list(_asked(ligands, metals, [metal.symbol for metal in self._setup.space.metals]))
        with self._ledger() as ledger:
            rows = of_campaign(self._setup, ledger, asked, console=_console(progress))
        return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(Predicted)])

    def _record(self) -> CampaignRecord:
        with self._ledger() as ledger:
            return campaign_record(self._setup, ledger)

    @contextmanager
    def _ledger(self) -> Iterator[Ledger]:
        with closing(open_ledger(self._setup)) as ledger:
            yield ledger

    def __repr__(self) -> str:
        return f"Campaign({str(self._setup.source)!r}): {self._setup.space.arithmetic()}"


def build(
    smiles: str | None = None,
    *,
    ligand: str | None = None,
    metal: str = "La",
    ligands: int = 1,
    waters: int | None = None,
    coordination_number: int | None = None,
    co_ligands: Mapping[str, int] | None = None,
    donors: str | None = None,
    seed: int = 2026,
    workspace: str | Path = ".",
    progress: bool = False,
    **theory: Any,
) -> Built:
    """Return the lowest structure of a complex and of its free ligand, as `reexplore structures build` finds them.

    The ligand is given by its SMILES, with donors named as there, or by its name in the library; `co_ligands` are
    numbers by name or SMILES, such as `{"nitrate": 3}`. `theory` takes the keys of `theory` in a campaign file. Raises
    `InputError` with the first thing that is wrong, `CalculationFailed` when no structure becomes the complex asked
    for.
    """
    asked = Asked(smiles, ligand, donors, metal, ligands, waters, coordination_number, co_ligands or {})
    single, candidate = asked.checked(command="reexplore.build(...)")
    chosen = parse(TheoryEntry, theory, Path("theory"))
    return Workbench(Path(workspace), theory=chosen, seed=seed, console=_console(progress)).build(single, candidate)


def label(
    atoms: Atoms,
    level: str = "standard",
    *,
    charge: int | None = None,
    unpaired: int | None = None,
    workspace: str | Path = ".",
    progress: bool = False,
) -> Labelled:
    """Return the energy of ASE atoms at a level of theory, as `reexplore label` computes it.

    The charge is `atoms.info['charge']` unless it is given; `unpaired` is 2S, by default what the level implies. Raises
    `InputError` for what the level cannot treat, `CalculationFailed` when memory, time or convergence fail it.
    """
    structure = structure_of_atoms(atoms, charge=charge)
    workbench = EnergyWorkbench(Path(workspace), level=known_level(level), console=_console(progress))
    return workbench.label(structure, unpaired=unpaired)


def predict(
    ligands: str | Path | Sequence[str],
    *,
    metals: str | Sequence[str] = (),
    pool: str | Path | None = None,
    property: str = "exchange_energy",
    donors: str | None = None,
    workspace: str | Path = ".",
    progress: bool = False,
) -> pd.DataFrame:
    """Return what a pool of labels says of ligands without any campaign, as `reexplore predict` does.

    `ligands` is a SMILES, several, or a CSV file. There is a row for each ligand and metal: `predicted`, and `low` and
    `high`, the ends of its 90 % interval, in kcal/mol; `outside` says what the model was not trained on, `reason` why
    there is no prediction. `pool` is a pool file, by default the one that comes with the package. Raises `InputError`
    where there is none.
    """
    several = [ligands] if isinstance(ligands, str | Path) else ligands
    asked = [each for said in several for each in asked_ligands(str(said), donors=donors)]
    answers = of_pool(
        asked,
        metals=[metals] if isinstance(metals, str) else metals,
        pool=None if pool is None else Path(pool),
        what=property,
        workspace=Path(workspace).resolve(),
        console=_console(progress),
    )
    return pd.DataFrame(list(answers.rows()))


def _asked(
    ligands: Sequence[str | tuple[str, str]], metals: str | Sequence[str] | None, usual: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield each SMILES with its metal; raise `InputError` for anything else."""
    with_each = usual if metals is None else [metals] if isinstance(metals, str) else metals
    for ligand in [ligands] if isinstance(ligands, str) else ligands:
        match ligand:
            case str():
                yield from ((ligand, metal) for metal in with_each)
            case (str() as smiles, str() as metal) if metals is None:
                yield smiles, metal
            case _:
                remedy = "give SMILES, with metals= or without, or pairs of SMILES and metal without metals="
                raise InputError(f"predict: {ligand!r} is not understood: {remedy}")


def _cells(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in CANDIDATE_COLUMNS}


def _console(progress: bool) -> Console:
    return new_console() if progress else Console(quiet=True)
