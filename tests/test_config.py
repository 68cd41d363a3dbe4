"""Campaign files: strict, and every mistake is one sentence that names the key."""

import pytest

from reexplore.campaign.declaration.begun import difference
from reexplore.config import CampaignFile, load_campaign_file
from reexplore.errors import InputError

GOOD = """
name: trial
space:
  scaffolds: [CAM]
  substituents: [H]
  metals: [La]
  coordinations: [{ligands: 1}]
"""


def write(tmp_path, text):
    path = tmp_path / "trial.yaml"
    path.write_text(text)
    return path


def refusal(tmp_path, text):
    with pytest.raises(InputError) as refused:
        load_campaign_file(write(tmp_path, text))
    message = str(refused.value)
    assert "\n" not in message
    assert "trial.yaml" in message
    return message


def test_a_minimal_file_takes_the_documented_defaults(tmp_path):
    file = load_campaign_file(write(tmp_path, GOOD))
    assert (file.theory.level, file.policy, file.budget.labels) == ("standard", "balanced", 12)


def test_not_yaml(tmp_path):
    assert "line 1: this is not YAML" in refusal(tmp_path, "name: [unclosed")


def test_not_a_mapping(tmp_path):
    assert "a campaign file is a YAML mapping" in refusal(tmp_path, "- just\n- a list\n")


def test_no_such_file(tmp_path):
    with pytest.raises(InputError, match="cannot read the campaign file"):
        load_campaign_file(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("polcy: greedy", "unknown key 'polcy': did you mean 'policy'?"),
        ("budget: {batsch: 3}", "unknown key 'budget.batsch': did you mean 'batch'?"),
        ("zzz: 1", "unknown key 'zzz': known here: name, description, space"),
        ("POLICY: greedy", "unknown key 'POLICY': did you mean 'policy'?"),
        ("policy: ", "'policy': should be a text (given: null)"),
        ("policy: [greedy]", "'policy': should be a text (given: ['greedy'])"),
        ("seed: 2026-01-01", "'seed': should be a whole number (given: the date 2026-01-01)"),
        ("budget: [4]", "'budget': should be a mapping of keys (given: [4])"),
        ("theory: {builders: []}", "'theory.builders': should have at least 1 item (given: [])"),
        ("theory: {relaxation: mopac}", "relaxation should be one of tblite, xtb, xtb-python, not 'mopac'"),
        ("constraints: [{'a b': 1}]", "'constraints.0.a b': should be a letter or digit"),
        ("budget: {labels: -3}", "'budget.labels'"),
        ("budget: {labels: '12'}", "'budget.labels'"),
        ("budget: {seed_labels: 20, labels: 12}", "'budget': seed_labels (20) is more than labels (12): lower it"),
        ("budget: {core_hours: 0}", "'budget.core_hours'"),
        ("budget: {core_hours: .inf}", "'budget.core_hours': should be a finite number"),
        ("execution: {escalation: {timeout: {tries: -1}}}", "'execution.escalation.timeout.tries'"),
        ("execution: {escalation: {timeout: {memory_factor: 2}}}", "unknown key 'execution.escalation.timeout."),
        ("execution: {escalation: {out_of_memroy: {tries: 1}}}", "did you mean 'out_of_memory'?"),
        ("theory: {builders: [magic]}", "'theory.builders"),
        (
            "theory: {levels: [{name: mine}]}",
            "the key 'theory.levels.0.based_on' is missing: give a text (beside it: name)",
        ),
        ("theory: {levels: [{name: mine, based_on: quick, basis: x}]}", "unknown key 'theory.levels.0.basis'"),
        ("theory: {levels: [{name: mine, based_on: quick, functional: r2scan}]}", "such as d4:r2scan"),
        ("theory: {levels: [{name: mine, based_on: quick, dispersion: d3bj}]}", "'theory.levels.0.dispersion'"),
        ("theory: {levels: [{name: mine, based_on: quick, grid_level: 12}]}", "'theory.levels.0.grid_level'"),
        (
            "theory: {levels: [{name: mine, based_on: quick, cavity_points_per_sphere: 200}]}",
            "'theory.levels.0.cavity_points_per_sphere'",
        ),
        (
            "theory: {levels: [{name: mine, based_on: quick}, {name: mine, based_on: paper}]}",
            "two levels have the same name",
        ),
    ],
)
def test_a_wrong_key_or_value_is_named(tmp_path, added, message):
    assert message in refusal(tmp_path, GOOD + added)


def test_a_missing_key_is_named(tmp_path):
    told = refusal(tmp_path, GOOD.replace("  coordinations: [{ligands: 1}]\n", ""))
    assert told.endswith(
        "the key 'space.coordinations' is missing: give a list (beside it: scaffolds, substituents, metals)"
    )
    told = refusal(tmp_path, "name: x\n")
    assert "'space' is missing: give a mapping with ligands, scaffolds, substituents, metals" in told


def test_what_stands_in_the_place_of_a_scaffold_is_told_both_ways(tmp_path):
    told = refusal(tmp_path, GOOD.replace("[CAM]", "[7]"))
    assert told.endswith("'space.scaffolds.0': should be a text or a mapping of keys (given: 7)")


def test_a_wrong_key_in_a_scaffold_of_the_users_own(tmp_path):
    own = GOOD.replace("[CAM]", "[{name: mine, smile: C, charge: 0}]")
    assert "did you mean 'smiles'?" in refusal(tmp_path, own)


def test_a_name_that_cannot_be_a_folder(tmp_path):
    assert "'name'" in refusal(tmp_path, GOOD.replace("trial", "../elsewhere"))


def test_what_may_change_on_resume_makes_no_difference():
    old = CampaignFile.model_validate(
        {
            "name": "a",
            "space": {"scaffolds": ["CAM"], "substituents": ["H"], "metals": ["La"], "coordinations": [{"ligands": 1}]},
        }
    ).model_dump(mode="json")
    longer = old | {
        "budget": old["budget"] | {"labels": 99, "core_hours": 10.0},
        "execution": {"parsl": "slurm", "options": {"a": 1}},
    }
    other = old | {"policy": "greedy"}
    assert difference(old, longer) == []
    assert difference(old, other) == ["policy: 'balanced' -> 'greedy'"]
