"""A question for constants is refused before anything is computed; an answer counts protons as chemists do."""

import json

import pytest
from rich.console import Console

from reexplore.anchors.calibration import Calibration
from reexplore.cli.stability_tables import stability_json, stability_lines
from reexplore.energies.acidity import ComputedPka
from reexplore.energies.protons import KCAL_MOL_PER_LOG_UNIT as UNIT
from reexplore.errors import InputError
from reexplore.workbench import stability_request
from reexplore.workbench.stability import Bound, Complexation
from reexplore.workbench.stability_request import Answer, Constant, answered, asked

PICOLINATE = "O=C([O-])c1ccccn1"
ASKED = {
    "name": None,
    "donors": "2,8",
    "metals": "La,Lu",
    "pka": "5.2",
    "ph": None,
    "reference": None,
    "level": "standard",
}


def question(smiles=PICOLINATE, **changes):
    return asked(smiles, **ASKED | changes)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"metals": "La,Fe"}, "Fe"),
        ({"metals": "La,La"}, "names a metal twice"),
        ({"pka": "x"}, "are no numbers, such as 9.3 2.6"),
        ({"pka": "9,5,3"}, "3 pKa and 2 atoms that take a proton"),
        ({"pka": "2,5"}, "its pKa rise"),
        ({"ph": 16.0}, "a pH of 16 is none of water"),
        (
            {"ph": 5.0, "pka": None, "smiles": "CP(=O)([O-])OC", "donors": "2,3"},
            "the base of no reference acid",
        ),
        ({"reference": "acid", "pka": None}, "from the acid 1 pKa are needed"),
        ({"level": "standart"}, "did you mean 'standard'"),
        ({"level": "teacher"}, "level 'teacher' is invented"),
        ({"donors": None}, "likely"),
    ],
)
def test_what_is_wrong_is_one_sentence(changes, sentence):
    with pytest.raises(InputError, match=sentence) as refused:
        question(**changes)
    assert "\n" not in str(refused.value)


def test_the_acid_is_the_reference_where_its_pka_are_known():
    assert question().reference == "acid"
    assert question(pka=None).reference == "anion"
    # At a pH they are computed.
    assert question(pka=None, ph=5.0).reference == "acid"
    assert question(reference="anion").reference == "anion"


class Computed:
    """Stands in for the bench: the same free energy for every metal."""

    def __init__(self, *_args, **_more):
        pass

    def pka(self, _ligand, *, ph, protons):
        assert (ph, protons) == (3.2, 1)
        return (ComputedPka(5.2, "carboxylic acid", 0.9),)

    def bound(self, _single, metal):
        return Bound(Complexation(metal.symbol, 9, 9, -11.0, -10.0 * UNIT), (), ())


def test_from_the_acid_the_pka_lead_back_to_the_ligand(monkeypatch, tmp_path):
    monkeypatch.setattr(stability_request, "StabilityBench", Computed)
    monkeypatch.setattr(stability_request, "read_computed", tuple)
    found = answered(question(ph=3.2), workspace=tmp_path, seed=1, console=Console())
    # 10^10 from the acid, 10^5.2 more from the ligand without its proton; at pH 3.2 protons take two units.
    assert [c.log_k1 for c in found.constants] == pytest.approx([15.2, 15.2])
    assert found.constants[0].at_ph == pytest.approx(13.2, abs=0.01)
    assert found.constants[0].calibration is None
    assert any("no calibration" in line for line in stability_lines(found) if isinstance(line, str))


def test_computed_pka_do_the_same_and_say_so(monkeypatch, tmp_path):
    monkeypatch.setattr(stability_request, "StabilityBench", Computed)
    monkeypatch.setattr(stability_request, "read_computed", tuple)
    found = answered(question(ph=3.2, pka=None), workspace=tmp_path, seed=1, console=Console())
    assert [c.log_k1 for c in found.constants] == pytest.approx([15.2, 15.2])
    assert found.constants[0].at_ph == pytest.approx(13.2, abs=0.01)
    told = [line for line in stability_lines(found) if isinstance(line, str)]
    assert "[yellow]note:[/] its pKa are computed: 5.2 ± 0.9 (carboxylic acid)" in told
    assert stability_json(found)["computed_pka"] == [{"value": 5.2, "kind": "carboxylic acid", "error": 0.9}]


def test_what_is_printed_is_what_json_has():
    fit = Calibration(-1, "La", added_log_units=-2.5, error_log_units=0.9, anchors=7)
    bound = {m: Bound(Complexation(m, 9, 9, -11.0, value), (), ()) for m, value in (("La", -10.0), ("Lu", -12.0))}
    constants = tuple(
        Constant(m, each, -each.best.free_kcal_mol / UNIT, fit if m == "La" else None, None)
        for m, each in bound.items()
    )
    found = Answer(question(), constants)
    told = json.loads(json.dumps(stability_json(found)))
    assert told["log_separation_factor"] == {"Lu/La": pytest.approx(2.0 / UNIT)}
    assert told["constants"][0]["calibrated_log_k1"] == pytest.approx(10.0 / UNIT - 2.5)
    console = Console(width=120, record=True)
    for line in stability_lines(found):
        console.print(line)
    printed = console.export_text()
    assert "log separation factor Lu over La: +1.5" in printed
    assert "-2.5 log units, what 7 anchors of charge -1 lack with La" in printed
