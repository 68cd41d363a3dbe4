"""The loader of a registered ensemble: MLflow hands it the folder that a campaign has written, and asks it as a table.

Binding energies of ligands given by their SMILES, each with a metal: `mlflow.pyfunc.load_model(…).predict(table)`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from reexplore.campaign.results.registered_model import DESCRIPTION, SCREENING, STORE
from reexplore.campaign.steps.screening import Part, Screening
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.complexes import single_candidate
from reexplore.chemistry.families import Family
from reexplore.chemistry.library import Scaffold
from reexplore.chemistry.ligand_input import SingleLigand
from reexplore.chemistry.members import Members
from reexplore.chemistry.metals import find_metal
from reexplore.errors import InputError
from reexplore.execution.kinds import FORECAST_FILE
from reexplore.execution.recipes import Grafts, Prediction
from reexplore.execution.store import Store
from reexplore.execution.worker_functions import Context, predict
from reexplore.surrogate.base import seen_by
from reexplore.surrogate.calibration import Calibration
from reexplore.surrogate.forecast import Forecast
from reexplore.surrogate.known import SURROGATES
from reexplore.tracking.model_records import ANSWERED, ASKED
from reexplore.workbench.given_ligand import GivenLigand

#: Of a ligand outside of the space, for a model that sees geometries.
NO_GEOMETRY = (
    "not in the space of the campaign, and the model sees geometries: `reexplore.Campaign(file).predict` builds one"
)


def _load_pyfunc(path: str) -> RegisteredModel:  # MLflow looks for this name
    return RegisteredModel(Path(path))


class RegisteredModel:
    """An ensemble with its calibration and the screening geometries of its campaign's space.

    A ligand of the space is grafted on its scaffold's template and predicted, as the campaign does it. Of any other a
    model that sees ligands says what it expects without a geometry; one that needs geometries says that there is none.
    """

    def __init__(self, folder: Path) -> None:
        self._said: Mapping[str, Any] = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        self._screening = Screening.from_text((folder / SCREENING).read_text(encoding="utf-8"), Store(folder / STORE))
        kind, version = SURROGATES.find(self._said["surrogate"])
        SURROGATES.require_version(self._said["surrogate"], version, wanted=self._said["surrogate_version"])
        self._sees_ligands = seen_by(kind) != "geometry"
        self._calibration = Calibration(**self._said["calibration"])
        self._weights = folder / STORE

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return a row for each ligand, metal and coordination of the campaign, in the order asked.

        `model_input` has the columns `smiles` and `metal`. Energies are in kcal/mol; `sigma_kcal_mol` was set on the
        campaign's own labels. Where nothing is predicted `reason` says why.
        """
        del params
        table = pd.DataFrame(model_input)
        if missing := [column for column in ASKED if column not in table]:
            raise InputError(f"the table has no column {' and no column '.join(missing)}: give smiles and metal")
        pairs = table[list(ASKED)].astype(str).itertuples(index=False)
        rows = [row for smiles, metal in pairs for row in self._asked(smiles, metal)]
        found = self._predicted([row["candidate"] for row in rows if row["candidate"] is not None])
        for row in rows:
            candidate = row.pop("candidate")
            if candidate is not None:
                said = found[candidate.key]
                row.update({"reason": said} if isinstance(said, str) else zip(_NUMBERS, said, strict=True))
        names = [name for name, _ in ANSWERED]
        answer = pd.DataFrame(rows, columns=names).astype({"ligands": "Int64", "waters": "Int64"})
        return answer.astype(dict.fromkeys(_NUMBERS, "float64"))

    def _asked(self, smiles: str, metal: str) -> Iterator[dict[str, Any]]:
        row: dict[str, Any] = {"smiles": smiles, "metal": metal, "candidate": None, "reason": ""}
        given = GivenLigand.read(smiles)
        if metal not in self._said["metals"]:
            yield row | {"reason": f"the model has seen {', '.join(self._said['metals'])} only"}
            return
        if not given.options:
            yield row | {"reason": given.reason}
            return
        single = given.chosen(lambda one: any(self._is_own(each) for each in self._candidates(one, metal)))
        for candidate in self._candidates(single, metal):
            waters = None if candidate.waters_open else candidate.waters
            yield row | {"ligands": candidate.ligands, "waters": waters, "candidate": candidate}

    def _is_own(self, candidate: Candidate) -> bool:
        return candidate.key in self._screening.pool

    def _candidates(self, single: SingleLigand, metal: str) -> list[Candidate]:
        """Return the complexes of a ligand in every coordination of the campaign that it can have."""
        found: dict[str, Candidate] = {}
        for part in self._screening.parts:
            family = part.family
            try:
                candidate = single_candidate(
                    single.ligand,
                    metal=find_metal(metal),
                    ligands=family.ligands,
                    waters=None,
                    coordination_number=family.candidate(0, family.metals[0]).coordination_number,
                    co_ligands=family.co_ligands,
                )
            except InputError:
                continue
            candidate = replace(candidate, waters_open=family.waters_open)
            found.setdefault(candidate.key, candidate)
        return list(found.values())

    def _predicted(self, candidates: list[Candidate]) -> dict[str, tuple[float, float] | str]:
        """Return mean and error bar of each candidate by its key, or why it has none."""
        found: dict[str, tuple[float, float] | str] = {}
        own: dict[int, set[int]] = {}
        strangers: list[Candidate] = []
        for candidate in candidates:
            if self._is_own(candidate):
                number, row = self._screening.pool.place(candidate.key)
                part = self._screening.parts[number]
                failure = part.failure_of(row)
                if failure is not None and not self._sees_ligands:
                    found[candidate.key] = f"{failure.code.value}: {failure.message}"
                else:
                    own.setdefault(number, set()).add(row)
            elif self._sees_ligands:
                strangers.append(candidate)
            else:
                found[candidate.key] = NO_GEOMETRY
        asked = {candidate.key for candidate in candidates}
        of_space = (_some(self._screening.parts[number], rows) for number, rows in own.items())
        for some in (*of_space, *map(_alone, strangers)):
            found |= {key: said for key, said in self._forecast(some).items() if key in asked}
        return found

    def _forecast(self, grafted: Grafted) -> dict[str, tuple[float, float]]:
        """Let the members predict some ligands of a family by the function that workers of a campaign do it with."""
        family, template, contraction = grafted
        with TemporaryDirectory() as folder:
            here, store = Path(folder), Store(Path(folder) / STORE)
            for member in self._said["members"]:
                place = store.folder(member)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(Store(self._weights).folder(member).resolve(), target_is_directory=True)
            grafts = Grafts(store.put_text(family.to_text()), template, contraction)
            recipe = Prediction(grafts, tuple(self._said["members"]), self._said["surrogate"])
            predict(recipe.to_json(), Context(here, here, here, store, threads=1, memory_gb=1.0))
            table = Forecast.load(here / FORECAST_FILE)
        sigma = table.sigma(self._calibration)
        return {key: (float(table.mean[n]), float(sigma[n])) for n, key in enumerate(table.keys)}


_NUMBERS = ("predicted_kcal_mol", "sigma_kcal_mol")
#: Ligands, the template they are grafted on (none where they are predicted without), and its contraction.
Grafted = tuple[Family, str, int]


def _some(part: Part, rows: set[int]) -> Grafted:
    """Return some ligands of a part."""
    return part.family.without(set(range(len(part.family.members))) - rows), part.template, part.contraction


def _alone(candidate: Candidate) -> Grafted:
    """Return a ligand that is of no family, as a scaffold of its own."""
    ligand = candidate.ligand
    scaffold = Scaffold(ligand.scaffold, ligand.as_scaffold, ligand.charge, "", "", sites=0)
    family = Family(
        Members.of(scaffold, (), [ligand], [()]),
        (candidate.metal,),
        candidate.ligands,
        candidate.waters,
        candidate.co_ligands,
        candidate.waters_open,
    )
    return family, "", 1
