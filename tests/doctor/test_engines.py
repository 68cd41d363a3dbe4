import json

import pytest

from reexplore.doctor import checks, engines
from reexplore.doctor.engines import CHECKS, PROGRAMS, EngineReport, examine, report_line
from reexplore.errors import InputError


def test_engines_are_examined_in_order_and_heard_of_one_by_one():
    heard = []
    reports = examine(["openbabel", "rdkit"], on_result=heard.append)
    assert [r.engine for r in reports] == ["openbabel", "rdkit"]
    assert heard == reports
    assert all(r.ok and r.version for r in reports)
    # Ethanol's key in PubChem (CID 702).
    assert "LFQSCWFLJHTTHZ-UHFFFAOYSA-N" in reports[1].message


def test_two_programs_agree_on_water():
    tblite, xtb = examine(["tblite", "xtb-python"])
    energies = [float(r.message.split()[2]) for r in (tblite, xtb)]
    assert energies[0] == pytest.approx(energies[1], abs=1e-6)


def test_the_networks_of_electrons_know_benzene():
    (report,) = examine(["electrons"])
    assert report.ok
    assert "ionisation potential of benzene 9." in report.message


def test_an_unknown_engine_is_refused_with_the_nearest_name():
    with pytest.raises(InputError, match="did you mean 'tblite'"):
        examine(["tblight"])


def test_a_missing_package_names_its_remedy(monkeypatch):
    monkeypatch.setitem(CHECKS, "rdkit", ("rdkit-of-nowhere", CHECKS["rdkit"][1]))
    (report,) = examine(["rdkit"])
    assert not report.ok
    assert report.version is None
    assert report.remedy == "pip install 'rdkit-of-nowhere'"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("kill -SEGV $$", "crashed with SIGSEGV"),
        ("sleep 30", "no answer within 1 s"),
        ("echo chatter; echo no libfoo >&2; exit 3", "ended with exit code 3: no libfoo"),
        ("""echo noise; echo '{"ok": false, "message": "wrong number"}'""", "wrong number"),
    ],
)
def test_an_engine_may_crash_hang_or_babble(monkeypatch, tmp_path, script, message):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr(engines.sys, "executable", str(python))
    monkeypatch.setattr(engines, "_TIMEOUT_S", 1.0)
    (report,) = examine(["rdkit"])
    assert not report.ok
    assert report.message == message
    assert "rdkit" in report.remedy


def test_a_wrong_number_fails_the_check():
    with pytest.raises(ValueError, match=r"expected -5\.07"):
        checks._near("water", -5.08, -5.07, tolerance=1e-6)
    with pytest.raises(ValueError, match="nan"):
        checks._near("water", float("nan"), -5.07, tolerance=1e-6)


def test_optional_programs_are_found_or_not(monkeypatch, tmp_path):
    sbatch = tmp_path / "sbatch"
    sbatch.write_text("#!/bin/sh\necho 'slurm 22.05.8'\n")
    sbatch.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.setattr(engines.shutil, "which", lambda name: str(sbatch) if name == "sbatch" else None)
    found, missing = examine(["sbatch", "setpriv"])
    assert (found.ok, found.version) == (True, "22.05.8")
    assert (missing.ok, missing.version, missing.optional) == (True, None, True)
    assert "not found" in missing.message


def test_reports_are_json_and_one_line_with_the_remedy_below():
    report = EngineReport("tblite", None, False, 0.0, "not installed", "pip install 'tblite'")
    assert json.loads(json.dumps(report.to_dict()))["remedy"] == "pip install 'tblite'"
    assert report_line(report).startswith("FAIL tblite")
    assert report_line(report).endswith("pip install 'tblite'")


@pytest.mark.engine
def test_every_engine_gives_its_number():
    reports = examine(list(CHECKS))
    assert [r for r in reports if not r.ok] == []
    assert not set(CHECKS) & set(PROGRAMS)
