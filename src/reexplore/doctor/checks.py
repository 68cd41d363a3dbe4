"""One small calculation for each engine, with the number it has to give.

Each check returns a sentence with what it measured, and raises when that is wrong.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from typing import Any


def _near(what: str, value: float, expected: float, *, tolerance: float, unit: str = "") -> str:
    if not math.isfinite(value) or abs(value - expected) > tolerance:
        raise ValueError(f"{what} is {value:.9g}{unit}, expected {expected:.9g} ± {tolerance:g}")
    return f"{what} {value:.9g}{unit}"


def _torch() -> str:
    import torch

    x = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    (x**3).backward()  # type: ignore[no-untyped-call]
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return _near("d(x³)/dx at 3 =", float(x.grad), 27.0, tolerance=1e-12) + f", on {device}"  # type: ignore[arg-type]


def _graph(atoms: Any, *, r_max: float) -> Any:
    import torch
    from nequip.data import AtomicDataDict, compute_neighborlist_, from_ase

    graph = compute_neighborlist_(from_ase(atoms), r_max=r_max)
    graph[AtomicDataDict.ATOM_TYPE_KEY] = torch.tensor([("C", "H").index(symbol) for symbol in atoms.symbols])
    return graph


def _nequip() -> str:
    from ase.build import molecule
    from nequip.data import AtomicDataDict

    edges = _graph(molecule("CH4"), r_max=1.5)[AtomicDataDict.EDGE_INDEX_KEY].shape[1]
    return _near("directed bonds in methane", edges, 8, tolerance=0)


def _allegro() -> str:
    from allegro.model import AllegroModel
    from ase.build import molecule
    from nequip.data import AtomicDataDict
    from nequip.utils.global_state import set_global_state

    set_global_state()
    sizes = dict.fromkeys((f"{part}_mlp_hidden_layers_width" for part in ("allegro", "readout", "scalar_embed")), 8) | {
        "num_layers": 1,
        "num_scalar_features": 8,
        "num_tensor_features": 4,
    }
    model = AllegroModel(
        **sizes,
        seed=1,
        model_dtype="float64",
        type_names=["C", "H"],
        r_max=3.0,
        l_max=1,
        radial_chemical_embed={"_target_": "allegro.nn.TwoBodyBesselScalarEmbed", "num_bessels": 4},
        avg_num_neighbors=4.0,
        do_derivatives=False,
        compile_mode="eager",
    )

    def output(*, turn_degrees: float = 0.0, stretch: float = 1.0) -> float:
        ethane = molecule("C2H6")
        ethane.rotate(turn_degrees, (1, 2, 3))
        ethane.positions *= stretch
        return float(model(_graph(ethane, r_max=3.0))[AtomicDataDict.TOTAL_ENERGY_KEY].sum())

    if not abs(output(stretch=1.02) - output()) > 1e-6:
        raise ValueError("the output does not depend on the geometry")
    return _near("output changed by turning ethane", output(turn_degrees=77) - output(), 0, tolerance=1e-9)


def _botorch() -> str:
    import torch
    from botorch.acquisition.analytic import ExpectedImprovement
    from botorch.utils.testing import MockModel, MockPosterior

    zero = torch.zeros(1, 1, 1, dtype=torch.float64)
    normal = MockModel(MockPosterior(mean=zero, variance=torch.ones_like(zero)))
    improvement = float(ExpectedImprovement(normal, best_f=0.0)(zero))
    return _near("expected improvement of N(0, 1) over 0", improvement, 1 / math.sqrt(2 * math.pi), tolerance=1e-9)


def _architector() -> str:
    from reexplore.structures.builders.architector import imported

    build_complex = imported()
    request = {
        "core": {"metal": "La", "coreCN": 6},
        "ligands": ["water"] * 6,
        "parameters": {"relax": False, "assemble_method": "GFN-FF", "n_symmetries": 1, "n_conformers": 1}
        | {"return_only_1": True, "skip_duplicate_tests": True},
    }
    (complex_,) = build_complex(request).values()
    atoms = complex_["ase_atoms"]
    oxygens = [atom.index for atom in atoms if atom.symbol == "O"]
    distances = atoms.get_distances(0, oxygens)
    _near("oxygens around La", len(oxygens), 6, tolerance=0)
    # Between the sum of the ionic radii (2.4 Å) and the nona-aqua ion's 2.54 Å, with room on both sides.
    return "La(H2O)6 built, " + _near("mean La-O", float(distances.mean()), 2.47, tolerance=0.15, unit=" Å")


def _numba() -> str:
    import numba

    @numba.njit  # type: ignore[untyped-decorator]
    def squares(n: int) -> int:
        total = 0
        for k in range(n + 1):
            total += k * k
        return total

    return _near("compiled sum of squares to 1000", squares(1000), 333_833_500, tolerance=0)


def _openbabel() -> str:
    from openbabel import openbabel

    conversion, molecule = openbabel.OBConversion(), openbabel.OBMol()
    conversion.SetInAndOutFormats("smi", "inchi")
    conversion.ReadString(molecule, "C1=CC=CC=C1")
    return _same("benzene", conversion.WriteString(molecule).strip(), "InChI=1S/C6H6/c1-2-4-6-5-3-1/h1-6H")


def _rdkit() -> str:
    from rdkit import Chem

    mol = Chem.MolFromSmiles("OCC")
    _same("ethanol", Chem.MolToSmiles(mol), "CCO")
    return _same("ethanol", Chem.MolToInchiKey(mol), "LFQSCWFLJHTTHZ-UHFFFAOYSA-N")  # type: ignore[no-untyped-call]


def _same(what: str, found: str, expected: str) -> str:
    if found != expected:
        raise ValueError(f"{what} is '{found}', expected '{expected}'")
    return f"{what} is {found}"


# Water and its GFN2-xTB energy, as xtb's own tests have them.
_WATER_NUMBERS = (8, 1, 1)
_WATER_BOHR = ((0.0, 0.0, -0.73578586), (1.44183152, 0.0, 0.36789293), (-1.44183152, 0.0, 0.36789293))
_WATER_HARTREE = -5.070451355


def _tblite() -> str:
    import numpy as np

    from reexplore.structures.xtb.blas import lend_openblas

    blas = lend_openblas()
    from tblite.interface import Calculator

    calculator = Calculator("GFN2-xTB", np.array(_WATER_NUMBERS), np.array(_WATER_BOHR))
    calculator.set("verbosity", 0)
    energy = float(calculator.singlepoint().get("energy"))
    return _near("GFN2-xTB water", energy, _WATER_HARTREE, tolerance=1e-6, unit=" Eh") + f", with {blas}"


# Formaldehyde beside water, as xtb's own tests of GFN-FF have them, and the energy they expect.
_PAIR_NUMBERS = (6, 8, 1, 1, 8, 1, 1)
_PAIR_BOHR = (
    (-5.78520874, -1.92328476, -0.02944611),
    (-5.57801769, 0.17912532, 0.72444143),
    (-4.27822257, -2.74845397, -1.13038074),
    (-7.47879539, -2.97570121, 0.39488816),
    (-0.83005338, 2.43458471, -0.78566332),
    (-0.74201440, 4.04199055, 0.09144422),
    (-2.44679415, 1.69392751, -0.27417668),
)
_PAIR_HARTREE = -0.949706677


def _gfnff() -> str:
    import numpy as np
    from gfnff import GFNFFCalculator

    numbers, positions = np.array(_PAIR_NUMBERS), np.array(_PAIR_BOHR)
    energy, *_ = GFNFFCalculator(numbers, positions, version="angewChem2020_2").singlepoint(numbers, positions)
    return _near("GFN-FF CH2O and water", float(energy), _PAIR_HARTREE, tolerance=1e-7, unit=" Eh")


def _xtb_python() -> str:
    import numpy as np
    from xtb.interface import Calculator, Param
    from xtb.libxtb import VERBOSITY_MUTED

    calculator = Calculator(Param.GFN2xTB, np.array(_WATER_NUMBERS), np.array(_WATER_BOHR))
    calculator.set_verbosity(VERBOSITY_MUTED)
    energy = float(calculator.singlepoint().get_energy())
    return _near("GFN2-xTB water", energy, _WATER_HARTREE, tolerance=1e-6, unit=" Eh")


def _pyscf() -> str:
    from pyscf import gto, scf

    field = scf.RHF(gto.M(atom="H 0 0 0; H 0 0 0.74", basis="sto-3g", verbose=0))
    energy = float(field.kernel())
    if not field.converged:
        raise ValueError("the SCF of H2 does not converge")
    # A. Szabo, N. S. Ostlund, Modern Quantum Chemistry, have -1.1167 at 1.4 bohr, nearly this distance.
    return _near("HF/STO-3G H2", energy, -1.11676, tolerance=1e-5, unit=" Eh")


def _gpu4pyscf() -> str:
    import cupy
    from gpu4pyscf import dft
    from pyscf import gto
    from pyscf.dft import RKS

    if not cupy.cuda.runtime.getDeviceCount():
        raise ValueError("CuPy finds no NVIDIA card with a driver that is new enough")
    card = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)["name"].decode()
    free, total = (size / 1e9 for size in cupy.cuda.Device().mem_info)
    water = gto.M(atom="O 0 0 0.117; H 0 0.757 -0.469; H 0 -0.757 -0.469", basis="def2-svp", verbose=0)
    here, there = (kind(water, xc="pbe").density_fit().kernel() for kind in (RKS, dft.RKS))
    told = _near("PBE water, card less processor", float(there - here), 0.0, tolerance=1e-6, unit=" Eh")
    return f"{told}, on {card}, {free:.0f} of {total:.0f} GB free"


def _dispersion() -> str:
    from pyscf import gto
    from pyscf.data.nist import BOHR
    from pyscf.dispersion import dftd4

    distance_angstrom = 20.0
    atoms = gto.M(atom=f"Ne 0 0 0; Ne 0 0 {distance_angstrom}", verbose=0)
    energy = float(dftd4.DFTD4Dispersion(atoms, xc="b3lyp").get_dispersion()["energy"])
    # A. Kumar, W. J. Meath, Mol. Phys. 1985, 54, 823: C6(Ne-Ne) = 6.38 from oscillator strengths.
    return _near("D4's C6 of Ne", -energy * (distance_angstrom / BOHR) ** 6, 6.38, tolerance=0.2, unit=" Eh a0⁶")


def _basis_sets() -> str:
    import basis_set_exchange

    europium = basis_set_exchange.get_basis("lcecp-1-TZVP", elements=[63])["elements"]["63"]
    # Trivalent Eu with 4f in the core: [Kr] 4d10 4f6.
    return _near("core electrons of Eu in lcecp-1-TZVP", europium["ecp_electrons"], 52, tolerance=0)


def _parsl() -> str:
    import parsl
    from parsl.config import Config
    from parsl.executors import ThreadPoolExecutor

    with tempfile.TemporaryDirectory() as folder:
        threads = ThreadPoolExecutor(max_threads=1)
        config = Config(executors=[threads], run_dir=folder, usage_tracking=0, initialize_logging=False)
        with parsl.load(config):
            product = parsl.python_app(lambda a, b: a * b)(6, 7).result(timeout=30)
    return _near("6 × 7 through a future", product, 42, tolerance=0)


def _mlflow() -> str:
    import sqlite3
    from pathlib import Path

    from reexplore.tracking import CampaignRecord, RoundRecord
    from reexplore.tracking.mlflow import DATABASE, Tracker

    value = 3.25
    round_ = RoundRecord(0, "seed", 0, 1, 0, metrics={"check": value})
    record = CampaignRecord("doctor", "doctor", "none", 0, "", 0, 1, rounds=(round_,))
    with tempfile.TemporaryDirectory() as folder:
        Tracker(folder).sync(record)
        database = sqlite3.connect(Path(folder) / DATABASE)
        (found,) = database.execute("SELECT DISTINCT value FROM metrics WHERE key = 'check'").fetchone()
        database.close()
    return _near("a metric written and read,", found, value, tolerance=0)


def _electrons() -> str:
    import numpy as np
    from ase.build import molecule

    from reexplore.electrons.ensemble import Ensemble
    from reexplore.structures.structure import Structure

    benzene = molecule("C6H6")
    (found,) = Ensemble.load().states([Structure(tuple(benzene.symbols), benzene.positions, 0)])
    lost = float(np.abs(found.states.charges_e.sum(axis=1) - [1.0, 0.0, -1.0]).max())
    _near("charge that is lost", lost, 0.0, tolerance=1e-5, unit=" e")
    potential = found.states.ionisation_potential_ev
    # NIST Chemistry WebBook, the vertical one.
    return _near("learned ionisation potential of benzene", potential, 9.24, tolerance=0.5, unit=" eV")


#: Engine → (its distribution, its check), in the order in which a campaign needs them.
CHECKS: dict[str, tuple[str, Callable[[], str]]] = {
    "rdkit": ("rdkit", _rdkit),
    "openbabel": ("openbabel-wheel", _openbabel),
    "numba": ("numba", _numba),
    "gfnff": ("gfnff", _gfnff),
    "architector": ("architector", _architector),
    "tblite": ("tblite", _tblite),
    "xtb-python": ("xtb", _xtb_python),
    "pyscf": ("pyscf", _pyscf),
    "gpu4pyscf": ("gpu4pyscf-cuda12x", _gpu4pyscf),
    "pyscf-dispersion": ("pyscf-dispersion", _dispersion),
    "basis-set-exchange": ("basis-set-exchange", _basis_sets),
    "torch": ("torch", _torch),
    "nequip": ("nequip", _nequip),
    "allegro": ("nequip-allegro", _allegro),
    "electrons": ("torch", _electrons),
    "botorch": ("botorch", _botorch),
    "parsl": ("parsl", _parsl),
    "mlflow": ("mlflow", _mlflow),
}
