"""MLflow as a mirror of the ledger: it may be down or deleted, and is sent again at any time.

One parent run stands for a campaign, with a nested run for each of its rounds and for each candidate
worth one. Runs are found by the tag `reexplore.key`; metrics carry the times of the ledger, so that what
was sent before is not logged twice. No module but this one, `candidate_runs`,
`label_datasets` and `model_registry` imports MLflow.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from reexplore.execution.run_folder import plainly_named
from reexplore.tracking.backtest_record import BacktestRecord
from reexplore.tracking.candidate_runs import CAMPAIGN, CandidateRuns, TagsRead
from reexplore.tracking.exports import (
    allowed_name,
    curves,
    digest,
    file_states,
    guide,
    provenance,
    series_files,
    table,
    to_json,
)
from reexplore.tracking.label_datasets import log_labels
from reexplore.tracking.model_records import ModelRecord
from reexplore.tracking.model_registry import register
from reexplore.tracking.reasons import Reasons
from reexplore.tracking.records import CampaignRecord, RoundRecord, TrackingError
from reexplore.tracking.study_record import StudyRecord

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment, Run

EXPERIMENT = "reexplore"
DATABASE = "mlflow.db"
KEY_TAG = "reexplore.key"
#: By these tags the experiment is found when it has another name.
_OURS = {"reexplore.experiment": "true"}

_DIGEST_TAG = "reexplore.digest"
_CAMPAIGN_TAG = "reexplore.campaign"
_METRICS_AT_ONCE = 1000
_LONGEST_PARAM = 6000

#: Databases this process has open, with the identity of the file: MLflow keeps connections for ever.
_opened: dict[Path, int] = {}


@dataclass(frozen=True)
class Link:
    """A page of MLflow's user interface worth opening."""

    title: str
    url: str


class Tracker:
    """A mirror of campaigns in one MLflow store.

    `store` is a folder, which then holds the database and all artifacts, or the address of a tracking
    server, such as `http://host:5000`.
    """

    def __init__(self, store: Path | str) -> None:
        self.folder = None if "://" in str(store) else Path(store).resolve()
        self.uri = str(store) if self.folder is None else f"sqlite:///{_in_an_address(self.folder) / DATABASE}"
        _set_environment()

    def sync(self, record: CampaignRecord, *, model: ModelRecord | None = None, top: int = 20) -> None:
        """Make the mirror hold this record and its newest model; what it holds already is not sent again.

        `top` is the number of candidates of each group on the review page. Raises `TrackingError`
        when the store cannot be written.
        """
        with self._typed_errors():
            client = self._client()
            campaign = _Mirror(client, self._experiment(client))
            campaign.send(record, model, top=top)

    def send_backtest(self, record: BacktestRecord) -> None:
        """Make the mirror hold a backtest: a run for each policy and surrogate, its curves over labels; sent once."""
        with self._typed_errors():
            client = self._client()
            _Mirror(client, self._experiment(client)).send_backtest(record)

    def send_study(self, record: StudyRecord, files: Sequence[Path]) -> None:
        """Make the mirror hold a study and its files: a run for each model, strategy and split; sent once."""
        with self._typed_errors():
            client = self._client()
            _Mirror(client, self._experiment(client)).send_study(record, files)

    def decisions(self, campaign: str) -> TagsRead:
        """Return what people said about candidates in tags of their runs; `campaign` is the record's key.

        Nothing is made that is not there. Raises `TrackingError` when the store cannot be read.
        """
        if self.folder is not None and not (self.folder / DATABASE).exists():
            return TagsRead()
        with self._typed_errors():
            client = self._client()
            experiment = _found(client)
            if experiment is None or experiment.lifecycle_stage == "deleted":
                return TagsRead()
            return CandidateRuns(client, str(experiment.experiment_id), campaign).read()

    def links(self, base_url: str) -> tuple[Link, ...]:
        """Return the pages to open on the server at `base_url`: the runs, then each campaign's own.

        MLflow's front page shows traces of language models, of which there are none here.
        """
        base = f"{base_url.rstrip('/')}/#/experiments"
        view = "?workflowType=machine_learning"
        with self._typed_errors():
            client = self._client()
            experiment = self._experiment(client)
            runs = client.search_runs([experiment], f"tags.`{_CAMPAIGN_TAG}` = 'true'", order_by=["start_time DESC"])
        links = [Link("all runs", f"{base}/{experiment}/runs{view}")]
        for run in runs:
            name, page = run.info.run_name, f"{base}/{experiment}/runs/{run.info.run_id}"
            links.append(Link(f"{name}: curves", f"{page}/model-metrics{view}"))
            links.append(Link(f"{name}: candidates as runs", f"{base}/{experiment}/runs{view}&{_only_candidates(run)}"))
            links.append(Link(f"{name}: top candidates", f"{page}/artifacts/top_candidates.html{view}"))
        return tuple(links)

    def _client(self) -> MlflowClient:
        from mlflow import MlflowClient

        if self.folder is not None:
            _prepare_database(self.folder / DATABASE)
        return MlflowClient(tracking_uri=self.uri)

    def _experiment(self, client: MlflowClient) -> str:
        experiment = _found(client)
        if experiment is None:
            # The default location would be relative to wherever the command was started.
            location = None if self.folder is None else _artifacts_of(self.folder)
            return str(client.create_experiment(EXPERIMENT, artifact_location=location, tags=_OURS))
        number = str(experiment.experiment_id)
        if experiment.lifecycle_stage == "deleted":
            client.restore_experiment(number)
        for tag, value in _OURS.items() - experiment.tags.items():
            client.set_experiment_tag(number, tag, value)
        return number

    @contextmanager
    def _typed_errors(self) -> Iterator[None]:
        from mlflow.exceptions import MlflowException
        from requests.exceptions import RequestException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (MlflowException, RequestException, SQLAlchemyError, sqlite3.Error, OSError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise TrackingError(
                f"MLflow at {self.folder or self.uri} cannot be used: {reason[:300]}."
                " Nothing is lost: the ledger holds everything and the mirror can be sent later"
            ) from error


def _found(client: MlflowClient) -> Experiment | None:
    """Return the experiment of all campaigns, also one that was renamed or deleted; None where there is none."""
    from mlflow.entities import ViewType

    named = client.get_experiment_by_name(EXPERIMENT)
    if named is not None:
        return named
    ours = " and ".join(f"tags.`{tag}` = '{value}'" for tag, value in _OURS.items())
    renamed = client.search_experiments(ViewType.ALL, filter_string=ours, order_by=["creation_time ASC"])
    return next(iter(renamed), None)


def _settled(round_: RoundRecord) -> RoundRecord:
    """Return a round without what later rounds change of its candidates: what is sent of these is as of its end."""
    batch = tuple(
        replace(row, rank=None, predicted_kcal_mol=None, sigma_kcal_mol=None, decisions=(), reasons=Reasons())
        for row in round_.batch
    )
    return replace(round_, batch=batch)


class _Mirror:
    """One experiment of an open store."""

    def __init__(self, client: MlflowClient, experiment: str) -> None:
        self._client = client
        self._experiment = experiment

    def send(self, record: CampaignRecord, model: ModelRecord | None, *, top: int) -> None:
        parent = self._run(record.key, name=record.name, start_ms=record.started_at_ms, tags={_CAMPAIGN_TAG: "true"})
        runs = [self._send_round(record, round_, parent) for round_ in record.rounds]
        state = digest(asdict(record), top, [file_states(round_) for round_ in record.rounds])
        run_id = parent.info.run_id
        if parent.data.tags.get(_DIGEST_TAG) != state:
            self._send_campaign(record, run_id)
            self._send_page(record, top, run_ids=[run_id, *runs[-1:]])
            self._client.set_tag(run_id, _DIGEST_TAG, state)
        if model is not None:
            register(self._client, model, campaign=record.key, run_id=runs[model.round])
        # Each is looked at by itself, so that one that was deleted comes back.
        CandidateRuns(self._client, self._experiment, record.key).send(record, run_id)
        self._set_end(parent, record.finished_at_ms)

    def _send_campaign(self, record: CampaignRecord, run_id: str) -> None:
        from reexplore.tracking.plots import best_per_group, learning_curve

        self._log(run_id, params={"level": record.level}, metrics=curves(record))
        for name, text in (provenance(record) | series_files(record)).items():
            self._client.log_text(run_id, text, name)
        self._client.log_figure(run_id, learning_curve(record.rounds), "learning_curve.png")
        self._client.log_figure(run_id, best_per_group(record), "best_per_group.png")
        tags = {f"engine.{task}": engine for task, engine in record.engines.items()}
        tags |= {"mlflow.note.content": guide(record), "labels": str(record.labels)}
        for name, value in tags.items():
            self._client.set_tag(run_id, allowed_name(name), value[:_LONGEST_PARAM])

    def send_backtest(self, record: BacktestRecord) -> None:
        from reexplore.tracking.plots import backtest_curves

        now = round(1000 * time.time())
        name = f"backtest {record.pool}"
        parent = self._run(f"backtest/{record.key}", name=name, start_ms=now, tags={})
        for curve in record.curves:
            tags = {"mlflow.parentRunId": parent.info.run_id}
            key = f"backtest/{record.key}/{curve.name}"
            run = self._run(key, name=f"{name}: {curve.name}", start_ms=now, tags=tags)
            if run.info.status == "FINISHED":
                continue
            ends = {"": "mean", " low": "low", " high": "high"}
            metrics = [
                (f"{measure}{end}", value, now, point.labels)
                for point in curve.points
                for measure, found in point.measures.items()
                for end, attribute in ends.items()
                if (value := getattr(found, attribute)) is not None
            ]
            params = {"policy": curve.policy, "surrogate": curve.surrogate or "none", "seeds": str(curve.seeds)}
            params |= {"learn_from": curve.learn_from} if curve.learn_from else {}
            params |= {"pool": record.pool, "objective": record.objective, "candidates": str(record.candidates)}
            self._log(str(run.info.run_id), params=params, metrics=metrics)
            self._set_end(run, now)
        if parent.info.status != "FINISHED":
            run_id = str(parent.info.run_id)
            self._client.log_text(run_id, to_json(record.to_dict()), "backtest.json")
            self._client.log_text(run_id, record.to_csv(), "backtest.csv")
            self._client.log_figure(run_id, backtest_curves(record), "by-labels.png")
            self._set_end(parent, now)

    def send_study(self, record: StudyRecord, files: Sequence[Path]) -> None:
        now = round(1000 * time.time())
        name = f"study {record.file}"
        parent = self._run(f"study/{record.key}", name=name, start_ms=now, tags={})
        for row in record.rows:
            tags = {"mlflow.parentRunId": parent.info.run_id}
            key = f"study/{record.key}/{allowed_name(row.name)}"
            run = self._run(key, name=f"{name}: {row.name}", start_ms=now, tags=tags)
            if run.info.status == "FINISHED":
                continue
            metrics = [
                (f"{measure}{end}", value, now, 0)
                for measure, found in row.measures.items()
                for end, value in (("", found.mean), (" low", found.low), (" high", found.high))
                if value is not None
            ]
            params = {"model": row.model, "strategy": row.strategy, "split": row.split, "parts": ", ".join(row.parts)}
            params |= {"known": str(row.known), "tested": str(row.tested), "ligands": str(row.ligands)}
            self._log(str(run.info.run_id), params=params | {"file": record.file}, metrics=metrics)
            self._set_end(run, now)
        if parent.info.status != "FINISHED":
            for file in files:
                self._client.log_artifact(str(parent.info.run_id), str(file))
            self._set_end(parent, now)

    def _send_page(self, record: CampaignRecord, top: int, *, run_ids: list[str]) -> None:
        from reexplore.tracking.review_page import PAGE_NAME, review_page

        page = review_page(record, top=top)
        for run_id in run_ids:
            self._client.log_text(run_id, page, PAGE_NAME)

    def _send_round(self, record: CampaignRecord, round_: RoundRecord, parent: Run) -> str:
        from reexplore.tracking.plots import parity_plot

        params = {allowed_name(k): v[:_LONGEST_PARAM] for k, v in (round_.params | {"kind": round_.kind}).items()}
        run = self._round_run(record, round_, parent, params)
        run_id = str(run.info.run_id)
        files = file_states(round_)
        state = digest(asdict(_settled(round_)), provenance(record), files)
        if run.data.tags.get(_DIGEST_TAG) == state:
            return run_id
        if round_.finished_at_ms is not None:
            metrics = round_.metrics | round_.costs | {"labels": float(round_.labels)}
            self._log(
                run_id,
                params=params,
                metrics=[(name, value, round_.finished_at_ms, round_.number) for name, value in metrics.items()],
            )
            log_labels(self._client, record, round_, run_id)
        texts = provenance(record) | {
            "batch.csv": table(round_.batch),
            "batch.json": to_json([asdict(r) for r in round_.batch]),
        }
        for name, text in texts.items():
            self._client.log_text(run_id, text, name)
        self._client.log_figure(run_id, parity_plot(round_), "parity.png")
        for name, path in round_.files.items():
            if path.exists():
                self._client.log_artifact(run_id, str(path), f"models/{name}")
        if missing := [name for name, state in files.items() if state is None]:
            self._client.set_tag(run_id, "reexplore.missing_files", ", ".join(missing))
        self._set_end(run, round_.finished_at_ms)
        # Last, so that whatever is interrupted before is sent again.
        self._client.set_tag(run_id, _DIGEST_TAG, state)
        return run_id

    def _round_run(self, record: CampaignRecord, round_: RoundRecord, parent: Run, params: dict[str, str]) -> Run:
        """Return the run of a round; of one that was opened again and came to something else, a new one.

        A parameter of MLflow's cannot be changed, and what was believed before stays worth seeing.
        """
        key, name = f"{record.key}/round/{round_.number}", f"{record.name} round {round_.number}"
        tags = {"mlflow.parentRunId": parent.info.run_id}
        run = self._run(key, name=name, start_ms=round_.started_at_ms, tags=tags)
        if round_.finished_at_ms is None or all(run.data.params.get(k, v) == v for k, v in params.items()):
            return run
        self._client.set_tag(run.info.run_id, "mlflow.runName", f"{name}, before it was opened again")
        self._client.set_tag(run.info.run_id, KEY_TAG, f"{key}/before/{run.info.run_id}")
        return self._run(key, name=name, start_ms=round_.started_at_ms, tags=tags)

    def _run(self, key: str, *, name: str, start_ms: int, tags: dict[str, str]) -> Run:
        found = self._client.search_runs([self._experiment], f"tags.`{KEY_TAG}` = '{key}'", max_results=1)
        if found:
            return found[0]
        return self._client.create_run(self._experiment, start_time=start_ms, tags=tags | {KEY_TAG: key}, run_name=name)

    def _set_end(self, run: Run, finished_at_ms: int | None) -> None:
        if finished_at_ms is None:
            self._client.update_run(run.info.run_id, status="RUNNING")
        elif run.info.end_time != finished_at_ms or run.info.status != "FINISHED":
            self._client.set_terminated(run.info.run_id, status="FINISHED", end_time=finished_at_ms)

    def _log(self, run_id: str, *, params: dict[str, str], metrics: list[tuple[str, float, int, int]]) -> None:
        from mlflow.entities import Metric, Param

        entities = [Metric(allowed_name(name), value, time, step) for name, value, time, step in metrics]
        for start in range(0, max(len(entities), 1), _METRICS_AT_ONCE):
            self._client.log_batch(
                run_id,
                metrics=entities[start : start + _METRICS_AT_ONCE],
                params=[Param(name, value) for name, value in params.items()] if start == 0 else [],
            )


def _only_candidates(campaign: Run) -> str:
    """Return the part of an address that leaves the candidates of a campaign."""
    return urlencode({"searchFilter": f"tags.`{CAMPAIGN}` = '{campaign.data.tags[KEY_TAG]}'"}, quote_via=quote)


def _set_environment() -> None:
    """Tell MLflow, before it is imported, not to call home, not to insist and not to chat."""
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    # It would try for a minute while the campaign waits; a mirror can be sent later.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    for name in ("alembic", "mlflow.store.db.utils", "mlflow.pyfunc"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _in_an_address(folder: Path) -> Path:
    """Return a folder by a name that may stand in a database's address, where a question mark ends the path."""
    return plainly_named(folder) if "?" in str(folder) else folder


def _artifacts_of(folder: Path) -> str:
    return (folder / "artifacts").as_uri()


def _lead_here(connection: sqlite3.Connection, location: str) -> None:
    """Let a database that was moved or copied with its folder name the artifacts that lie beside it.

    MLflow notes absolute addresses only: it would go on writing into the folder the copy was made of.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    with connection:
        before = (
            tables
            and connection.execute("SELECT artifact_location FROM experiments WHERE name = ?", (EXPERIMENT,)).fetchone()
        )
        if not before or before[0] == location:
            return
        for table, column in (("runs", "artifact_uri"), ("experiments", "artifact_location")):
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                (location, len(before[0]) + 1, len(before[0]), before[0]),
            )


def _prepare_database(path: Path) -> None:
    """Create or open the database in WAL mode, in which MLflow's many small writes are three times faster."""
    if path in _opened:
        if not path.exists() or path.stat().st_ino != _opened[path]:
            raise TrackingError(
                f"{path} was deleted or replaced while this process had it open."
                " Nothing is lost: a new process can send everything to the new store"
            )
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        _lead_here(connection, _artifacts_of(path.parent))
    finally:
        connection.close()
    _opened[path] = path.stat().st_ino
