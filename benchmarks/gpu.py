"""What a graphics card gives: labels, their agreement with the processor, training and predictions.

    python benchmarks/gpu.py --json [--only PART ...]

The parts are `labels`, `side_by_side`, `training` and `predictions`. Each is run on the card, and where it is compared
on one core of the processor too, in processes of their own. Needs an NVIDIA card, `pip install 'reexplore[gpu]'`, and a
minute of the card a part. The processor's (4,0) label takes 25 minutes and is left out unless `--slow` asks for it.
With --json the last line is one JSON object; figures name the card.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("labels", "side_by_side", "training", "predictions")
STRUCTURES = {"1_6": "La_HOPO-H_1_6", "4_0": "La_HOPO-H_4_0"}
#: Processes on one card, and labels of each.
TOGETHER, EACH = 6, 4
#: How long complexes are predicted.
SECONDS = 5.0


def label(name: str, level: str, repeats: int) -> dict[str, Any]:
    """Return the energies of a structure, one after another in this process, and the seconds of each."""
    from tests.structures.sample import relaxed

    from reexplore.energies.dft.single_point import single_point
    from reexplore.energies.levels import find_level

    seconds, terms = [], None
    for _ in range(repeats):
        began = time.perf_counter()
        terms = single_point(relaxed(name), level=find_level(level), memory_gb=16)
        seconds.append(time.perf_counter() - began)
    assert terms is not None
    return {"total_hartree": terms.total_hartree, "seconds": seconds, "attempts": list(terms.attempts)}


def labels(*, slow: bool) -> dict[str, Any]:
    """Return the seconds of a `paper` label once kernels are warm, and how far the card is from the processor."""
    figures: dict[str, Any] = {"paper_label_s": {}}
    apart = []
    for key, name in STRUCTURES.items():
        there = _asked("label", name, "paper", 3, device="cuda")
        figures["paper_label_s"][key] = round(min(there["seconds"]), 2)
        figures["card"] = there["attempts"][-1]["card"]
        if key == "1_6" or slow:
            here = _asked("label", name, "paper", 1, device="cpu")
            apart.append(abs(there["total_hartree"] - here["total_hartree"]))
    return figures | {"energy_difference_hartree_max": max(apart)}


def side_by_side(*, slow: bool) -> dict[str, Any]:
    """Return how many `paper` labels of (1,6) a card makes in an hour, several processes at a time."""
    del slow
    with ThreadPoolExecutor(TOGETHER) as threads:
        began = time.perf_counter()
        asked = [
            threads.submit(_asked, "label", STRUCTURES["1_6"], "paper", EACH, device="cuda") for _ in range(TOGETHER)
        ]
        for each in asked:
            each.result()
        seconds = time.perf_counter() - began
    return {"labels_per_hour": round(TOGETHER * EACH / seconds * 3600)}


def trained(readout: str, count: int) -> dict[str, Any]:
    """Return the seconds in which four members learn so many complexes of (1,6)."""
    from tests.surrogate.sample import make_samples

    from reexplore.surrogate.allegro import train_member
    from reexplore.surrogate.settings import AllegroSettings

    samples, settings = make_samples(count), AllegroSettings(readout=readout)  # type: ignore[arg-type]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for member in range(4):
            train_member(
                samples, settings=settings, member=member, members=4, seed=1, path=Path(folder) / f"{member}.pt"
            )
    return {"seconds": time.perf_counter() - began}


def training(*, slow: bool) -> dict[str, Any]:
    """Return the seconds of training by every atom's energy, 600 complexes, K = 4."""
    del slow
    return {"training_s": round(_asked("trained", "all", 600, device="cuda")["seconds"], 1)}


def predicted(readout: str) -> dict[str, Any]:
    """Return how many grafted complexes of (1,6) one member is asked of in a second, their graphs included."""
    import numpy as np
    from tests.structures.sample import relaxed
    from tests.surrogate.sample import make_samples

    from reexplore.chemistry.library import SUBSTITUENTS, find_scaffold
    from reexplore.chemistry.metals import METALS
    from reexplore.structures.screening.arrays import Complexes
    from reexplore.structures.screening.grafting import Grafting
    from reexplore.structures.screening.scaffolding import Scaffolding
    from reexplore.surrogate.allegro import SavedEnsemble, train_member
    from reexplore.surrogate.settings import AllegroSettings

    base = Scaffolding(find_scaffold("HOPO"), relaxed("La_HOPO-H_1_6"), ligands=1, waters=6)
    groups = tuple(SUBSTITUENTS.values())
    grafts = Grafting(base, groups).graft(np.arange(len(groups))[:, None])
    metals = tuple(METALS.values())
    complexes = Complexes.of(grafts, metals=metals, ligand_charges=np.full(len(grafts), -1))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0.pt"
        settings = AllegroSettings(readout=readout, epochs=1)  # type: ignore[arg-type]
        train_member(make_samples(16), settings=settings, member=0, members=4, seed=1, path=path)
        ensemble = SavedEnsemble([path])
    ensemble.predict(complexes)
    rounds, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        ensemble.predict(complexes)
        rounds += 1
    return {"per_s": rounds * complexes.size / (time.perf_counter() - began)}


def predictions(*, slow: bool) -> dict[str, Any]:
    """Return predictions a second by the metal's energy and by every atom's."""
    del slow
    found = {readout: _asked("predicted", readout, device="cuda")["per_s"] for readout in ("metal", "all")}
    return {"predictions_per_s": {readout: round(value) for readout, value in found.items()}}


def _asked(function: str, *arguments: Any, device: str) -> dict[str, Any]:
    """Return what a function of this file says in a fresh process on a device."""
    code = f"import gpu, json; print(json.dumps(gpu.{function}(*{arguments!r})))"
    path = os.pathsep.join([str(ROOT / "benchmarks"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "REEXPLORE_DEVICE": device, "OMP_NUM_THREADS": "1"}
    told = subprocess.run([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure the parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="measure these parts alone")
    parser.add_argument("--slow", action="store_true", help="compare (4,0) with the processor as well")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for part in options.only:
        figures |= globals()[part](slow=options.slow)
        print(part, json.dumps(figures), flush=True)
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
