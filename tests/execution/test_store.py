"""Results appear whole or not at all, and what cannot be read is set aside."""

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reexplore.errors import ExecutionError, Failure, FailureCode
from reexplore.execution.store import RESULT, Outcome, Store

OUTCOME = Outcome({"x": 1}, None, {"host": "here"})


def publish(store, key, outcome=OUTCOME):
    folder = store.workspace(key)
    store.publish(folder, key, outcome)
    return folder


def test_a_published_result_is_found(tmp_path):
    store = Store(tmp_path)
    assert store.outcome("abcd") is None
    publish(store, "abcd")
    assert store.outcome("abcd") == OUTCOME
    assert list((tmp_path / "_work").iterdir()) == []


def test_what_a_killed_predecessor_left_is_removed(tmp_path):
    store = Store(tmp_path)
    left, other = store.workspace("abcd"), store.workspace("efgh")
    now = store.workspace("abcd")
    assert not left.exists()
    assert now.exists()
    assert other.exists()


def test_the_first_of_two_results_stays(tmp_path):
    store = Store(tmp_path)
    publish(store, "abcd")
    second = publish(store, "abcd", Outcome({"x": 2}, None, {}))
    assert store.outcome("abcd") == OUTCOME
    assert not second.exists()


def test_a_torn_or_foreign_result_is_quarantined_and_computed_again(tmp_path):
    store = Store(tmp_path)
    for text in ('{"value": {"x"', "[]", '{"other": 1}'):
        store.folder("abcd").mkdir(parents=True)
        (store.folder("abcd") / RESULT).write_text(text)
        assert store.outcome("abcd") is None
        assert not store.folder("abcd").exists()
    assert len(list((tmp_path / "_quarantine").iterdir())) == 3


@pytest.mark.parametrize(
    "text",
    [
        '{"value": 1, "failure": null, "provenance": {}}',
        '{"value": null, "failure": null, "provenance": {}}',
        '{"value": {}, "failure": {}, "provenance": {}}',
        '{"value": null, "failure": {"code": "new", "stage": "", "message": "", "evidence": {}}, "provenance": {}}',
        '{"value": {"x": NaN}, "failure": null, "provenance": {}}',
        "[" * 100_000,
    ],
)
def test_what_is_no_outcome_is_set_aside(tmp_path, text):
    store = Store(tmp_path)
    store.folder("abcd").mkdir(parents=True)
    (store.folder("abcd") / RESULT).write_text(text)
    assert store.outcome("abcd") is None
    assert len(list((tmp_path / "_quarantine").iterdir())) == 1


def test_a_result_of_another_key_or_with_another_number_is_not_taken(tmp_path):
    store = Store(tmp_path)
    publish(store, "abcd")
    text = (store.folder("abcd") / RESULT).read_text()
    for key, changed in (("efgh", text), ("abce", text.replace('"x": 1', '"x": 2'))):
        store.folder(key).mkdir(parents=True)
        (store.folder(key) / RESULT).write_text(changed)
        assert store.outcome(key) is None
    assert store.outcome("abcd") == OUTCOME


def test_results_of_the_first_versions_are_read(tmp_path):
    store = Store(tmp_path)
    store.folder("abcd").mkdir(parents=True)
    (store.folder("abcd") / RESULT).write_text(json.dumps(OUTCOME.to_dict()))
    assert store.outcome("abcd") == OUTCOME


def test_what_stands_in_the_way_of_a_result_is_set_aside(tmp_path):
    store = Store(tmp_path)
    store.folder("abcd").mkdir(parents=True)
    (store.folder("abcd") / "foreign").touch()
    publish(store, "abcd")
    assert store.outcome("abcd") == OUTCOME
    assert len(list((tmp_path / "_quarantine").iterdir())) == 1


def test_a_failure_survives_the_way_to_disk(tmp_path):
    store = Store(tmp_path)
    failed = Outcome(None, Failure(FailureCode.DONOR_LOST, "quality", "too far", {"distance_angstrom": 3.4}), {})
    publish(store, "abcd", failed)
    assert store.outcome("abcd") == failed


@given(st.text())
def test_texts_are_kept_under_their_content(tmp_path_factory, text):
    store = Store(tmp_path_factory.mktemp("store"))
    digest = store.put_text(text.replace("\r", ""))
    assert store.put_text(text.replace("\r", "")) == digest
    assert store.get_text(digest) == text.replace("\r", "")


@pytest.mark.parametrize("content", [b"", b"energie", b"energiez", None])
def test_a_damaged_text_is_told_and_written_again(tmp_path, content):
    store = Store(tmp_path)
    digest = store.put_text("energies")
    (path,) = (path for path in tmp_path.rglob(digest))
    path.unlink()
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(ExecutionError, match="gone or damaged"):
        store.get_text(digest)
    store.put_text("energies")
    assert store.get_text(digest) == "energies"


def with_a_file(store, key, content, name="forecast.npz"):
    folder = store.workspace(key)
    (folder / name).write_bytes(content)
    store.publish(folder, key, OUTCOME)


def test_a_file_of_a_result_is_held_until_one_bit_of_it_changes(tmp_path):
    content = b"means and spreads"
    for place in range(len(content)):
        store, altered = Store(tmp_path / str(place)), bytearray(content)
        with_a_file(store, "abcd", content)
        assert store.outcome("abcd") == OUTCOME
        assert store.holds("abcd", "forecast.npz")
        altered[place] ^= 1
        (store.folder("abcd") / "forecast.npz").write_bytes(altered)
        assert not store.holds("abcd", "forecast.npz")
        assert store.outcome("abcd") is None, "what is damaged is set aside, so that it can be computed again"


def test_files_of_results_from_before_are_asked_for_their_own_checksums(tmp_path):
    store, buffer = Store(tmp_path), io.BytesIO()
    np.savez(buffer, kcal_mol=np.arange(5.0))
    for key, content, whole in (("aa01", buffer.getvalue(), True), ("bb01", buffer.getvalue()[:-40], False)):
        with_a_file(store, key, content)
        # As the first versions wrote it.
        (store.folder(key) / RESULT).write_text(json.dumps(OUTCOME.to_dict()))
        assert store.holds(key, "forecast.npz") is whole
    assert not store.holds("cc01")
