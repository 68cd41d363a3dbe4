"""Candidates as nested runs of MLflow, which people compare, chart and decide about: a decision is a tag of such a run.

The mirror writes the decision that holds into the tag `review` and notes what it wrote: what differs from that was
said by a person since.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from time import time
from typing import TYPE_CHECKING

from reexplore.errors import InputError
from reexplore.tracking.decisions import Decision, plain, verdict_of
from reexplore.tracking.exports import digest
from reexplore.tracking.ligand_drawings import ligand_svg
from reexplore.tracking.records import CampaignRecord, CandidateRow, ParityPoint, RoundRecord, Status

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

#: Tags that people set.
REVIEW, COMMENT = "review", "review_comment"
#: Tags by which candidates are found: the candidate's key, and that of its campaign.
CANDIDATE, CAMPAIGN = "reexplore.candidate", "reexplore.candidate_of"

_WRITTEN, _PROBLEM = "reexplore.review_written", "reexplore.review_problem"
_DIGEST, _FILES_DIGEST = "reexplore.digest", "reexplore.files_digest"
_PAGE = 1000
_GONE = "no longer among the top"
#: Unlabelled candidates that have a run, the first of every group before the second of any.
TOP = 20

#: What MLflow calls the states of a candidate.
_RUN_STATUS: dict[Status, str] = {
    "predicted": "SCHEDULED",
    "selected": "RUNNING",
    "labelled": "FINISHED",
    "failed": "FAILED",
    "excluded": "KILLED",
    "rejected": "KILLED",
}


@dataclass(frozen=True)
class TagsRead:
    """What people said in tags: decisions, and a sentence for each tag that is not understood."""

    decisions: tuple[Decision, ...] = ()
    not_understood: tuple[str, ...] = ()


def worth_a_run(record: CampaignRecord, *, top: int = TOP) -> list[CandidateRow]:
    """Return the candidates that have a run: labelled, among the `top`, or decided about one by one."""
    ahead = [row for row in record.rows if row.rank is not None and row.dft_kcal_mol is None]
    best = {row.key for row in sorted(ahead, key=lambda row: row.rank or 0)[:top]}
    return [
        row
        for row in record.rows
        if row.dft_kcal_mol is not None or row.key in best or any(each.candidate for each in row.decisions)
    ]


class CandidateRuns:
    """The runs of one campaign's candidates in one experiment of an open store."""

    def __init__(self, client: MlflowClient, experiment: str, campaign: str) -> None:
        self._client, self._experiment, self._campaign = client, experiment, campaign

    @cached_property
    def _runs(self) -> list[Run]:
        """Return them, the oldest first."""
        found: list[Run] = []
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment],
                f"tags.`{CAMPAIGN}` = '{self._campaign}'",
                max_results=_PAGE,
                order_by=["attribute.start_time ASC"],
                page_token=token,
            )
            found += page
            if not (token := page.token):
                return found

    def read(self) -> TagsRead:
        """Return what people said since the mirror wrote; a tag that is not understood is answered on its run."""
        decisions, sentences = [], []
        for run in self._runs:
            problem = ""
            try:
                decision = _said_on(run)
            except InputError as error:
                name = plain(run.info.run_name, longest=80)
                problem = f"the tag {REVIEW} of the MLflow run '{name}' is not understood: {error}"
                sentences.append(problem)
            else:
                decisions += [decision] if decision else []
            if run.data.tags.get(_PROBLEM, "") != problem:
                self._client.set_tag(run.info.run_id, _PROBLEM, problem)
        return TagsRead(tuple(decisions), tuple(sentences))

    def send(self, record: CampaignRecord, parent_id: str) -> None:
        """Make the runs hold the record's candidates; what they hold already is not sent again."""
        known: dict[str, Run] = {}
        for run in self._runs:
            known.setdefault(run.data.tags[CANDIDATE], run)
        before = {point.key: point for round_ in record.rounds for point in round_.parity if point.before_labelling}
        shown = worth_a_run(record)
        for row in shown:
            run = known.pop(row.key, None) or self._new(record, row, parent_id)
            self._send(run, record, row, before.get(row.key))
        for run in known.values():
            if run.data.tags.get("status") != _GONE:
                self._client.set_tag(run.info.run_id, "status", _GONE)
                self._client.set_tag(run.info.run_id, _DIGEST, "")

    def _new(self, record: CampaignRecord, row: CandidateRow, parent_id: str) -> Run:
        tags = {CANDIDATE: row.key, CAMPAIGN: record.key, "mlflow.parentRunId": parent_id}
        tags |= {"reexplore.key": f"{record.key}/candidate/{row.key}"}
        return self._client.create_run(
            self._experiment, start_time=record.started_at_ms, tags=tags, run_name=plain(row.name, longest=200)
        )

    def _send(self, run: Run, record: CampaignRecord, row: CandidateRow, before: ParityPoint | None) -> None:
        from mlflow.entities import Metric, Param, RunTag

        run_id, had = run.info.run_id, run.data.tags
        files = digest(row.geometry_xyz, row.smiles)
        metrics, tags = _metrics(row, before), _tags(row, had, identities=_identities(row, run))
        state = digest(metrics, tags, row.status, files)
        if had.get(_DIGEST) == state:
            return
        if had.get(_FILES_DIGEST) != files:
            for name, text in _files(row):
                self._client.log_text(run_id, text, name)
        gone = {name: float("nan") for name in run.data.metrics.keys() - metrics.keys()}
        step, at_ms = _newest(record)
        tags |= {_FILES_DIGEST: files, _DIGEST: state}
        status, ended = _RUN_STATUS[row.status], _ended_ms(record.rounds, row) or record.started_at_ms
        if status in ("SCHEDULED", "RUNNING"):
            if run.info.status != status:
                self._client.update_run(run_id, status=status)
        elif (run.info.status, run.info.end_time) != (status, ended):
            self._client.set_terminated(run_id, status=status, end_time=ended)
        # Last, and with the digest: whatever is interrupted before is sent again.
        self._client.log_batch(
            run_id,
            metrics=[Metric(name, value, at_ms, step) for name, value in (metrics | gone).items()],
            params=[Param(name, value) for name, value in _params(record, row).items()] if not run.data.params else [],
            tags=[RunTag(name, value) for name, value in tags.items()],
        )


def _params(record: CampaignRecord, row: CandidateRow) -> dict[str, str]:
    """Return what never changes of a candidate."""
    found = {"smiles": row.smiles, "ligand": row.ligand, "metal": row.metal, "ligands": str(row.ligands)}
    found |= {"charge": f"{row.charge:+d}", "co_ligands": row.co_ligands, "level": record.level.split(":")[0]}
    return {name: plain(value, longest=6000) for name, value in found.items() if value}


def _metrics(row: CandidateRow, before: ParityPoint | None) -> dict[str, float]:
    """Return its numbers; of a labelled candidate the prediction is the one made before its label was known."""
    predicted, sigma = row.predicted_kcal_mol, row.sigma_kcal_mol
    if row.dft_kcal_mol is not None:
        predicted, sigma = (before.predicted_kcal_mol, before.sigma_kcal_mol) if before else (None, None)
    found = {
        "rank": row.rank,
        "label_kcal_mol": row.dft_kcal_mol,
        "label_error_kcal_mol": row.dft_error_kcal_mol,
        "exchange_kcal_mol": row.exchange_kcal_mol,
        "predicted_kcal_mol": predicted,
        "sigma_kcal_mol": sigma,
        "computed_log_k": row.computed_log_k,
        "calibrated_log_k": row.calibrated_log_k,
    }
    return {name: float(value) for name, value in found.items() if value is not None}


def _tags(row: CandidateRow, had: dict[str, str], *, identities: tuple[str | None, set[str]]) -> dict[str, str]:
    """Return what may change of it; what a person has said on its run since is left for the next reading."""
    chosen = "" if row.round is None else f"{row.round}, {row.role}" if row.role else str(row.round)
    found = {"group": row.group, "status": row.verdict, "round": chosen, "warnings": "; ".join(row.warnings)}
    found |= {"reason": row.reason}
    decision = row.decision
    unread, read = identities
    if row.decisions and (unread is None or unread in read):
        verdict, comment = (decision.verdict, decision.comment) if decision else ("", "")
        found |= {REVIEW: verdict, COMMENT: comment, "reexplore.reviewed": row.decisions[-1].said}
        found |= {_WRITTEN: "|".join((row.decisions[-1].identity, _fingerprint(verdict), _fingerprint(comment)))}
    # Tags that MLflow has and that are empty now are emptied; others are not made.
    return {name: plain(value, longest=6000) for name, value in found.items() if value or name in had}


def _identities(row: CandidateRow, run: Run) -> tuple[str | None, set[str]]:
    """Return the identity of what a person says on the run, and those of all decisions about the candidate."""
    try:
        said = _said_on(run)
    except InputError:
        # It stays there until the person has mended it.
        return "not understood", set()
    return (said.identity if said else None), {decision.identity for decision in row.decisions}


def _said_on(run: Run) -> Decision | None:
    """Return what a person said in the tags of a run since the mirror wrote; raise `InputError` for an unknown word.

    Of the names of tags case, blanks, hyphens and underscores do not count. A comment that stood there before belongs
    to the decision before.
    """
    tags = {re.sub(r"[\s_-]+", "", name).casefold(): value for name, value in run.data.tags.items()}
    said = tags.get(REVIEW, "").strip()
    if not said:
        return None
    verdict, comment = verdict_of(said), plain(tags.get(COMMENT.replace("_", ""), ""))
    written = run.data.tags.get(_WRITTEN, "")
    _, verdict_before, comment_before = written.split("|") if written.count("|") == 2 else ("", "", "")
    same_comment = _fingerprint(comment) == comment_before
    if _fingerprint(verdict) == verdict_before:
        if same_comment:
            return None
    elif same_comment:
        comment = ""
    identity = _fingerprint("\n".join((run.info.run_id, verdict, comment, written)))
    key = run.data.tags[CANDIDATE]
    return Decision(identity, time(), "somebody in MLflow", "MLflow", verdict, comment, candidate=key)


def _fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _files(row: CandidateRow) -> Iterator[tuple[str, str]]:
    if row.geometry_xyz:
        yield "structure.xyz", row.geometry_xyz
    if drawing := ligand_svg(row.smiles):
        yield "ligand.svg", drawing


def _newest(record: CampaignRecord) -> tuple[int, int]:
    """Return number and end (epoch ms) of the last closed round, which numbers of candidates are as of."""
    closed = [(each.number, each.finished_at_ms) for each in record.rounds if each.finished_at_ms is not None]
    return max(closed, default=(0, record.started_at_ms))


def _ended_ms(rounds: Iterable[RoundRecord], row: CandidateRow) -> int | None:
    return next((each.finished_at_ms or each.started_at_ms for each in rounds if each.number == row.round), None)
