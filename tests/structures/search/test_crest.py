"""The adaptor to CREST, with a script in its place: the program itself is in no package index."""

import stat

import numpy as np
import pytest

from reexplore.errors import CalculationFailed, FailureCode, MissingEngineError
from reexplore.structures.search.crest import require_crest, sample_conformers
from tests.structures.sample import relaxed

STAND_IN = """#!/bin/sh
echo "$@" > "{told}"
cat start.xyz start.xyz > crest_conformers.xyz
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def write(script):
        path = tmp_path / "crest"
        path.write_text(script)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return write


def test_conformers_come_back_in_order_with_charge_and_the_right_question(install, tmp_path):
    install(STAND_IN.format(told=tmp_path / "told"))
    start = relaxed("La_HOPO-H_1_6")
    assert require_crest() == str(tmp_path / "crest")
    found = sample_conformers(start)
    assert len(found) == 2
    for structure in found:
        assert (structure.symbols, structure.charge) == (start.symbols, start.charge)
        assert np.allclose(structure.positions_angstrom, start.positions_angstrom, atol=1e-6)
    told = (tmp_path / "told").read_text().split()
    assert told[told.index("--chrg") + 1] == str(start.charge)
    assert told[told.index("--uhf") + 1] == "0"
    assert told[told.index("--alpb") + 1] == "water"


def test_a_program_that_fails_is_a_coded_failure_with_what_it_said(install):
    install("#!/bin/sh\necho no memory\nexit 3\n")
    with pytest.raises(CalculationFailed) as caught:
        sample_conformers(relaxed("La_HOPO-H_1_6"))
    assert caught.value.failure.code is FailureCode.CRASHED
    assert "no memory" in caught.value.failure.evidence["output"]


@pytest.mark.usefixtures("install")
def test_without_the_program_it_says_what_to_install():
    with pytest.raises(MissingEngineError, match="conda install"):
        require_crest()
    with pytest.raises(MissingEngineError, match="conda install"):
        sample_conformers(relaxed("La_HOPO-H_1_6"))
