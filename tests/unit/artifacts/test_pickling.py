import pickle
from dataclasses import is_dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from epyflow.artifacts import array_shapes, file_format, pickling
from epyflow.artifacts import task as tasks
from epyflow.artifacts.task import Failure, Member, PackedArray, Result, Task
from epyflow.errors import ArtifactError, UnreadableError
from tests.unit import factories
from tests.unit.artifacts.artifact_files import member, refusal, same, written

# --- what is written is read -------------------------------------------------------------------


def test_a_task_comes_back_as_it_was(tmp_path):
    task = factories.task()
    pickling.write(task, tmp_path / "input_0.pkl")

    assert same(pickling.read_input(tmp_path / "input_0.pkl"), task)


def test_a_result_comes_back_as_it_was(tmp_path):
    result = factories.result([factories.member_result(compartments=[[[[1, 2], [3, 4]]]])])
    pickling.write(result, tmp_path / "result_0.pkl")

    assert same(pickling.read_result(tmp_path / "result_0.pkl"), result)


def test_a_failure_comes_back_in_place_of_either(tmp_path):
    failure = factories.failure()
    pickling.write(failure, tmp_path / "a.pkl")

    assert pickling.read_input(tmp_path / "a.pkl") == failure
    assert pickling.read_result(tmp_path / "a.pkl") == failure


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    generation = tasks.Generation(
        particles=np.array([[0.1], [0.2]]),
        weights=np.array([0.25, 0.75]),
        distances=np.array([3.0, np.inf]),
        epsilon=float("inf"),
        simulations=7,
        series=PackedArray.pack(np.array([[[1.5]], [[2.0]]])),
    )
    checkpoint = tasks.Checkpoint("ab", (generation,), None, '{"state": 1}', 2.5)
    pickling.write(checkpoint, tmp_path / "checkpoint.pkl")

    assert same(pickling.read_checkpoint(tmp_path / "checkpoint.pkl"), checkpoint)


def test_a_task_is_not_taken_for_a_checkpoint(tmp_path):
    pickling.write(factories.task(), tmp_path / "a.pkl")

    with pytest.raises(ArtifactError, match="holds a Task where a Checkpoint is expected"):
        pickling.read_checkpoint(tmp_path / "a.pkl")


def test_the_bytes_of_an_artifact_are_those_of_its_file(tmp_path):
    assert pickling.to_bytes(factories.task()) == written(factories.task(), tmp_path)


def test_plain_pickle_reads_it_too(tmp_path):
    task = factories.task()

    name, _, kind, payload = pickle.loads(written(task, tmp_path))  # noqa: S301

    assert (name, kind) == ("epyflow", "Task")
    assert same(payload, task)


def test_arrays_come_back_writable(tmp_path):
    pickling.write(factories.task(), tmp_path / "a.pkl")

    sizes = pickling.read_input(tmp_path / "a.pkl").population.sizes
    sizes[0] = 1

    assert sizes[0] == 1


def test_the_order_of_a_mapping_is_kept(tmp_path):
    pickling.write(
        factories.task(members=(member(parameters={"b": 1.0, "a": 2.0}),)), tmp_path / "a.pkl"
    )

    assert list(pickling.read_input(tmp_path / "a.pkl").members[0].parameters) == ["b", "a"]


NAMES = st.text(max_size=5) | st.sampled_from(
    ["epyflow.artifacts.task", "Task", "name", "numpy", "<f8"]
)
PLACES = st.builds(
    Member,
    primary_id=st.integers(),
    index=st.integers(0, 2**70),
    parameters=st.dictionaries(NAMES, st.floats(), max_size=4),
    compartments=st.dictionaries(NAMES, st.floats(), max_size=2),
    start_date=st.none() | st.dates(),
)
ARRAYS = hnp.arrays(
    st.sampled_from(["f8", "f4", "i8", "i2", "u1", "?"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
TASKS = st.builds(
    factories.task,
    strategy=NAMES,
    closure_days=st.lists(st.dates(), max_size=4).map(tuple),
    members=st.lists(PLACES, max_size=3).map(tuple),
    doses=st.none() | st.builds(tasks.DailyDoses, st.dates(), ARRAYS),
)


@given(TASKS)
def test_any_task_comes_back_as_it_was(tmp_path_factory, task):
    path = tmp_path_factory.mktemp("a") / "a.pkl"
    pickling.write(task, path)

    assert same(pickling.read_input(path), task)


@given(TASKS)
def test_writing_what_was_read_gives_the_same_bytes(tmp_path_factory, task):
    folder = tmp_path_factory.mktemp("a")
    first = written(task, folder)

    assert written(pickling.read_input(folder / "artifact.pkl"), folder) == first


# --- what cannot be written --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"closure_days": (pd.Timestamp("2025-01-01"),)}, "Task.closure_days holds a Timestamp"),
        ({"closure_days": {date(2025, 1, 1)}}, "Task.closure_days holds a set"),
        ({"model": Path("a")}, "Task.model holds a "),
        ({"members": (member(parameters={1: 1.0}),)}, "Member.parameters has the key 1"),
        ({"members": (member(parameters={"a": object()}),)}, "Member.parameters holds a object"),
        (
            {"doses": tasks.DailyDoses(factories.FIRST_DAY, np.array(["a", None]))},
            "DailyDoses.doses holds an array of object",
        ),
    ],
)
def test_what_the_contract_does_not_allow_is_refused_with_its_place(tmp_path, changes, what):
    with pytest.raises(TypeError, match=what):
        pickling.write(factories.task(**changes), tmp_path / "a.pkl")

    assert list(tmp_path.iterdir()) == []


# --- files that are not usable -----------------------------------------------------------------


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnreadableError, match=r"input_0\.pkl: cannot be read: No such file"):
        pickling.read_input(tmp_path / "input_0.pkl")


def test_a_folder_is_not_an_artifact(tmp_path):
    with pytest.raises(UnreadableError, match="Is a directory"):
        pickling.read_result(tmp_path)


def test_an_empty_file_is_refused(tmp_path):
    assert "it is empty" in refusal(b"", tmp_path)


@pytest.mark.parametrize(
    "data", [b"hello", b"\x80\x05", b"\0" * 100, b"\x80\x05K\x01.", b"PK\x03\x04", "é".encode()]
)
def test_what_is_not_of_epyflow_is_refused(tmp_path, data):
    assert "it was not written by epyflow" in refusal(data, tmp_path)


def test_every_truncation_is_refused(tmp_path):
    whole = written(factories.failure(), tmp_path)

    for length in range(1, len(whole)):
        refusal(whole[:length], tmp_path)


def test_what_follows_the_end_is_refused(tmp_path):
    assert "there is data after its end" in refusal(
        written(factories.task(), tmp_path) + b"x", tmp_path
    )


RUN_AGAIN = (
    "Run the experiment again: its inputs and results are computed anew, and replace those of the "
    "earlier version."
)


def test_an_earlier_format_is_named_and_its_files_are_to_be_computed_anew(tmp_path):
    data = pickle.dumps(("epyflow", 1, "Task", None), protocol=5)

    message = refusal(data, tmp_path, RUN_AGAIN)

    assert "usable: it is of format 1, of an earlier version of epyflow; this version " in message
    assert f"reads format {file_format.FORMAT}. " in message


def test_a_later_format_is_named_and_epyflow_is_to_be_updated(tmp_path):
    later = file_format.FORMAT + 1
    data = pickle.dumps(("epyflow", later, "Task", None), protocol=5)

    message = refusal(
        data, tmp_path, "Update epyflow, or delete the folder of the run and run again."
    )

    assert f"it is of format {later}, of a later version of epyflow" in message


def test_a_format_with_classes_that_are_gone_is_named_too(tmp_path):
    data = pickle.dumps(("epyflow", 1, "Task", Path("a")), protocol=5)

    assert "it is of format 1" in refusal(data, tmp_path, RUN_AGAIN)


def test_a_class_with_other_fields_is_refused(tmp_path):
    failure = factories.failure()
    object.__setattr__(failure, "extra", 1)
    data = pickle.dumps(("epyflow", file_format.FORMAT, "Failure", failure), protocol=5)

    assert "its Failure is not that of this version" in refusal(data, tmp_path)


def test_a_result_is_not_taken_for_an_input(tmp_path):
    data = written(factories.result([]), tmp_path)

    assert "it holds a Result where a Task or Failure is expected" in refusal(data, tmp_path)


def test_a_task_is_not_taken_for_a_result(tmp_path):
    pickling.write(factories.task(), tmp_path / "a.pkl")

    with pytest.raises(ArtifactError, match="holds a Task where a Result or Failure is expected"):
        pickling.read_result(tmp_path / "a.pkl")


def test_a_part_of_a_task_is_not_a_task(tmp_path):
    data = pickle.dumps(("epyflow", file_format.FORMAT, "Member", member()), protocol=5)

    assert "it holds a Member" in refusal(data, tmp_path)


# --- fields that do not fit ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"index": "0"}, "the field index of its Result"),
        ({"seed": True}, "the field seed of its Result"),
        ({"age_groups": ("0-17", 18)}, "the field age_groups of its Result"),
        ({"members": (None,)}, "the field members of its Result"),
        ({"location": 7}, "the field location of its Result"),
        ({"fit": factories.failure()}, "the field fit of its Result"),
        ({"fit": factories.fit(window=(factories.FIRST_DAY,) * 3)}, "the field window of its Fit"),
        ({"fit": factories.fit(settings={"a": 1})}, "the field settings of its Fit"),
        (
            {"fit": factories.fit(generations=(factories.generation(weights=(1.0, 2.0)),))},
            "the field weights of its Generation",
        ),
        ({"age_groups": ("0+",)}, "its compartments has the shape (1, 1, 2, 2); expected (1, 1, 2"),
        ({"compartments": ("S",)}, "its compartments has the shape (1, 1, 2, 2); expected"),
        ({"transitions": ()}, "its transitions has the shape (1, 1, 1, 2); expected (1, 1, 0, 2)"),
        ({"fit": factories.fit(names=("beta",))}, "its generation.particles has the shape (2, 2)"),
        ({"fit": factories.fit(units=("a", "b"))}, "its units has the shape (2,); expected (1)"),
        ({"fit": factories.fit(projected_generation=2)}, "its projected_generation 2 is none"),
        ({"fit": factories.fit(generations=())}, "its projected_generation None is none"),
        ({"fit": factories.fit(settings={"a": "{"})}, "its settings are not JSON"),
    ],
)
def test_a_result_whose_fields_do_not_fit_is_refused(tmp_path, changes, what):
    members = (factories.member_result(compartments=[[[[1, 2], [3, 4]]]]),)
    result = factories.result(**{"members": members, **changes})

    assert what in refusal(pickling.to_bytes(result), tmp_path, read=pickling.read_result)


def test_arrays_that_share_bytes_count_as_often_as_they_are_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(array_shapes, "MOST_BYTES", 100)
    monkeypatch.setattr(array_shapes, "RATIO", 0)
    member = factories.member_result(compartments=[[[[1, 2], [3, 4]]]])

    pickling.write(factories.result([member] * 8), tmp_path / "a.pkl")
    assert len(pickling.read_result(tmp_path / "a.pkl").members) == 8
    nine = pickling.to_bytes(factories.result([member] * 9))
    what = "its arrays would have 108 bytes when decompressed"
    assert what in refusal(nine, tmp_path, read=pickling.read_result)


def test_the_classes_are_those_of_the_contract():
    made = {name for name, value in vars(tasks).items() if is_dataclass(value)}

    assert {Task.__name__, Result.__name__, Failure.__name__} <= made
    assert set(file_format.CLASSES) == made
