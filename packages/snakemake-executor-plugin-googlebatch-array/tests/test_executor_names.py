import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snakemake_executor_plugin_googlebatch_array.names import (
    digest,
    job_id,
    label_key,
    label_value,
    merge_labels,
    parse_labels,
)

VALID_ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
VALID_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")


@given(st.text(), st.integers(1, 10_000), st.lists(st.text(), max_size=3), st.integers(0, 99))
def test_every_job_id_is_valid(rule, attempt, keys, again):
    assert VALID_ID.fullmatch(job_id(rule, attempt, keys, again=again))


def test_a_job_id_does_not_depend_on_the_order_of_tasks():
    assert job_id("one", 1, ["b", "a"], "run") == job_id("one", 1, ["a", "b"], "run")


@pytest.mark.parametrize(
    "other",
    [
        job_id("two", 1, ["a", "b"], "run"),
        job_id("one", 2, ["a", "b"], "run"),
        job_id("one", 1, ["a"], "run"),
        job_id("one", 1, ["ab"], "run"),
        job_id("one", 1, ["a", "b"], "another"),
        job_id("one", 1, ["a", "b"], "run", again=1),
    ],
)
def test_job_ids_of_different_work_differ(other):
    assert job_id("one", 1, ["a", "b"], "run") != other


def test_a_long_rule_keeps_its_beginning():
    assert job_id("Run_Task." + "x" * 80, 1, []).startswith("run-task-xxxx")


def test_parts_of_a_digest_do_not_run_together():
    assert digest("ab", "c") != digest("a", "bc")


@pytest.mark.parametrize(
    ("text", "value"),
    [("Test/A b.1", "test-a-b-1"), ("x" * 70, "x" * 63), ("", ""), ("ä_é", "-_-")],
)
def test_a_label_value_is_made_valid(text, value):
    assert label_value(text) == value


@given(st.text())
def test_every_label_key_is_valid(text):
    key = label_key(text)
    assert VALID_KEY.fullmatch(key)
    assert not key.startswith(("goog-", "google-"))


def test_labels_are_read_and_made_valid():
    assert parse_labels("Exp ID=A/B, stage = run,,empty=") == {
        "exp-id": "a-b",
        "stage": "run",
        "empty": "",
    }


@pytest.mark.parametrize("text", ["stage", "=x", "a=1,b"])
def test_a_label_without_key_or_value_is_refused(text):
    with pytest.raises(ValueError, match="key=value"):
        parse_labels(text)


def test_our_labels_win_over_the_users():
    assert merge_labels({"run": "ours"}, {"run": "theirs", "a": "1"}) == {"run": "ours", "a": "1"}


def test_more_labels_than_google_allows_are_refused():
    users = {f"k{number}": "" for number in range(61)}

    assert len(merge_labels({}, users)) == 61
    with pytest.raises(ValueError, match="62 labels, of which 1 are the executor's; Google Batch"):
        merge_labels({"ours": "1"}, users)
