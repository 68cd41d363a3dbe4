"""Policies that are shipped load; policies that are wrong are refused in one sentence."""

from pathlib import Path

import pytest

from reexplore.acquisition.policy import Policy, load_policy
from reexplore.errors import InputError

SHIPPED = Path(__file__).parents[2] / "policies"


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.yaml")))
def test_every_shipped_policy_loads_and_survives_json(name):
    policy = load_policy(SHIPPED / f"{name}.yaml")
    assert policy.name == name
    assert Policy(**policy.model_dump(mode="json")) == policy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("shortlst: 4", "unknown key 'shortlst': did you mean 'shortlist'?"),
        ("samples: many", "'samples'"),
        ("samples: 4", "greater than or equal to 16"),
        ("beta: 2", "'beta' (2) goes with qUpperConfidenceBound alone: leave it out"),
        ("acquisition: qUpperConfidenceBound", "qUpperConfidenceBound needs it"),
        ("acquisition: hope", "'acquisition'"),
        ("random_controls: -1", "'random_controls'"),
    ],
)
def test_a_wrong_policy_is_refused_with_the_reason(tmp_path, change, message):
    lines = {"name": "p", "description": "d", "acquisition": "posterior_mean"}
    key, _, value = change.partition(": ")
    text = "\n".join(f"{k}: {v}" for k, v in (lines | {key: value}).items())
    path = tmp_path / "p.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        load_policy(path)
    assert message in str(refused.value)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("text", ["- a\n- b", "a: [", "plain"])
def test_what_is_not_a_policy_is_refused(tmp_path, text):
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(InputError, match=r"p\.yaml"):
        load_policy(tmp_path / "p.yaml")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot read the policy file"):
        load_policy(tmp_path / "none.yaml")
