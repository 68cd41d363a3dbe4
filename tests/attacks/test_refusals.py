"""What a file with one bad field is refused with, and whether the judge of it would notice what is left unsaid."""

import pytest

from reexplore.campaign.declaration.setup import prepare
from reexplore.errors import InputError
from tests.attacks.inputs import cases
from tests.attacks.refusals import NO_VALUE, Spoiled, lacks


def test_a_refusal_names_key_value_and_remedy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = []
    for case in cases(17, 800):
        if case.spoiled is None:
            continue
        for name, content in case.files.items():
            (tmp_path / name).write_bytes(content)
        try:
            prepare(case.arguments[-1], workspace=tmp_path)
        except InputError as refused:
            told.append((case.spoiled, str(refused)))
    assert [(spoiled, sentence) for spoiled, sentence in told if lacks(sentence, spoiled)] == []
    assert len(told) > 180


@pytest.mark.parametrize(
    ("told", "names", "value", "unsaid"),
    [
        ("x.yaml: 'budget.batch': should be at least 1 (given: -3)", ("budget", "batch"), -3, []),
        ("'budget': batch (-3) should be at least 1", ("budget", "batch"), -3, []),
        ("this batch should be at least 1, not -3", ("budget", "batch"), -3, ["without_key"]),
        ("a name should be small letters, not 'X'", ("name",), "X", ["without_key"]),
        ("name.yaml: should be small letters, not 'X'", ("name",), "X", ["without_key"]),
        ("'budget.batch': should be at least 1", ("budget", "batch"), -3, ["without_value"]),
        ("'budget.batch': wrong (given: -3)", ("budget", "batch"), -3, ["without_remedy"]),
        ("'budget.core_hours': should be a number (given: null)", ("budget", "core_hours"), None, []),
        ("'budget.core_hours': should be a number (given: [10.5])", ("budget", "core_hours"), [10.5], []),
        ("'budget.core_hours': should be a number (given: [9])", ("budget", "core_hours"), [10.5], ["without_value"]),
        ("'seed': should be a number (given: 'xxxxxxxxxxxxxxxxxxxx…x')", ("seed",), "x" * 99, []),
        ("the key 'seed' is missing: give a number", ("seed",), NO_VALUE, []),
        ("the key 'seed' is missing", ("seed",), NO_VALUE, ["without_remedy"]),
    ],
)
def test_what_a_refusal_leaves_unsaid_is_noticed(told, names, value, unsaid):
    assert lacks(told, Spoiled(names, value)) == unsaid
