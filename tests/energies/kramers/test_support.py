import numpy as np
import pytest

from reexplore.energies.kramers.memory import kept_integrals_gb, kramers_memory_gb, require_memory
from reexplore.energies.kramers.method import PRODUCTION
from reexplore.energies.kramers.support import require_supported
from reexplore.errors import CalculationFailed, FailureCode, InputError
from reexplore.structures.structure import Structure
from tests.energies.kramers.examples import LINEAR


def with_symbols(*symbols: str, charge: int = 1) -> Structure:
    return Structure(symbols, LINEAR.positions_angstrom[: len(symbols)], charge)


def test_a_magnet_is_supported():
    require_supported(LINEAR, PRODUCTION)


@pytest.mark.parametrize(
    ("structure", "reason"),
    [
        (with_symbols("O", "O", "H", "O", "H"), "and there are 0"),
        (with_symbols("Dy", "O", "H", "O", "Dy"), "and there are 2"),
        (with_symbols("Ho", "O", "H", "O", "H"), "10 4f electrons"),
        (with_symbols("Dy", "O", "H", "O", "H", charge=2), r"is it \+1 or \+3"),
        (with_symbols("Dy", "U", "H", "O", "H"), "no basis set 'x2c-SVPall' for U"),
    ],
)
def test_what_cannot_be_computed_is_one_sentence(structure, reason):
    with pytest.raises(InputError, match=reason):
        require_supported(structure, PRODUCTION)


def test_memory_is_known_beforehand():
    assert 1.0 < kramers_memory_gb(LINEAR, PRODUCTION) < 2.0
    # What can lie on disk is told apart.
    assert kept_integrals_gb(LINEAR, PRODUCTION) < 0.2
    with pytest.raises(CalculationFailed) as failed:
        require_memory(LINEAR, PRODUCTION, memory_gb=0.5)
    assert failed.value.failure.code is FailureCode.OUT_OF_MEMORY
    large = Structure(("Dy", *40 * ("C",)), np.zeros((41, 3)) + np.arange(41)[:, None], 3)
    assert kramers_memory_gb(large, PRODUCTION) > kramers_memory_gb(LINEAR, PRODUCTION)
