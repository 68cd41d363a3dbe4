"""The ledger's file: its tables, how older ones are brought up to date, and how it is opened.

The driver writes it in place. Everybody else works on a copy: a reader neither waits for the driver nor disturbs it,
needs no right to write, and may sit on another machine of a shared file system.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from itertools import chain
from pathlib import Path

from reexplore.errors import InputError, NotBegunError
from reexplore.execution.file_systems import networked

_FIRST = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """
    CREATE TABLE calculation (
        key TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        label TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('planned', 'submitted', 'done', 'failed')),
        attempts INTEGER NOT NULL DEFAULT 0,
        reused INTEGER NOT NULL DEFAULT 0,
        outcome TEXT,
        planned_at REAL NOT NULL,
        finished_at REAL
    )
    """,
    """
    CREATE TABLE round (
        number INTEGER PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('seed', 'acquisition')),
        started_at REAL NOT NULL,
        finished_at REAL,
        learned TEXT
    )
    """,
    """
    CREATE TABLE pick (
        candidate TEXT PRIMARY KEY,
        round INTEGER NOT NULL REFERENCES round (number),
        position INTEGER NOT NULL,
        role TEXT NOT NULL,
        value REAL,
        predicted_kcal_mol REAL,
        sigma_kcal_mol REAL
    )
    """,
    """
    CREATE TABLE label (
        candidate TEXT PRIMARY KEY REFERENCES pick (candidate),
        structure_key TEXT,
        complex_key TEXT,
        ion_key TEXT,
        ligand_key TEXT,
        water_key TEXT,
        failure TEXT
    )
    """,
    "CREATE TABLE outbox (round INTEGER PRIMARY KEY REFERENCES round (number), sent_at REAL)",
)

_AQUO_IONS = (
    """
    CREATE TABLE aquo_ion (
        metal TEXT PRIMARY KEY,
        structure_key TEXT,
        energy_key TEXT,
        failure TEXT
    )
    """,
)

_CHOICES_COSTS_AND_STEERING = (
    """
    CREATE TABLE choice (
        number INTEGER PRIMARY KEY,
        round INTEGER NOT NULL REFERENCES round (number),
        first INTEGER NOT NULL,
        inputs TEXT NOT NULL,
        chosen_at REAL NOT NULL
    )
    """,
    "CREATE TABLE steering (number INTEGER PRIMARY KEY, at REAL NOT NULL, said TEXT NOT NULL)",
    "ALTER TABLE calculation ADD COLUMN submitted_at REAL",
    "ALTER TABLE calculation ADD COLUMN core_s REAL NOT NULL DEFAULT 0",
    """
    UPDATE calculation SET core_s = coalesce(
        json_extract(outcome, '$.provenance.wall_s') * coalesce(json_extract(outcome, '$.provenance.cores'), 1), 0)
    WHERE outcome IS NOT NULL AND NOT reused
    """,
)

_CANDIDATES_AND_PROPERTIES = (
    """
    CREATE TABLE candidate (
        key TEXT PRIMARY KEY,
        identity TEXT,
        source TEXT NOT NULL,
        round INTEGER NOT NULL REFERENCES round (number)
    )
    """,
    # Who they are is entered when the campaign goes on: a key is a hash.
    "INSERT INTO candidate SELECT candidate, NULL, 'space', round FROM pick ORDER BY rowid",
    "ALTER TABLE pick RENAME COLUMN predicted_kcal_mol TO predicted",
    "ALTER TABLE pick RENAME COLUMN sigma_kcal_mol TO sigma",
    "ALTER TABLE label RENAME TO label_before",
    """
    CREATE TABLE label (
        candidate TEXT NOT NULL REFERENCES pick (candidate),
        property TEXT NOT NULL,
        parts TEXT,
        failure TEXT,
        PRIMARY KEY (candidate, property)
    )
    """,
    """
    INSERT INTO label SELECT
        candidate,
        'binding_energy',
        iif(failure IS NULL, json_object('structure', structure_key, 'complex', complex_key, 'ion', ion_key,
            'ligand', ligand_key, 'water', water_key), NULL),
        failure
    FROM label_before ORDER BY rowid
    """,
    "DROP TABLE label_before",
    "ALTER TABLE aquo_ion RENAME TO aqua_ion",
    "ALTER TABLE calculation RENAME COLUMN label TO title",
)

_FINALISTS_AND_CARDS = (
    "CREATE TABLE finalist (candidate TEXT PRIMARY KEY REFERENCES pick (candidate), parts TEXT, failure TEXT)",
    """
    CREATE TABLE relaxed_aqua_ion (
        metal TEXT PRIMARY KEY,
        structure_key TEXT,
        energy_key TEXT,
        failure TEXT
    )
    """,
    "ALTER TABLE calculation ADD COLUMN gpu_s REAL NOT NULL DEFAULT 0",
    # Before, every worker on a card had it to itself.
    """
    UPDATE calculation SET gpu_s = json_extract(outcome, '$.provenance.wall_s')
    WHERE json_extract(outcome, '$.provenance.card') IS NOT NULL AND NOT reused
    """,
)

_DECISIONS_OF_PEOPLE = (
    """
    CREATE TABLE decision (
        number INTEGER PRIMARY KEY,
        identity TEXT NOT NULL UNIQUE,
        at REAL NOT NULL,
        read_at REAL NOT NULL,
        person TEXT NOT NULL,
        via TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('promote', 'reject', 'hold', 'clear')),
        comment TEXT NOT NULL,
        candidate TEXT,
        family TEXT,
        CHECK ((candidate IS NULL) <> (family IS NULL))
    )
    """,
    # How many of them a choice knew of.
    "ALTER TABLE choice ADD COLUMN decisions INTEGER NOT NULL DEFAULT 0",
)

_PROPOSED_LIGANDS = (
    """
    CREATE TABLE proposed (
        ligand TEXT PRIMARY KEY,
        charge INTEGER NOT NULL,
        name TEXT NOT NULL,
        proposer TEXT NOT NULL,
        parents TEXT NOT NULL,
        round INTEGER NOT NULL REFERENCES round (number)
    )
    """,
)

#: What turns each version into the next; a new ledger goes through all of them, so there is one way to each table.
_STEPS = (
    _FIRST,
    _AQUO_IONS,
    _CHOICES_COSTS_AND_STEERING,
    _CANDIDATES_AND_PROPERTIES,
    _FINALISTS_AND_CARDS,
    _DECISIONS_OF_PEOPLE,
    _PROPOSED_LIGANDS,
)
SCHEMA_VERSION = len(_STEPS)

#: A ledger's journals lie beside it; with a copy of them a copy of it is whole.
_FILES = ("", "-wal", "-journal")
_COPY_TRIES = 50
_BUSY_S = 60.0


def open_to_write(path: Path) -> sqlite3.Connection:
    """Return the ledger, new or brought up to date; raise `InputError` when it cannot be read."""
    db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)
    try:
        version = _readable(db, path)
        # A write-ahead log needs memory shared by its processes, which a network file system does not give.
        db.execute(f"PRAGMA journal_mode = {'DELETE' if networked(path) else 'WAL'}")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        _bring_up_to_date(db, version)
    except BaseException:
        db.close()
        raise
    return db


def open_to_read(path: Path) -> sqlite3.Connection:
    """Return a copy of the ledger as it stands; raise `InputError` when there is nothing to read."""
    memory = sqlite3.connect(":memory:", isolation_level=None)
    with tempfile.TemporaryDirectory(prefix="reexplore-ledger-") as folder:
        copy = Path(folder) / "ledger.sqlite"
        _copy(path, copy)
        # Opening it replays or rolls back what a killed driver left in a journal, here and not in the original.
        with closing(sqlite3.connect(copy, isolation_level=None)) as db:
            version = _readable(db, path)
            if version == 0:
                raise NotBegunError(f"{path} holds no campaign yet: start it with `reexplore campaign run`")
            db.backup(memory)
    _bring_up_to_date(memory, version)
    memory.execute("PRAGMA query_only = ON")
    return memory


def _readable(db: sqlite3.Connection, path: Path) -> int:
    """Return the version of a ledger that is whole."""
    try:
        version: int = db.execute("PRAGMA user_version").fetchone()[0]
        found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError:
        # Locked, or refused by the file system: that is no verdict on its content.
        raise
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise InputError(
            f"{path} is not a ledger that can be read ({' '.join(found.split())}); move it away to start anew:"
            " what is in runs/_store will not be computed again"
        )
    if not 0 <= version <= SCHEMA_VERSION:
        raise InputError(
            f"{path} has ledger version {version}; this reexplore reads versions up to {SCHEMA_VERSION}: update it"
        )
    return version


def _bring_up_to_date(db: sqlite3.Connection, version: int) -> None:
    if version == SCHEMA_VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for statement in chain.from_iterable(_STEPS[version:]):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _copy(path: Path, copy: Path) -> None:
    """Copy a ledger and its journals between two writes that would not go together."""
    for _ in range(_COPY_TRIES):
        before = _generation(path)
        for suffix in _FILES:
            source, target = Path(f"{path}{suffix}"), Path(f"{copy}{suffix}")
            target.unlink(missing_ok=True)
            try:
                shutil.copyfile(source, target)
            except FileNotFoundError:
                if not suffix:
                    raise
        if _generation(path) == before:
            return
        time.sleep(0.1)
    raise InputError(f"{path} is being written without a pause: try again")


def _generation(path: Path) -> list[tuple[bytes, int] | None]:
    """Return what changes when ledger and journals no longer go together.

    These are SQLite's headers, and when the file was written: a write-ahead log's header has a salt for each time it
    was started anew. What is only appended to such a log meanwhile does no harm: a torn end of it is not read.
    """
    found: list[tuple[bytes, int] | None] = []
    for suffix, header in zip(_FILES, (100, 32, 28), strict=True):
        try:
            file = Path(f"{path}{suffix}")
            with file.open("rb") as opened:
                found.append((opened.read(header), 0 if suffix == "-wal" else file.stat().st_mtime_ns))
        except FileNotFoundError:
            found.append(None)
    return found
