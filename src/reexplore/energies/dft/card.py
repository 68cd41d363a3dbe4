"""The electrons' interaction on a graphics card, by gpu4pyscf: our molecule, fitting basis, grid and cavity.

R. Li, Q. Sun, X. Zhang, G. K.-L. Chan, J. Phys. Chem. A 2025, 129, 1459. Start, states and convergence are those of
the processor, and so is the number within 1e-5 Hartree: the card is no part of a level.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyscf import df, dft, lib
from pyscf.dft.gen_grid import LEBEDEV_ORDER
from pyscf.scf import _vhf

from reexplore.device import wanted_device
from reexplore.energies.dft.interaction import CardError
from reexplore.energies.dft.solvent import radii_and_permittivity
from reexplore.energies.levels import GAS_PHASE, Level
from reexplore.errors import ExecutionError, MissingEngineError

Array = NDArray[np.float64]

#: What a card holds beside the integrals and the cavity: orbitals on the grid, matrices, compiled kernels.
_BESIDE_BYTES = 3e9
#: Of the cavity while it is laid, each points²: S, D, DA, DAS, K and the workspace of its factors. And the share of a
#: sphere's points that no other sphere covers.
_CAVITY_MATRICES = 6
_EXPOSED_SHARE = 0.5
#: gpu4pyscf leaves out orbital pairs whose largest Coulomb integral is below the square of this.
_PAIR_THRESHOLD = 1e-14
#: It keeps the integrals on a card where they take no more than 95 % of what its buffer, 20 %, leaves of the memory.
_INTEGRAL_SHARE = 0.95 * 0.8
#: The least number of fitting functions whose integrals are squared out at a time.
_LEAST_ROWS = 32
_USABLE_SHARE = 0.9
#: How long a task that is to have a card waits for the memory that others hold on it, and how often it looks.
_WAIT_S, _LOOK_S = 600.0, 2.0


class Card:
    """An `Interaction` whose matrices come from a card; raises `CardError` when it is lost or full.

    Where a card was asked for, that is an `ExecutionError`. Making one raises `MemoryError` when others were faster.
    """

    def __init__(self, mol: Any, level: Level, *, cupy: Any, name: str) -> None:
        import gpu4pyscf.dft
        from gpu4pyscf.solvent import pcm

        self.card: str | None = name
        self._mol, self._cupy = mol, cupy
        with self._guarded(but=MemoryError):
            solvent = pcm.PCM(mol)
            solvent.method = "IEF-PCM"
            solvent.radii_table, solvent.eps = radii_and_permittivity(level)
            points = level.cavity_points_per_sphere
            solvent.lebedev_order = next(order for order, count in LEBEDEV_ORDER.items() if count == points)
            make = gpu4pyscf.dft.UKS if mol.spin else gpu4pyscf.dft.RKS
            field = make(mol, xc=level.functional).density_fit(auxbasis=level.coulomb_fitting_basis)
            field.verbose = 0
            if _with_exchange(mol, level):
                # The largest first, so that everything else adapts to what is left; never into the task's own memory.
                field.with_df.use_gpu_memory = True
                field.with_df.build()
            self._field = field.PCM(solvent)

    def use_grid(self, grid_level: int) -> None:
        """Integrate on this grid from now on: assigning its level lets go of the points before."""
        self._field.grids.level = grid_level

    def core_hamiltonian(self) -> Array:
        """Return the matrix of kinetic energy, nuclei and core potentials."""
        with self._guarded():
            return np.asarray(self._cupy.asnumpy(self._field.get_hcore()))

    def potential(self, density: Array, *, hartree_fock: bool) -> Any:
        """Return the effective potential with its energies; the solvent sees the orbitals' own density."""
        with self._guarded():
            matrix = self._there(density)
            # By position: the names of these arguments are not PySCF's in every class.
            if hartree_fock:
                coulomb, exchange = self._field.get_jk(self._mol, matrix)
                own = coulomb.sum(axis=0) - exchange if density.ndim == 3 else coulomb - 0.5 * exchange
                solvent_energy, reaction = self._field.with_solvent.kernel(matrix)
                energies = {"ecoul": 0.5 * float((own * matrix).sum()), "exc": 0.0}
            else:
                own = self._field.get_veff(self._mol, matrix)
                solvent_energy, reaction = own.e_solvent, own.v_solvent
                energies = {"ecoul": float(own.ecoul), "exc": float(own.exc)}
            potential = np.asarray(self._cupy.asnumpy(own + reaction))
        return lib.tag_array(potential, e_solvent=float(solvent_energy), **energies)

    def diagonalised(self, matrix: Array, span: Array) -> tuple[Array, Array]:
        """Return eigenvalues and eigenvectors of a symmetric matrix within orthonormal orbitals."""
        cupy = self._cupy
        with self._guarded():
            orbitals = cupy.asarray(span)
            energies, turned = cupy.linalg.eigh(orbitals.T @ cupy.asarray(matrix) @ orbitals)
            return np.asarray(cupy.asnumpy(energies)), np.asarray(cupy.asnumpy(orbitals @ turned))

    def solvent_hartree(self, density: Array) -> float:
        """Return the electrostatic energy of the solvent."""
        with self._guarded():
            return float(self._field.with_solvent.kernel(self._cupy.asarray(density))[0])

    def gradient(self, field: Any) -> Array:
        """Return the gradient of a converged closed shell in hartree/bohr, nuclei included, shape (atoms, 3)."""
        cupy = self._cupy
        with self._guarded():
            there = self._field
            # The cavity's derivatives take the place of the integrals, which the gradient evaluates anew.
            there.with_df.reset()
            there.mo_energy, there.mo_coeff = cupy.asarray(field.mo_energy), cupy.asarray(field.mo_coeff)
            there.mo_occ, there.converged = cupy.asarray(field.mo_occ), True
            return np.asarray(cupy.asnumpy(there.nuc_grad_method().kernel()))

    def _there(self, density: Any) -> Any:
        """Return a density on the card, with the orbitals it is made of where they are known: they spare time."""
        from gpu4pyscf.lib.cupy_helper import tag_array

        matrix = self._cupy.asarray(np.asarray(density))
        if not hasattr(density, "mo_coeff"):
            return matrix
        orbitals, occupations = (self._cupy.asarray(part) for part in (density.mo_coeff, density.mo_occ))
        return tag_array(matrix, mo_coeff=orbitals, mo_occ=occupations)

    @contextmanager
    def _guarded(self, but: tuple[type[Exception], ...] | type[Exception] = ()) -> Iterator[None]:
        """Turn what a card raises, `but` for some errors, into what the caller can go on from."""
        try:
            yield
        except but:
            raise
        except (MemoryError, RuntimeError, AssertionError) as error:
            # CuPy's out of memory is a MemoryError, a card that is lost or broken a RuntimeError; gpu4pyscf asserts
            # that the memory left holds a block.
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            if wanted_device() == "cuda":
                raise ExecutionError(f"{self.card} failed ({told}): look at it with nvidia-smi, then resume") from error
            raise CardError(str(self.card), told) from error


def card_for(mol: Any, level: Level) -> Card | None:
    """Return the card to compute on, None where none is to be used or it has no room, and in the gas phase.

    Several tasks may share a card: what the others hold is not free. Where a card is asked for, a full one is waited
    for. Raises `MissingEngineError` when it is asked for and there is none, `ExecutionError` when it is too small, or
    full for ten minutes.
    """
    cupy = _cupy()
    if cupy is None or level.solvent == GAS_PHASE:
        return None
    properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
    name = properties["name"].decode()
    _let_go(cupy)
    free, total = cupy.cuda.Device().mem_info
    needed = needed_bytes(mol, level, pairs=mol.nao * (mol.nao + 1) / 2)
    if needed > _USABLE_SHARE * free:
        needed = needed_bytes(mol, level, pairs=_kept_pairs(mol))
    began = time.monotonic()
    while True:
        free = cupy.cuda.Device().mem_info[0]
        if needed <= _USABLE_SHARE * free:
            try:
                return Card(mol, level, cupy=cupy, name=name)
            except MemoryError:
                _let_go(cupy)
        if wanted_device() != "cuda":
            return None
        if needed > _USABLE_SHARE * total or time.monotonic() - began > _WAIT_S:
            raise ExecutionError(
                f"{mol.natm} atoms at {level.name} need {needed / 1e9:.0f} GB of a card's memory, {name} has"
                f" {free / 1e9:.0f} of {total / 1e9:.0f} GB free: take execution.device auto, a larger card, or fewer"
                " workers on it"
            )
        time.sleep(_LOOK_S)


def _let_go(cupy: Any) -> None:
    """Give back what this process holds on its card and uses no more, such as its last calculation."""
    gc.collect()
    cupy.get_default_memory_pool().free_all_blocks()


def needed_bytes(mol: Any, level: Level, *, pairs: float) -> float:
    """Return the memory that a molecule takes on a card when the fit keeps so many orbital pairs.

    Counted from gpu4pyscf 1.9. `df/df.py` (`_cholesky_eri`) keeps the integrals of the pairs that are left, times the
    fitting functions, where exchange is to be computed; the Coulomb energy alone (`j_engine_3c2e.py`) keeps none.
    `df_jk.get_jk` squares out and half-transforms as many fitting functions at a time as there is room for. The
    cavity's matrices are those of `solvent/pcm.py` (`PCM.build`).
    """
    points = _EXPOSED_SHARE * level.cavity_points_per_sphere * mol.natm
    beside = 8 * _CAVITY_MATRICES * points**2 + _BESIDE_BYTES
    if not _with_exchange(mol, level):
        return float(beside)
    integrals = 8 * pairs * df.addons.make_auxmol(mol, level.coulomb_fitting_basis).nao
    rows = 8 * _LEAST_ROWS * mol.nao * (mol.nao + 2 * max(mol.nelec))
    return float(max(integrals / _INTEGRAL_SHARE, integrals + rows + beside))


def _with_exchange(mol: Any, level: Level) -> bool:
    """Return whether exact exchange is computed: open shells start from Hartree-Fock whatever the functional."""
    return bool(dft.libxc.is_hybrid_xc(level.functional) or mol.spin)


def _kept_pairs(mol: Any) -> float:
    """Return how many orbital pairs gpu4pyscf keeps: Schwarz's inequality by pairs of shells, each pair whole."""
    bound = _vhf._VHFOpt(mol, "int2e", "CVHFnrs8_prescreen", "CVHFnr_int2e_q_cond").get_q_cond()
    sizes = np.diff(mol.ao_loc_nr())
    return float(np.outer(sizes, sizes)[np.tril(bound > _PAIR_THRESHOLD)].sum())


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
