"""What results cost in files and time, before and after they are packed: `python benchmarks/execution_storage.py`."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from reexplore.execution.child import INPUTS, LOG
from reexplore.execution.packing import contents, pack
from reexplore.execution.store import Outcome, Store

RESULTS = 1000
#: A complex of 60 atoms.
GEOMETRY = "60\ncharge=1\n" + "".join(f"C {0.123 * i:.8f} {0.456 * i:.8f} {0.789 * i:.8f}\n" for i in range(60))


def figures() -> dict[str, Any]:
    """Return files, bytes and milliseconds per result."""
    keys = [hashlib.sha256(str(number).encode()).hexdigest()[:32] for number in range(RESULTS)]
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        publish = _milliseconds(lambda: [_publish(store, key) for key in keys])
        loose = contents(store)[0]
        read_loose = _milliseconds(lambda: [_read(store, key) for key in keys])
        packing = _milliseconds(lambda: pack(store))
        packed = contents(store)[1]
        read_packed = _milliseconds(lambda: [_read(store, key) for key in keys])
    return {
        "store_results": RESULTS,
        "store_files_loose": loose.files,
        "store_files_packed": packed.files,
        "store_kilobytes_per_result_loose": round(loose.bytes / RESULTS / 1e3, 2),
        "store_kilobytes_per_result_packed": round(packed.bytes / RESULTS / 1e3, 2),
        "store_publish_ms": publish,
        "store_pack_ms": packing,
        "store_read_loose_ms": read_loose,
        "store_read_packed_ms": read_packed,
    }


def _publish(store: Store, key: str) -> None:
    folder = store.workspace(key)
    (folder / INPUTS).write_text(json.dumps({"inputs": {"extxyz": GEOMETRY, "key": key}}))
    (folder / LOG).write_text("")
    store.publish(folder, key, Outcome({"extxyz": GEOMETRY, "key": key}, None, {"host": "here"}))


def _read(store: Store, key: str) -> None:
    outcome = store.outcome(key)
    assert outcome is not None
    assert outcome.value is not None
    assert outcome.value["key"] == key


def _milliseconds(work: Any) -> float:
    """Return how long something took per result."""
    started = time.perf_counter()
    work()
    return round(1e3 * (time.perf_counter() - started) / RESULTS, 2)


def main() -> None:
    """Print the figures as a table."""
    for name, value in figures().items():
        print(f"{name:<36} {value}")


if __name__ == "__main__":
    main()
