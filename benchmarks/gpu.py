"""What a graphics card gives: labels, their agreement with the processor, training and predictions.

    python benchmarks/gpu.py --json [--only PART ...]

The parts are `labels`, `side_by_side`, `open_shells`, `relaxation`, `training` and `predictions`. Each is run on the
card, and where it is compared on one core of the processor too, in processes of their own. Needs an NVIDIA card and
`pip install 'reexplore[gpu]'`; without them it says so and ends with code 1. Of the card a part takes a minute or two;
the processor's share of `open_shells` takes longer, and its (4,0) label 25 minutes: that one only with `--slow`.
With --json the last line is one JSON object:

paper_label_s                       seconds of a `paper` label with one (1_6) and four (4_0) ligands, kernels compiled
energy_difference_hartree_max       the largest difference of those labels from the processor's
labels_per_hour                     (1,6) `paper` labels an hour, six processes on the card
open_shell_difference_kcal_mol_max  the same of `paper` labels of open shells: Eu, Gd, Tm and six waters
open_shell_speedup                  seconds of a core over seconds of the card, the least of these three
dft_relaxation_s                    a relaxation of the (1,6) complex at `paper` by at most twenty gradients
training_s                          four members by every atom's energy on 600 complexes
predictions_per_s                   of one member, by the metal's energy and by every atom's
card                                the card's name
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
PARTS = ("labels", "side_by_side", "open_shells", "relaxation", "training", "predictions")
STRUCTURES = {"1_6": "La_HOPO-H_1_6", "4_0": "La_HOPO-H_4_0"}
#: Processes on one card, and labels of each.
TOGETHER, EACH = 6, 4
#: Open shells that are compared: metals and the waters around each.
OPEN_SHELLS, WATERS = ("Eu", "Gd", "Tm"), 6
#: The gradients of a relaxation that is timed.
GRADIENTS = 20
#: How long complexes are predicted.
SECONDS = 5.0


def card() -> str:
    """Return the name of the card, as another process sees it: this one is not to hold any of its memory."""
    code = "import cupy; print(cupy.cuda.runtime.getDeviceProperties(0)['name'].decode())"
    return subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


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


def open_shell(metal: str) -> dict[str, Any]:
    """Return the energy of a metal's aqua ion at `paper`, and the seconds it took."""
    from reexplore.energies.dft.single_point import single_point
    from reexplore.energies.levels import PAPER

    began = time.perf_counter()
    terms = single_point(_aqua_ion(metal), level=PAPER, memory_gb=16)
    return {
        "total_hartree": terms.total_hartree,
        "seconds": time.perf_counter() - began,
        "attempts": list(terms.attempts),
    }


def _aqua_ion(metal: str) -> Any:
    """Return an octahedron of waters around a trivalent ion."""
    import numpy as np

    from reexplore.structures.structure import Structure

    axes = np.vstack([np.eye(3), -np.eye(3)])
    symbols, positions = [metal], [np.zeros(3)]
    for axis in axes[:WATERS]:
        across = np.roll(np.abs(axis), 1)
        oxygen = 2.4 * axis
        symbols += ["O", "H", "H"]
        positions += [oxygen, oxygen + 0.59 * axis + 0.77 * across, oxygen + 0.59 * axis - 0.77 * across]
    return Structure(tuple(symbols), np.array(positions), 3)


def open_shells(*, slow: bool) -> dict[str, Any]:
    """Return how far open shells on the card are from the processor's, and how much faster they are."""
    from reexplore.energies.reactions import HARTREE_TO_KCAL_MOL

    del slow
    apart, faster = [], []
    for metal in OPEN_SHELLS:
        # The first compiles kernels.
        there = [_asked("open_shell", metal, device="cuda") for _ in range(2)][-1]
        here = _asked("open_shell", metal, device="cpu")
        apart.append(abs(there["total_hartree"] - here["total_hartree"]) * HARTREE_TO_KCAL_MOL)
        faster.append(here["seconds"] / there["seconds"])
    return {"open_shell_difference_kcal_mol_max": max(apart), "open_shell_speedup": round(min(faster), 1)}


def relaxed_by_dft() -> dict[str, Any]:
    """Return the seconds of the gradients that relax the (1,6) complex at `paper`, and how many there were."""
    from tests.structures.sample import relaxed

    from reexplore.energies.dft.relaxation import CONVERGED_HARTREE_BOHR, descend_by_dft, slope_hartree_bohr
    from reexplore.energies.levels import PAPER
    from reexplore.structures.xtb.surfaces import GFN2_M

    structure = relaxed(STRUCTURES["1_6"])
    began = time.perf_counter()
    frames = descend_by_dft(
        structure,
        level=PAPER,
        surface=GFN2_M.of(structure),
        path=None,
        is_done=lambda found: len(found) >= GRADIENTS or slope_hartree_bohr(found[-1]) < CONVERGED_HARTREE_BOHR,
        memory_gb=16,
    )
    return {"seconds": time.perf_counter() - began, "gradients": len(frames)}


def relaxation(*, slow: bool) -> dict[str, Any]:
    """Return the seconds of a relaxation at `paper`, the surface's Hessian included, and its gradients."""
    del slow
    found = _asked("relaxed_by_dft", device="cuda")
    return {"dft_relaxation_s": round(found["seconds"], 1), "dft_relaxation_gradients": found["gradients"]}


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


def missing() -> str | None:
    """Return what a card's figures lack here, None when nothing."""
    try:
        import cupy
        import gpu4pyscf  # noqa: F401 - asked for, not used here
        import torch
    except ImportError as error:
        return f"{error}: install it with `pip install 'reexplore[gpu]'`"
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except RuntimeError as error:
        return str(error)
    if not count:
        return "CuPy finds no card"
    return None if torch.cuda.is_available() else f"torch {torch.__version__} finds no card"


def main() -> None:
    """Measure the parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="measure these parts alone")
    parser.add_argument("--slow", action="store_true", help="compare (4,0) with the processor as well")
    options = parser.parse_args()
    if told := missing():
        raise SystemExit(f"nothing measured: this needs an NVIDIA card ({told})")
    figures: dict[str, Any] = {"card": card()}
    for part in options.only:
        figures |= globals()[part](slow=options.slow)
        print(part, json.dumps(figures), flush=True)
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
