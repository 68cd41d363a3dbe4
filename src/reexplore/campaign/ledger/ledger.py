"""The ledger: the one mutable thing of a campaign, and the truth about it.

One SQLite file, written by the driver only. Every decision is one transaction; what a resume needs
to know is here, and the results themselves are in the store.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from reexplore.campaign.ledger.rows import (
    AquaKeys,
    Calculation,
    Choice,
    FinalistKeys,
    LabelKeys,
    Learned,
    Pick,
    ProposedLigand,
    Round,
)
from reexplore.campaign.ledger.schema import open_to_read, open_to_write
from reexplore.chemistry.candidates import Candidate
from reexplore.chemistry.metals import METALS
from reexplore.errors import RUN_ONLY, Failure
from reexplore.execution.kinds import KINDS
from reexplore.execution.store import Outcome
from reexplore.execution.task import Task
from reexplore.tracking.decisions import Decision

#: The property that every label is entered under; the others of the same complex are derived from its parts.
LABELLED = "binding_energy"

#: How the finalists' geometries were made, where that is not a relaxation at the level.
_SEARCHED = "searched"

#: The tables of aqua ions: on the geometries of labels, and on those relaxed at the level.
_AQUA = {False: "aqua_ion", True: "relaxed_aqua_ion"}


class Ledger:
    """One campaign's SQLite file."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._db = open_to_read(path) if read_only else open_to_write(path)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside happen wholly or not at all; inside another one it is part of that."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # --- what the campaign is

    def meta(self, key: str) -> str | None:
        """Return a declared fact of the campaign, or None."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def set_meta(self, **facts: str) -> None:
        """Store declared facts of the campaign."""
        with self.transaction():
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(facts.items()))

    # --- calculations

    def plan(self, tasks: Sequence[Task]) -> None:
        """Enter tasks that are not in the ledger yet."""
        now = time.time()
        with self.transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO calculation (key, kind, title, state, planned_at)"
                " VALUES (?, ?, ?, 'planned', ?)",
                [(task.key, task.kind, task.title, now) for task in tasks],
            )

    def submitted(self, key: str) -> None:
        """Note that a task went to the workers."""
        with self.transaction():
            self._db.execute(
                "UPDATE calculation SET state = 'submitted', attempts = attempts + 1, submitted_at = ? WHERE key = ?",
                (time.time(), key),
            )

    def charge(self, key: str, outcome: Outcome) -> None:
        """Count what an attempt cost that will be followed by another."""
        with self.transaction():
            self._db.execute(
                "UPDATE calculation SET core_s = core_s + ?, gpu_s = gpu_s + ? WHERE key = ?",
                (_core_s(outcome), _gpu_s(outcome), key),
            )

    def finish(self, key: str, outcome: Outcome, *, reused: bool) -> None:
        """Enter the outcome of a task; `reused` when it was found in the store, computed before."""
        state, found = "done" if outcome.failure is None else "failed", int(reused)
        costs = (found, _core_s(outcome), found, _gpu_s(outcome))
        with self.transaction():
            self._db.execute(
                # What a killed driver had submitted was computed for this campaign, even if found in the store.
                "UPDATE calculation SET state = ?, outcome = ?, reused = (? AND attempts = 0), finished_at = ?,"
                " core_s = core_s + iif(? AND attempts = 0, 0, ?), gpu_s = gpu_s + iif(? AND attempts = 0, 0, ?)"
                " WHERE key = ?",
                (state, json.dumps(outcome.to_dict()), found, time.time(), *costs, key),
            )

    def recall(self) -> int:
        """Set back to planned what a dead driver had submitted; return how many.

        So is what stopped a campaign by failing by the run alone: without it nothing could be decided. What was
        decided upon a failure is decided, and the failure stands (see `plan_again`).
        """
        codes = sorted(RUN_ONLY)
        indispensable = [kind.name for kind in KINDS.values() if kind.is_indispensable]
        with self.transaction():
            return self._db.execute(
                "UPDATE calculation SET state = 'planned', outcome = NULL WHERE state = 'submitted' OR"
                f" (kind IN ({_places(indispensable)})"
                f" AND json_extract(outcome, '$.failure.code') IN ({_places(codes)}))",
                (*indispensable, *codes),
            ).rowcount

    def plan_again(self, keys: Iterable[str]) -> None:
        """Forget the outcomes of some calculations, though not what they cost; they are computed when asked for.

        Aqua ions relaxed at the level that rest on them go with them: the next finalists enter them again.
        """
        with self.transaction():
            for key in keys:
                self._db.execute(
                    "UPDATE calculation SET state = 'planned', outcome = NULL, finished_at = NULL, reused = 0"
                    " WHERE key = ?",
                    (key,),
                )
                self._db.execute("DELETE FROM relaxed_aqua_ion WHERE ? IN (structure_key, energy_key)", (key,))

    def core_hours(self) -> float:
        """Return what this campaign's calculations have cost: cores times wall time, attempts that failed included."""
        return float(self._db.execute("SELECT coalesce(sum(core_s), 0) FROM calculation").fetchone()[0]) / 3600

    def gpu_hours(self) -> float:
        """Return for how long this campaign's calculations have held graphics cards, those that failed included."""
        return float(self._db.execute("SELECT coalesce(sum(gpu_s), 0) FROM calculation").fetchone()[0]) / 3600

    def outcome(self, key: str) -> Outcome | None:
        """Return the outcome of a finished task, or None."""
        row = self._db.execute("SELECT outcome FROM calculation WHERE key = ?", (key,)).fetchone()
        return Outcome.from_dict(json.loads(row[0])) if row and row[0] else None

    def value(self, key: str) -> dict[str, Any]:
        """Return the value of a task that is done."""
        outcome = self.outcome(key)
        if outcome is None or outcome.value is None:
            raise KeyError(f"calculation {key} has no value")
        return outcome.value

    def calculations(self) -> list[Calculation]:
        """Return every calculation in the order in which they were planned."""
        rows = self._db.execute(
            "SELECT key, kind, title, state, attempts, reused, core_s, gpu_s, submitted_at, finished_at,"
            " json_extract(outcome, '$.failure'), json_extract(outcome, '$.provenance.host')"
            " FROM calculation ORDER BY rowid"
        )
        return [
            Calculation(
                key=row[0],
                kind=row[1],
                title=row[2],
                state=row[3],
                attempts=row[4],
                reused=bool(row[5]),
                core_s=row[6],
                gpu_s=row[7],
                submitted_at=row[8],
                finished_at=row[9],
                failure=_failure(row[10]),
                host=row[11],
            )
            for row in rows
        ]

    # --- rounds, picks, labels

    def rounds(self) -> list[Round]:
        """Return the rounds in order."""
        rows = self._db.execute("SELECT number, kind, started_at, finished_at, learned FROM round ORDER BY number")
        return [
            Round(number, kind, began, ended, Learned.from_dict(json.loads(text)) if text else None)
            for number, kind, began, ended, text in rows
        ]

    def open_round(
        self,
        number: int,
        kind: Literal["seed", "acquisition"],
        picks: Sequence[Pick],
        *,
        inputs: str | None = None,
        decisions: int = 0,
    ) -> None:
        """Enter what was chosen, together with its round unless that is open already.

        `inputs` is the digest of all the choice was made from; without it there was no choice, or none to replay.
        `decisions` is how many decisions of people it knew of.
        """
        now = time.time()
        with self.transaction():
            self._db.execute(
                "INSERT INTO round (number, kind, started_at) SELECT ?, ?, ?"
                " WHERE NOT EXISTS (SELECT 1 FROM round WHERE number = ? AND finished_at IS NULL)",
                (number, kind, now, number),
            )
            if inputs is not None:
                self._db.execute(
                    "INSERT INTO choice (number, round, first, inputs, chosen_at, decisions)"
                    " SELECT (SELECT COUNT(*) FROM choice), ?, COUNT(*), ?, ?, ? FROM pick WHERE round = ?",
                    (number, inputs, now, decisions, number),
                )
            self._db.executemany(
                "INSERT INTO pick VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        p.candidate,
                        p.round,
                        p.position,
                        p.role,
                        p.value,
                        p.predicted,
                        p.sigma,
                    )
                    for p in picks
                ],
            )

    def enter_candidates(self, candidates: Iterable[Candidate], *, round_number: int, source: str = "space") -> None:
        """Enter who some candidates are, the source they come from and the round that took them in."""
        rows = [(each.key, each.identity, source, round_number) for each in candidates]
        with self.transaction():
            self._db.executemany(
                "INSERT INTO candidate VALUES (?, ?, ?, ?)"
                " ON CONFLICT (key) DO UPDATE SET identity = excluded.identity WHERE identity IS NULL",
                rows,
            )

    def candidates(self) -> dict[str, str | None]:
        """Return the identity of all that was picked or proposed, by key; None where an older version left it out."""
        return dict(self._db.execute("SELECT key, identity FROM candidate ORDER BY rowid"))

    def enter_proposed(self, ligands: Iterable[ProposedLigand]) -> None:
        """Enter ligands that were proposed, with what they were made of."""
        rows = [(p.identity, p.charge, p.name, p.proposer, json.dumps(list(p.parents)), p.round) for p in ligands]
        with self.transaction():
            self._db.executemany("INSERT INTO proposed VALUES (?, ?, ?, ?, ?, ?)", rows)

    def proposed(self) -> list[ProposedLigand]:
        """Return every ligand that was proposed, in the order in which they joined."""
        rows = self._db.execute("SELECT ligand, charge, name, proposer, parents, round FROM proposed ORDER BY rowid")
        return [
            ProposedLigand(ligand, charge, name, proposer, tuple(json.loads(parents)), number)
            for ligand, charge, name, proposer, parents, number in rows
        ]

    def close_round(self, number: int, learned: Learned) -> None:
        """Enter what a round came to, and that the tracker has not heard of it yet."""
        with self.transaction():
            self._db.execute(
                "UPDATE round SET finished_at = ?, learned = ? WHERE number = ?",
                (time.time(), json.dumps(learned.to_dict(), allow_nan=False), number),
            )
            self._db.execute("INSERT OR REPLACE INTO outbox VALUES (?, NULL)", (number,))

    def choices(self) -> list[Choice]:
        """Return every choice in its order."""
        rows = self._db.execute("SELECT number, round, first, inputs, decisions FROM choice ORDER BY 1")
        return [Choice(*row) for row in rows]

    def picks(self) -> list[Pick]:
        """Return every pick, round by round."""
        rows = self._db.execute(
            "SELECT candidate, round, position, role, value, predicted, sigma FROM pick ORDER BY round, position"
        )
        return [Pick(*row) for row in rows]

    def enter_label(self, candidate: str, keys: LabelKeys | None, failure: Failure | None) -> None:
        """Enter where a candidate's label stands, or why it has none."""
        parts = json.dumps(keys.to_dict()) if keys else None
        text = json.dumps(failure.to_dict()) if failure else None
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO label VALUES (?, ?, ?, ?)", (candidate, LABELLED, parts, text))

    def labels(self) -> dict[str, LabelKeys]:
        """Return the labels there are, by candidate, in the order in which they were picked.

        The order in which they were entered would depend on how long each calculation took.
        """
        rows = self._db.execute(
            "SELECT candidate, parts FROM label LEFT JOIN pick USING (candidate)"
            " WHERE failure IS NULL AND property = ? ORDER BY round, position, label.rowid",
            (LABELLED,),
        )
        return {candidate: LabelKeys(**json.loads(parts)) for candidate, parts in rows}

    def label_failures(self) -> dict[str, Failure]:
        """Return the candidates that could not be labelled, and why."""
        rows = self._db.execute(
            "SELECT candidate, failure FROM label WHERE failure IS NOT NULL AND property = ?", (LABELLED,)
        )
        return {candidate: Failure.from_dict(json.loads(text)) for candidate, text in rows}

    def enter_aqua_ion(
        self, metal: str, keys: AquaKeys | None, failure: Failure | None, *, relaxed: bool = False
    ) -> None:
        """Enter where the energy of a metal's aqua ion stands, or why there is none; `relaxed` one at the level."""
        columns = (keys.structure, keys.energy) if keys else (None, None)
        text = json.dumps(failure.to_dict()) if failure else None
        with self.transaction():
            self._db.execute(f"INSERT OR REPLACE INTO {_AQUA[relaxed]} VALUES (?, ?, ?, ?)", (metal, *columns, text))

    def aqua_ions(self, *, relaxed: bool = False) -> dict[str, AquaKeys]:
        """Return the aqua ions there are, by the metal's symbol."""
        return {metal: AquaKeys(*keys) for metal, *keys, failure in self._aqua_rows(relaxed) if failure is None}

    def aqua_failures(self, *, relaxed: bool = False) -> dict[str, Failure]:
        """Return the metals without an aqua ion, and why."""
        rows = self._aqua_rows(relaxed)
        return {metal: Failure.from_dict(json.loads(failure)) for metal, *_, failure in rows if failure}

    def _aqua_rows(self, relaxed: bool) -> list[tuple[str, str, str, str | None]]:
        rows = self._db.execute(f"SELECT metal, structure_key, energy_key, failure FROM {_AQUA[relaxed]}")
        # In the order of the series, whichever was entered last.
        return sorted(rows, key=lambda row: list(METALS).index(row[0]))

    # --- finalists, labelled again on other geometries: the models never learn from them

    @property
    def finalists_are_searched(self) -> bool:
        """Return whether the finalists' complexes were searched for, and nothing was relaxed at the level."""
        return self.meta("finalists") == _SEARCHED

    def begin_finalists(self, *, searched: bool) -> None:
        """Note how finalists are labelled again; forget those of the other way, though not their calculations."""
        if searched == self.finalists_are_searched:
            return
        with self.transaction():
            self._db.execute("DELETE FROM finalist")
            self._db.execute("DELETE FROM relaxed_aqua_ion")
            self.set_meta(finalists=_SEARCHED if searched else "relaxed")

    def enter_finalist(self, candidate: str, keys: FinalistKeys | None, failure: Failure | None) -> None:
        """Enter what labelling a finalist again came to, or why it failed; the tracker has to hear of news."""
        row = (
            json.dumps(asdict(keys)) if keys else None,
            json.dumps(failure.to_dict()) if failure else None,
        )
        with self.transaction():
            known = self._db.execute("SELECT parts, failure FROM finalist WHERE candidate = ?", (candidate,)).fetchone()
            if known == row:
                return
            self._db.execute("INSERT OR REPLACE INTO finalist VALUES (?, ?, ?)", (candidate, *row))
            self._db.execute("UPDATE outbox SET sent_at = NULL WHERE round = (SELECT max(round) FROM outbox)")

    def finalists(self) -> dict[str, FinalistKeys]:
        """Return the finalists that were labelled again, by candidate."""
        rows = self._db.execute("SELECT candidate, parts FROM finalist WHERE failure IS NULL ORDER BY candidate")
        return {candidate: FinalistKeys(**json.loads(parts)) for candidate, parts in rows}

    def finalist_failures(self) -> dict[str, Failure]:
        """Return the finalists that could not be labelled again, and why."""
        rows = self._db.execute("SELECT candidate, failure FROM finalist WHERE failure IS NOT NULL ORDER BY candidate")
        return {candidate: Failure.from_dict(json.loads(text)) for candidate, text in rows}

    # --- what a person has said to a running campaign

    def withdraw(
        self, *, candidates: Iterable[str] = (), metals: Iterable[str] = (), finalists: Iterable[str] = ()
    ) -> None:
        """Forget the labels or refusals of some candidates and the aqua ions of some metals: they are pending again.

        So are `finalists`, and those whose labels or aqua ions go.
        """
        labels, ions = [(key,) for key in candidates], [(metal,) for metal in metals]
        with self.transaction():
            self._db.executemany("DELETE FROM label WHERE candidate = ?", labels)
            self._db.executemany("DELETE FROM aqua_ion WHERE metal = ?", ions)
            self._db.executemany("DELETE FROM finalist WHERE candidate = ?", [*labels, *((key,) for key in finalists)])
            self._db.executemany("DELETE FROM relaxed_aqua_ion WHERE metal = ?", ions)

    def reopen_last_round(self) -> None:
        """Forget what the last round taught, so that it is learned again from the labels as they will be."""
        last = "(SELECT max(number) FROM round)"
        with self.transaction():
            self._db.execute(f"UPDATE round SET finished_at = NULL, learned = NULL WHERE number = {last}")
            self._db.execute(f"DELETE FROM outbox WHERE round = {last}")

    def note(self, said: str) -> None:
        """Keep what a person had changed, for whoever reads the campaign later."""
        with self.transaction():
            self._db.execute("INSERT INTO steering (at, said) VALUES (?, ?)", (time.time(), said))

    def notes(self) -> list[tuple[float, str]]:
        """Return what persons had changed, with the time of each."""
        return list(self._db.execute("SELECT at, said FROM steering ORDER BY number"))

    # --- what people have decided about candidates

    def enter_decision(self, decision: Decision) -> bool:
        """Enter a decision, of which the tracker has to hear; return whether it is news: it may be read twice."""
        row = (
            *(decision.identity, decision.at, time.time(), decision.by, decision.via),
            *(decision.verdict, decision.comment, decision.candidate),
            None if decision.candidate else json.dumps(dict(decision.family)),
        )
        with self.transaction():
            entered = self._db.execute(
                "INSERT OR IGNORE INTO decision (identity, at, read_at, person, via, verdict, comment, candidate,"
                f" family) VALUES ({_places(row)})",
                row,
            ).rowcount
            if entered:
                self._db.execute("UPDATE outbox SET sent_at = NULL WHERE round = (SELECT max(round) FROM outbox)")
        return bool(entered)

    def decisions(self) -> list[Decision]:
        """Return every decision in the order in which they were read; a later one replaces those before it."""
        rows = self._db.execute(
            "SELECT identity, at, person, via, verdict, comment, candidate, family FROM decision ORDER BY number"
        )
        return [
            Decision(identity, at, person, via, verdict, comment, candidate, json.loads(family or "{}"))
            for identity, at, person, via, verdict, comment, candidate, family in rows
        ]

    def decision_count(self) -> int:
        """Return how many decisions there are."""
        count: int = self._db.execute("SELECT COUNT(*) FROM decision").fetchone()[0]
        return count

    # --- what the tracker has not heard of

    def unsent_rounds(self) -> list[int]:
        """Return the closed rounds the tracker has not received."""
        return [row[0] for row in self._db.execute("SELECT round FROM outbox WHERE sent_at IS NULL ORDER BY round")]

    def mark_sent(self) -> None:
        """Note that the tracker mirrors every closed round."""
        with self.transaction():
            self._db.execute("UPDATE outbox SET sent_at = ? WHERE sent_at IS NULL", (time.time(),))


def _core_s(outcome: Outcome) -> float:
    """Return the time for which a calculation occupied its cores; an imported energy occupied none."""
    return float(outcome.provenance.get("wall_s", 0.0)) * int(outcome.provenance.get("cores", 1))


def _gpu_s(outcome: Outcome) -> float:
    """Return the time for which a calculation held a card, times the share of the card that it had."""
    return float(outcome.provenance.get("wall_s", 0.0)) * float(outcome.provenance.get("gpus", 0))


def _failure(text: str | None) -> Failure | None:
    return Failure.from_dict(json.loads(text)) if text else None


def _places(values: Sequence[object]) -> str:
    """Return a place for each value in an SQL list."""
    return ", ".join("?" * len(values))
