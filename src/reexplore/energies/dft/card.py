"""A closed shell's field on a graphics card, by gpu4pyscf: our molecule, start, grid, cavity and thresholds.

R. Li, Q. Sun, X. Zhang, G. K.-L. Chan, J. Phys. Chem. A 2025, 129, 1459. The number is that of the processor within
1e-5 Hartree, so that the card is no part of a level. Open shells, and what does not converge here, are the processor's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import df

from reexplore.device import wanted_device
from reexplore.energies.dft.states import gap_hartree
from reexplore.energies.levels import Level
from reexplore.errors import ExecutionError, MissingEngineError

Array = NDArray[np.float64]

_CYCLES = 50
#: What a card holds beside the integrals and the cavity: orbitals on the grid, matrices, compiled kernels.
_BESIDE_BYTES = 3e9
#: S, D, K and its factors, each points², and the share of a sphere's points that no other sphere covers.
_CAVITY_MATRICES = 5
_EXPOSED_SHARE = 0.5
_USABLE_SHARE = 0.9


@dataclass(frozen=True)
class CardField:
    """What a card came to; energies in hartree, `total_hartree` with both solvent terms and without dispersion.

    Where it did not end well, `fault` says why, and `density` is where to go on from.
    """

    card: str
    density: Array
    total_hartree: float
    solvent_hartree: float
    gap_hartree: float | None
    cycles: int
    fault: str = ""

    @property
    def attempt(self) -> dict[str, Any]:
        """Return it as an entry of `EnergyTerms.attempts`."""
        return {
            "stage": "field",
            "method": "gpu4pyscf",
            "card": self.card,
            "converged": not self.fault,
            "cycles": self.cycles,
            "energy_hartree": self.total_hartree,
        } | ({"fault": self.fault} if self.fault else {})


def converged_on_card(mol: Any, *, level: Level, density: Array, cds_hartree: float) -> CardField | None:
    """Return the field that a density, shape (nao, nao), leads to on a card; None where none is to be used.

    Raises `MissingEngineError` when a card is asked for and there is none, `ExecutionError` when it is asked for and
    too small, full, or lost meanwhile: with `auto` the processor takes over.
    """
    cupy = _cupy()
    if cupy is None:
        return None
    insists = wanted_device() == "cuda"
    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    card = properties["name"].decode()
    free, _ = cupy.cuda.Device().mem_info
    needed = needed_bytes(mol, level)
    if needed > _USABLE_SHARE * free:
        if insists:
            raise ExecutionError(
                f"{mol.natm} atoms at {level.name} need {needed / 1e9:.0f} GB of a card's memory, {card} has"
                f" {free / 1e9:.0f} GB free: take execution.device auto, or a larger card"
            )
        return None
    try:
        field = _field(mol, level, cds_hartree)
        total = float(field.kernel(cupy.asarray(density)))
        return CardField(
            card,
            np.asarray(cupy.asnumpy(field.make_rdm1())),
            total,
            float(field.scf_summary["e_solvent"]),
            gap_hartree(cupy.asnumpy(field.mo_energy), cupy.asnumpy(field.mo_occ)),
            int(field.cycles),
            fault="" if field.converged else f"not converged in {_CYCLES} cycles",
        )
    except (MemoryError, RuntimeError) as error:
        # CuPy's out of memory is a MemoryError, a card that is lost or broken a RuntimeError.
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        if insists:
            raise ExecutionError(f"{card} failed ({told}): look at it with nvidia-smi, then resume") from error
        return CardField(card, density, 0.0, 0.0, None, 0, fault=told)


def needed_bytes(mol: Any, level: Level) -> float:
    """Return the memory that a field takes on a card: fitted integrals, cavity, and what is beside them."""
    functions = df.addons.make_auxmol(mol, level.coulomb_fitting_basis).nao
    integrals = functions * mol.nao * (mol.nao + 1) / 2
    points = _EXPOSED_SHARE * level.cavity_points_per_sphere * mol.natm
    return float(8 * (integrals + _CAVITY_MATRICES * points**2) + _BESIDE_BYTES)


def _cupy() -> Any:
    """Return CuPy where a card is to be used and can be, None otherwise."""
    wanted = wanted_device()
    if wanted == "cpu":
        return None
    remedy = "install it with `pip install 'reexplore[gpu]'`, or take execution.device auto or cpu"
    try:
        import cupy
        import gpu4pyscf  # noqa: F401 - without it CuPy is of no use here
    except ImportError as error:
        if wanted == "cuda":
            raise MissingEngineError(f"DFT on a graphics card needs gpu4pyscf ({error}): {remedy}") from error
        return None
    try:
        # CuPy is imported without a card, and the first call fails.
        count = cupy.cuda.runtime.getDeviceCount()
    except RuntimeError as error:
        count, why = 0, f": {error}"
    else:
        why = ""
    if not count and wanted == "cuda":
        raise MissingEngineError(
            f"execution.device is cuda, and CuPy finds no NVIDIA card with a driver that is new enough{why}"
        )
    return cupy if count else None


def _field(mol: Any, level: Level, cds_hartree: float) -> Any:
    from gpu4pyscf import dft
    from gpu4pyscf.solvent import smd

    solvent = smd.SMD(mol, solvent=level.solvent)
    solvent.sasa_ng = level.cavity_points_per_sphere
    # Its own takes a lanthanide for the element whose charge the core potential leaves.
    solvent.e_cds = cds_hartree
    field = dft.RKS(mol, xc=level.functional).density_fit(auxbasis=level.coulomb_fitting_basis)
    field.grids.level = level.grid_level
    field.verbose = 0
    field.conv_check = False
    field = field.SMD(solvent)
    field.conv_tol, field.conv_tol_grad = level.energy_tolerance_hartree, level.gradient_tolerance
    field.max_cycle = _CYCLES
    return field
