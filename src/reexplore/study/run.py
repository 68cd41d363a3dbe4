"""All fits of a study, those that are not done yet, and what they came to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from reexplore.campaign.running.lock import sole_driver
from reexplore.campaign.running.progress import Narrator
from reexplore.execution.side_by_side import side_by_side
from reexplore.study.fit import Fit, read_fit, run_fit, sample_digest
from reexplore.study.gfn2 import Gfn2Energies, gfn2_file, keep_gfn2, read_gfn2
from reexplore.study.measures import measured
from reexplore.study.question import Asked, Question
from reexplore.tracking.study_record import Predicted, StudyRecord, StudyRow

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Studied:
    """A study that is done: its record, and every prediction by the row that it belongs to."""

    record: StudyRecord
    predictions: tuple[tuple[StudyRow, tuple[Predicted, ...]], ...]


def study(asked: Asked, folder: Path, *, workers: int, narrator: Narrator) -> Studied:
    """Make the fits of a study that are not there yet in `folder`, and return what all came to.

    Killed anywhere, the same call goes on: energies and fits are kept one by one, by all that decides them, so that
    more models, strategies, splits or seeds use what is there. Raises `InputError` before anything runs,
    `CampaignBusyError` when another process works in the folder, and `ExecutionError` when a process is lost.
    """
    question = Question.of(asked)
    with sole_driver(folder, say=narrator.say):
        gfn2: dict[str, Gfn2Energies] = {}
        if question.needs_gfn2:
            gfn2 = _gfn2(question, folder / "gfn2", workers=workers, narrator=narrator)
            if failed := {key: found.failure for key, found in gfn2.items() if found.failure}:
                question = question.without(failed)
        fits, left_out = question.fits(gfn2)
        for sentence in (*question.notes, *left_out):
            narrator.say(f"note: {sentence}")
        files = _files(fits, folder / "fits")
        jobs = {fit: (fit, path) for fit, path in files.items() if not path.is_file()}
        with narrator.stage("fits", len(jobs)) as bar:
            for fit in _done(run_fit, jobs, workers=workers):
                bar.advance(fit.name)
        return _studied(question, files, left_out)


def _gfn2(question: Question, folder: Path, *, workers: int, narrator: Narrator) -> dict[str, Gfn2Energies]:
    """Return the energies of GFN2-xTB of every complex by its key."""
    folder.mkdir(parents=True, exist_ok=True)
    geometries, traits = question.pool.geometries, question.pool.traits
    files = {key: gfn2_file(folder, geometries[key], each.group) for key, each in traits.items()}
    jobs = {key: (geometries[key], traits[key].group, path) for key, path in files.items() if not path.is_file()}
    with narrator.stage("GFN2-xTB", len(jobs)) as bar:
        for _ in _done(keep_gfn2, jobs, workers=workers):
            bar.advance("")
    return {key: read_gfn2(path) for key, path in files.items()}


def _done(function: Callable[..., None], jobs: Mapping[K, tuple[Any, ...]], *, workers: int) -> Iterator[K]:
    """Do all jobs and yield each when it is done."""
    if workers == 1:
        for job, arguments in jobs.items():
            function(*arguments)
            yield job
    elif jobs:
        yield from (job for job, _ in side_by_side(function, jobs, workers=workers, of="the study"))


def _files(fits: Sequence[Fit], folder: Path) -> dict[Fit, Path]:
    """Return where each fit is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    digests: dict[str, dict[str, str]] = {}
    found = {}
    for fit in fits:
        mine = digests.setdefault(fit.model.name, {})
        places = fit.model.needs in ("geometry", "both")
        for sample in (*fit.known, *fit.tested):
            if sample.key not in mine:
                mine[sample.key] = sample_digest(fit.model.view(sample), shows_places=places)
        found[fit] = folder / f"{fit.key(mine)}.json"
    return found


def _studied(question: Question, files: Mapping[Fit, Path], left_out: Sequence[str]) -> Studied:
    by_row: dict[tuple[str, str, str], list[Fit]] = {}
    for fit in files:
        by_row.setdefault((fit.model.name, fit.strategy, fit.part.split), []).append(fit)
    notes = [*question.notes, *left_out]
    predictions = []
    for (model, strategy, split), fits in by_row.items():
        said = {fit: read_fit(fit, files[fit]) for fit in fits}
        if failed := [f"{fit.part.name}: {found}" for fit, found in said.items() if isinstance(found, str)]:
            notes.append(f"{model} with {strategy} on {split} is left out: its training failed in {'; '.join(failed)}")
            continue
        rows = tuple(_predicted(question, said))
        known = round(sum(len(fit.known) for fit in fits) / len(fits))
        parts, ligands = tuple(fit.part.name for fit in fits), len({each.ligand for each in rows})
        predictions.append((StudyRow(model, strategy, split, parts, known, len(rows), ligands, measured(rows)), rows))
    record = StudyRecord(
        key=hashlib.sha256(json.dumps(sorted(path.stem for path in files.values())).encode()).hexdigest()[:16],
        file=question.asked.file.name,
        column=question.labels.column,
        candidates=len(question.pool),
        ligands=len({each.ligand for each in question.pool.traits.values()}),
        metals=len({each.group.metal for each in question.pool.traits.values()}),
        notes=tuple(notes),
        rows=tuple(row for row, _ in predictions),
    )
    return Studied(record, tuple(predictions))


def _predicted(question: Question, said: Mapping[Fit, dict[str, float] | str]) -> Iterator[Predicted]:
    """Yield what fits said of the label itself: what they were off in the target they are off in it."""
    for fit, found in said.items():
        assert not isinstance(found, str)
        for sample in fit.tested:
            label, target = question.labels.binding_kcal_mol[sample.key], sample.target_kcal_mol
            assert target is not None
            yield Predicted(
                key=sample.key,
                metal=sample.group.metal,
                ligand=" ".join(sample.ligand),
                group=fit.part.groups[sample.key],
                part=fit.part.name,
                label_kcal_mol=label,
                predicted_kcal_mol=label + found[sample.key] - target,
            )
