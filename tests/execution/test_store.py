"""Results appear whole or not at all, and what cannot be read is set aside."""

import json

from hypothesis import given
from hypothesis import strategies as st

from reexplore.errors import Failure, FailureCode
from reexplore.execution.store import RESULT, Outcome, Store

OUTCOME = Outcome({"x": 1}, None, {"host": "here"})


def prepare(store, key, outcome=OUTCOME):
    folder = store.workspace(key)
    (folder / RESULT).write_text(json.dumps(outcome.to_dict()))
    return folder


def test_a_published_result_is_found(tmp_path):
    store = Store(tmp_path)
    assert store.outcome("abcd") is None
    store.publish(prepare(store, "abcd"), "abcd")
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
    store.publish(prepare(store, "abcd"), "abcd")
    second = prepare(store, "abcd", Outcome({"x": 2}, None, {}))
    store.publish(second, "abcd")
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


def test_a_failure_survives_the_way_to_disk(tmp_path):
    store = Store(tmp_path)
    failed = Outcome(None, Failure(FailureCode.DONOR_LOST, "quality", "too far", {"distance_angstrom": 3.4}), {})
    store.publish(prepare(store, "abcd", failed), "abcd")
    assert store.outcome("abcd") == failed


@given(st.text())
def test_texts_are_kept_under_their_content(tmp_path_factory, text):
    store = Store(tmp_path_factory.mktemp("store"))
    digest = store.put_text(text.replace("\r", ""))
    assert store.put_text(text.replace("\r", "")) == digest
    assert store.get_text(digest) == text.replace("\r", "")
