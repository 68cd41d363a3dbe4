"""Energies of frozen geometries, kept one file a calculation: the ground the benchmarks of labels stand on.

Every calculation is FOLDER/<level>/<name>.json and is not repeated while geometry and level are the same.
`gfn2`, GFN2-xTB in ALPB water, is the method of the geometries. Beside the levels of reexplore stands `diffuse`, which
has the functional and the ligands' basis of `paper`, and the metals of `workstation`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from label_geometries import ion, stored
from numpy.typing import NDArray

from reexplore.chemistry.metals import find_metal
from reexplore.energies import LEVELS, EnergyTerms, Level, binding, energy_terms
from reexplore.energies.own_levels import own_level
from reexplore.errors import CalculationFailed
from reexplore.structures.structure import Structure
from reexplore.structures.xtb.surfaces import SURFACES, EnergySurface

Array = NDArray[np.float64]

DIFFUSE = own_level("diffuse", based_on="workstation", ligand_basis=LEVELS["paper"].ligand_basis)
_SHIPPED = tuple(level for level in LEVELS.values() if not level.is_fake)
#: By their names, the dearest last.
LEVEL_OF = {level.name: level for level in (*_SHIPPED[:-1], DIFFUSE, _SHIPPED[-1])}
METHODS = tuple(LEVEL_OF)


@dataclass(frozen=True)
class Bench:
    """Where calculations are kept and what each may take."""

    folder: Path
    threads: int = 1
    memory_gb: float = 4.0
    #: The surface on which the geometries were relaxed.
    surface: EnergySurface = SURFACES["gfn2-m"]

    @classmethod
    def of(cls, options: argparse.Namespace) -> Bench:
        """Return the bench that the options of `add_options` describe."""
        return cls(options.keep, options.threads, options.memory_gb, SURFACES[options.surface])

    def geometry(self, name: str) -> Structure:
        """Return a geometry of benchmarks/label_geometries that was relaxed on the bench's surface."""
        return stored(name, self.surface)

    def terms(
        self,
        name: str,
        structure: Structure,
        *,
        method: str,
        level: Level | None = None,
        prepare: Callable[[Path], None] | None = None,
    ) -> EnergyTerms | None:
        """Return the energy of a structure by a method, computed or kept; None when it failed, which is kept too.

        `level` is by default the one with the method's name; `prepare` fills the checkpoint from which the calculation
        goes on.
        """
        path = self.folder / method / f"{name}.json"
        level = (level or LEVEL_OF[method]).applied_to(structure.symbols)
        is_of: dict[str, Any] = {"geometry": structure.key, "method": method, "version": level.version}
        if level.corrections:
            is_of["corrections"] = [treatment.ecp for treatment in level.corrections]
        kept = json.loads(path.read_text()) if path.is_file() else {}
        if {key: kept.get(key) for key in is_of} != is_of:
            kept = is_of | self._compute(structure, method, level, prepare)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(kept, indent=1))
            told = kept.get("failure") or f"{kept['terms']['total_hartree']:.6f} Eh"
            print(f"# {method} {name}: {told}, {kept['cpu_s']:.0f} CPU-s", flush=True)
        return EnergyTerms.from_dict(kept["terms"]) if "terms" in kept else None

    def _compute(
        self, structure: Structure, method: str, level: Level, prepare: Callable[[Path], None] | None
    ) -> dict[str, Any]:
        wall_s, cpu_s = time.monotonic(), time.process_time()
        try:
            scratch = self.folder / method
            scratch.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=scratch) as checkpoint:
                if prepare is not None:
                    prepare(Path(checkpoint))
                terms = energy_terms(
                    structure,
                    level=level,
                    scratch=scratch,
                    checkpoint=Path(checkpoint),
                    threads=self.threads,
                    memory_gb=self.memory_gb,
                )
            found = {"terms": terms.to_dict()}
        except CalculationFailed as failed:
            found = {"failure": str(failed)}
        return found | {
            "cpu_s": round(time.process_time() - cpu_s, 1),
            "wall_s": round(time.monotonic() - wall_s, 1),
        }

    def binding_kcal_mol(self, complex_name: str, ligand_name: str, *, method: str) -> float | None:
        """Return the binding energy of an [M(L)(H2O)6] of the folder; None when one of its terms failed."""
        metal = find_metal(complex_name.split("_", maxsplit=1)[0])
        parts = (
            self.terms(complex_name, self.geometry(complex_name), method=method),
            self.terms(metal.symbol, ion(metal), method=method),
            self.terms(ligand_name, self.geometry(ligand_name), method=method),
            self.terms("water", self.geometry("water"), method=method),
        )
        complex_, bare, ligand, water = parts
        if complex_ is None or bare is None or ligand is None or water is None:
            return None
        return binding(complex_, ion=bare, ligand=ligand, water=water, ligands=1, waters=6).energy_kcal_mol


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every benchmark of labels asks."""
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON line, last")
    parser.add_argument("--keep", type=Path, required=True, help="the folder of finished calculations")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--memory-gb", type=float, default=4.0)
    parser.add_argument("--surface", choices=("gfn2-m", "gfn2"), default="gfn2-m", help="of the geometries")
