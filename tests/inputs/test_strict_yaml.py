"""YAML as a person means it; what PyYAML would take otherwise is refused with its line."""

import pytest
import yaml

from reexplore.acquisition.policy import load_policy
from reexplore.config import load_campaign_file
from reexplore.errors import InputError
from reexplore.inputs.strict_yaml import LARGEST_FILE_BYTES, load_yaml, read_yaml


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' stands here and in line 1"),
        ("x:\n  k: 1\n  k: 1\n", 3, "the key 'k' stands here and in line 2"),
        ("- {k: 1, j: 2, k: 3}\n", 1, "the key 'k'"),
        ('"k": 1\nk: 2\n', 2, "the key 'k'"),
        ("walltime: 4:30\n", 1, "4:30 is a number to the base of sixty"),
        ("walltime: 12:30:45\n", 1, "base of sixty"),
        ("x: 1:30.5\n", 1, "base of sixty"),
        ("account: 0123\n", 1, "0123 is a number to the base of sixty or eight"),
        ("x: [1, 007]\n", 1, "007"),
        ("a: [unclosed\n", 2, "this is not YAML"),
        ("a: !!python/object/apply:os.system [echo]\n", 1, "this is not YAML"),
    ],
)
def test_what_a_person_cannot_have_meant_is_refused_with_its_line(tmp_path, text, line, told):
    (tmp_path / "file.yaml").write_text(text)
    with pytest.raises(InputError, match=f"file.yaml line {line}: .*{told}"):
        read_yaml(tmp_path / "file.yaml", "campaign file")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 10\nb: {a: 1}\n", {"a": 10, "b": {"a": 1}}),
        ("walltime: '4:30:00'\n", {"walltime": "4:30:00"}),
        ("x: '007'\n", {"x": "007"}),
        ("x: 0\ny: 0.5\nz: -3\nw: 1e3\n", {"x": 0, "y": 0.5, "z": -3, "w": "1e3"}),
        ("base: &b {x: 1}\nmine: {<<: *b, y: 2}\n", {"base": {"x": 1}, "mine": {"x": 1, "y": 2}}),
        ("- 1\n- 1\n", [1, 1]),
    ],
)
def test_everything_else_is_what_it_was(text, value):
    assert load_yaml(text) == value == yaml.safe_load(text)


def test_aliases_do_not_fill_the_memory():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for k in range(1, 12):
        before, now = chr(96 + k), chr(97 + k)
        bomb += f"{now}: &{now} [{', '.join([f'*{before}'] * 10)}]\n"
    with pytest.raises(yaml.YAMLError, match="its aliases make more than 200,000 values"):
        load_yaml(bomb)


def test_a_file_is_looked_at_before_it_is_read(tmp_path):
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(LARGEST_FILE_BYTES * 1000)
    with pytest.raises(InputError, match=r"has 4000\.0 MB, more than 4: that is no campaign file"):
        load_campaign_file(tmp_path / "large.yaml")


@pytest.mark.parametrize("text", ["", "\n\n", "# a comment\n", "---\n", "~\n"])
def test_an_empty_file_is_called_empty(tmp_path, text):
    (tmp_path / "file.yaml").write_text(text)
    for load, kind in ((load_campaign_file, "campaign file"), (load_policy, "policy file")):
        with pytest.raises(InputError, match=f"file.yaml is empty: a {kind} is a YAML mapping"):
            load(tmp_path / "file.yaml")


@pytest.mark.parametrize(
    ("text", "what"), [("- a\n", "a list"), ("a\n", "a text"), ("1\n", "a number"), ("yes\n", "true or false")]
)
def test_what_is_no_mapping_is_named_in_words(tmp_path, text, what):
    (tmp_path / "file.yaml").write_text(text)
    with pytest.raises(InputError, match=f"not {what}$"):
        load_campaign_file(tmp_path / "file.yaml")


def test_a_byte_order_mark_is_no_key(tmp_path):
    (tmp_path / "file.yaml").write_bytes("name: größe\n".encode("utf-8-sig"))
    assert read_yaml(tmp_path / "file.yaml", "campaign file") == {"name": "größe"}


@pytest.mark.parametrize("changed", ["beta: .inf", "beta: .nan", "beta: 1e300", "samples: 100000", "shortlist: -1"])
def test_a_policy_has_numbers_that_mean_something(tmp_path, changed):
    good = {"name": "mine", "description": "x", "acquisition": "qUpperConfidenceBound", "beta": 2.0}
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(good))
    load_policy(tmp_path / "policy.yaml")
    key, _, value = changed.partition(": ")
    (tmp_path / "policy.yaml").write_text(
        yaml.safe_dump({k: v for k, v in good.items() if k != key}) + f"{key}: {value}\n"
    )
    with pytest.raises(InputError, match=f"'{key}'"):
        load_policy(tmp_path / "policy.yaml")
