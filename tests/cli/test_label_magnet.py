"""`reexplore label --property kramers_gap`: doublets to read, the same as JSON, and every refusal before any work."""

import json

import pytest

from tests.cli.test_label import run  # noqa: F401 - a fixture

YTTERBIUM_FLUORIDE = "3\ncharge=1\nYb 0 0 0\nF 0 0 2.03\nF 0 0 -2.03\n"


@pytest.fixture
def magnet(tmp_path):
    path = tmp_path / "magnet.xyz"
    path.write_text(YTTERBIUM_FLUORIDE)
    return path


@pytest.mark.engine
def test_the_doublets_of_a_magnet_are_printed_and_kept(run, magnet, tmp_path):  # noqa: F811
    shown = run(magnet, "--property", "kramers_gap")
    assert shown.returncode == 0
    told = json.loads(run(magnet, "--property", "kramers_gap", "--json").stdout)
    assert f"first Kramers gap {told['gap_cm']:.1f} cm⁻¹" in shown.words
    assert told["reused"]
    assert len(told["doublets"]) == 4
    assert told["gap_cm"] == told["doublets"][1]["energy_cm"] > 50
    assert told["doubts"] == {}
    assert told["metal"] == "Yb"
    # What is in the store holds the same key for a campaign's task.
    assert (tmp_path / "runs" / "_store").is_dir()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("Yb", "Tb", "only an odd number has Kramers doublets"),
        ("Yb", "Na", "there are 0"),
        ("charge=1", "charge=2", "is it +1 or +3"),
    ],
)
def test_a_structure_without_a_gap_is_refused(run, magnet, old, new, reason):  # noqa: F811
    magnet.write_text(YTTERBIUM_FLUORIDE.replace(old, new))
    refused = run(magnet, "--property", "kramers_gap")
    assert refused.returncode == 2
    assert reason in " ".join(refused.stderr.split())


@pytest.mark.parametrize("option", [("--level", "quick"), ("--spin", "5"), ("--export", "orca")])
def test_options_of_an_energy_are_refused(run, magnet, option):  # noqa: F811
    refused = run(magnet, "--property", "kramers_gap", *option)
    assert refused.returncode == 2
    assert f"leave out {option[0]}" in " ".join(refused.stderr.split())


def test_too_little_memory_is_a_failure_before_the_start(run, magnet):  # noqa: F811
    failed = run(magnet, "--property", "kramers_gap", "--memory-limit", "0.5", "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["failure"]["code"] == "out_of_memory"
