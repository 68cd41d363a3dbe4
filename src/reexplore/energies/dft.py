"""Single-point density-functional energies of closed-shell structures in water."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import df, dft, lib
from scipy.linalg import cho_factor, cho_solve

from reexplore.energies.exchange_correlation import BlockedIntegrator
from reexplore.energies.guess import start_density
from reexplore.energies.levels import Level, require_available
from reexplore.energies.molecule import build_molecule
from reexplore.energies.solvent import FactorisedSMD
from reexplore.energies.terms import EnergyTerms
from reexplore.energies.three_centre import ThreeCentreIntegrals
from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.structures.geometry import Structure

Array = NDArray[np.float64]

#: The share of the memory limit that kept integrals and orbital values may take; matrices need the rest.
_KEPT_SHARE = 0.75
#: Cycles each rung of the ladder may take.
DIIS_CYCLES = 50
LEVEL_SHIFT_CYCLES = 80
SECOND_ORDER_CYCLES = 30
_LEVEL_SHIFT_HARTREE = 0.3


class _KohnSham(dft.rks.RKS):
    """Restricted Kohn-Sham with a pure functional, a fitted Coulomb matrix and one rule of convergence."""

    def __init__(self, mol: Any, *, level: Level, memory_bytes: float, scratch: Path | None) -> None:
        super().__init__(mol, xc=level.functional)
        if self._numint.libxc.is_hybrid_xc(level.functional):
            raise InputError(f"level '{level.name}' needs exact exchange, which is not available")
        self.disp = level.dispersion
        self.direct_scf = False
        self.conv_check = False
        self.chkfile = None
        self.conv_tol = level.energy_tolerance_hartree
        self.conv_tol_grad = level.gradient_tolerance
        self.grids.level = level.grid_level
        self.gradient_norm = float("inf")
        fitting = df.addons.make_auxmol(mol, level.coulomb_fitting_basis)
        self._metric = cho_factor(fitting.intor("int2c2e"), overwrite_a=True)
        self.integrals = ThreeCentreIntegrals(mol, fitting, memory_bytes=memory_bytes, scratch=scratch)

    def keep_orbital_values(self, memory_bytes: float) -> None:
        """Let the numerical integration keep the orbitals' values on the grid, up to this memory."""
        self._numint = BlockedIntegrator(memory_bytes=memory_bytes)

    def get_jk(  # noqa: PLR0917 - PySCF's signature
        self,
        mol: Any = None,  # noqa: ARG002
        dm: Array | None = None,
        hermi: int = 1,  # noqa: ARG002
        with_j: bool = True,
        with_k: bool = True,
        omega: float | None = None,
    ) -> tuple[Array | None, None]:
        """Return the fitted Coulomb matrix of one or several density matrices; there is no exchange."""
        if with_k or omega:
            raise NotImplementedError("exact exchange")
        if not with_j:
            return None, None
        dms = np.asarray(self.make_rdm1() if dm is None else dm)
        nao = dms.shape[-1]
        coulomb = [self._coulomb(single) for single in dms.reshape(-1, nao, nao)]
        return np.array(coulomb).reshape(dms.shape), None

    def _coulomb(self, density: Array) -> Array:
        charges = cho_solve(self._metric, self.integrals.potential_of_density(0.5 * (density + density.T)))
        return self.integrals.potential_matrix(charges)

    def check_convergence(self, variables: dict[str, Any]) -> bool:
        """Return whether energy and orbital gradient have settled (PySCF calls it every cycle)."""
        self.gradient_norm = float(variables["norm_gorb"])
        change = abs(variables["e_tot"] - variables["last_hf_e"])
        return bool(change < self.conv_tol and self.gradient_norm < self.conv_tol_grad)


def single_point(
    structure: Structure,
    *,
    level: Level,
    scratch: Path | None = None,
    threads: int = 1,
    memory_gb: float = 4.0,
) -> EnergyTerms:
    """Return the energy of a structure in water at a level, in parts.

    `scratch` is a folder for integrals that do not fit into `memory_gb`; without it they are
    evaluated again in every cycle. Raises `InputError` for a level that cannot be run, an element
    it does not cover or an odd number of electrons; `CalculationFailed` with `NOT_CONVERGED` and
    all attempts when no rung of the ladder converged, with `OUT_OF_MEMORY` when memory ran out.
    """
    require_available(level)
    if level.is_fake:
        raise InputError(f"level '{level.name}' is invented and has no density-functional energy")
    clock = _StageClock()
    try:
        with lib.with_omp_threads(threads):
            return _run(structure, level=level, scratch=scratch, memory_gb=memory_gb, clock=clock)
    except MemoryError as error:
        raise CalculationFailed(
            FailureCode.OUT_OF_MEMORY, "scf", f"{len(structure)} atoms do not fit in {memory_gb:g} GB"
        ) from error


def _run(
    structure: Structure, *, level: Level, scratch: Path | None, memory_gb: float, clock: _StageClock
) -> EnergyTerms:
    kept_bytes = _KEPT_SHARE * memory_gb * 1e9
    with clock.stage("molecule and start density"):
        mol = build_molecule(structure, level=level, memory_gb=memory_gb)
        density = start_density(mol, level=level)
    with clock.stage("cavity"):
        solvent = FactorisedSMD(
            mol,
            solvent=level.solvent,
            points_per_sphere=level.cavity_points_per_sphere,
            memory_bytes=kept_bytes,
            scratch=scratch,
        )
        # The first use lays the cavity, evaluates its integrals and keeps them.
        solvent.kernel(density)
        kept_bytes -= solvent.bytes_in_memory
    with clock.stage("Coulomb integrals"):
        field = _KohnSham(mol, level=level, memory_bytes=kept_bytes, scratch=scratch)
        field.integrals.potential_of_density(density)
        field.keep_orbital_values(kept_bytes - field.integrals.bytes_in_memory)
        field = field.SMD(solvent)
    with clock.stage("one-electron integrals"):
        core_hamiltonian = field.get_hcore()
        field.get_hcore = lambda *_: core_hamiltonian
    with clock.stage("scf"):
        attempts = _converge(field, density)
    return _terms(field, level=level, attempts=attempts, stage_cpu_seconds=clock.seconds)


def _converge(field: Any, density: Array) -> tuple[dict[str, Any], ...]:
    """Climb the ladder until an attempt converges; raise `CalculationFailed` when none does."""
    attempts: list[dict[str, Any]] = []
    for method in (_diis, _level_shift, _second_order):
        cycles, energy, gradient = method(field, density)
        attempts.append(
            {
                "method": method.__name__.strip("_").replace("_", " "),
                "converged": bool(field.converged),
                "cycles": int(cycles),
                "energy_hartree": float(energy),
                "gradient_norm": float(gradient),
            }
        )
        if field.converged:
            return tuple(attempts)
    raise CalculationFailed(
        FailureCode.NOT_CONVERGED, "scf", f"{len(attempts)} methods did not converge", attempts=attempts
    )


def _diis(field: Any, density: Array) -> tuple[int, float, float]:
    field.max_cycle = DIIS_CYCLES
    energy = field.kernel(density)
    return field.cycles, energy, field.gradient_norm


def _level_shift(field: Any, density: Array) -> tuple[int, float, float]:
    field.max_cycle = LEVEL_SHIFT_CYCLES
    field.level_shift = _LEVEL_SHIFT_HARTREE
    energy = field.kernel(density)
    field.level_shift = 0
    return field.cycles, energy, field.gradient_norm


def _second_order(field: Any, _density: Array) -> tuple[int, float, float]:
    """Newton steps from the orbitals the level shift left."""
    solver = field.newton()
    solver.max_cycle = SECOND_ORDER_CYCLES
    solver.kernel(field.mo_coeff, field.mo_occ)
    for name in ("converged", "e_tot", "mo_coeff", "mo_occ", "mo_energy", "scf_summary"):
        setattr(field, name, getattr(solver, name))
    gradient = float(np.linalg.norm(solver.get_grad(solver.mo_coeff, solver.mo_occ)))
    return solver.cycles, solver.e_tot, gradient


def _terms(
    field: Any, *, level: Level, attempts: tuple[dict[str, Any], ...], stage_cpu_seconds: dict[str, float]
) -> EnergyTerms:
    summary = field.scf_summary
    mol = field.mol
    return EnergyTerms(
        level=level.name,
        level_version=level.version,
        total_hartree=float(field.e_tot),
        dispersion_hartree=float(summary["dispersion"]),
        solvent_electrostatic_hartree=float(summary["e_solvent"]),
        solvent_cds_hartree=float(summary["e_cds"]),
        cycles=sum(attempt["cycles"] for attempt in attempts),
        basis_functions=int(mol.nao),
        electrons=int(mol.nelectron),
        multiplicity=int(mol.spin) + 1,
        attempts=attempts,
        stage_cpu_seconds={name: round(seconds, 2) for name, seconds in stage_cpu_seconds.items()},
    )


class _StageClock:
    """CPU seconds of this process by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.seconds[name] = time.process_time() - start
