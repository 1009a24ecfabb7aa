"""A table with a file for each population has no file of a population that the plan lacks."""

import logging

import pytest

from epyflow.errors import EpyflowError
from epyflow.run.table_partitions import find_others, remove_others, warn_of_others, without_tables
from epyflow.storage.disk import Disk, SharedFolder
from tests.unit.run.made_up import plan_of, run_plan

DAYS = ("main/2030-01-05", "main/2030-01-12")
NAME = "trajectories_compartments.parquet"
TABLES = {
    "trajectories_compartments": {
        "parquet": {place: f"{NAME}/{place}.parquet" for place in ("Left", "Right")}
    },
    "posteriors": {"parquet": {"": "posteriors.parquet"}},
    "model_metadata": {"parquet": {}},
}
PLAN = plan_of(run_plan(), tables=TABLES)
REPLAY = plan_of(*(run_plan(run_id=run_id) for run_id in DAYS), tables=TABLES)
RUN = PLAN.layout

FOLDER = f"{RUN.results}/outputs/{NAME}"
PLANNED = {f"{FOLDER}/Left.parquet", f"{FOLDER}/Right.parquet"}
GONE = [f"{FOLDER}/Côte d'Ivoire.parquet", f"{FOLDER}/United_States_Vermont.parquet"]
OTHERS = {
    *(f"{FOLDER}/{name}" for name in ("notes.txt", "_mine.parquet", "-.parquet", "a..b.parquet")),
    f"{FOLDER}/Up/Up.parquet",
    f"{RUN.results}/outputs/Up.parquet",
    f"{RUN.results}/outputs/trajectories_transitions.parquet/Up.parquet",
    f"{RUN.results}/2030-01-05/outputs/{NAME}/Up.parquet",
}


@pytest.fixture(params=[Disk, SharedFolder])
def storage(request, tmp_path):
    found = request.param(tmp_path)
    for path in (*PLANNED, *GONE, *OTHERS):
        found.write(path, b"x")
    return found


def paths_in(storage):
    return {f"results/{path}" for path in storage.below("results")}


def test_files_of_populations_that_the_plan_lacks_are_deleted_and_named(storage, caplog):
    with caplog.at_level(logging.INFO):
        remove_others(TABLES, RUN, storage)

    assert paths_in(storage) == PLANNED | OTHERS
    assert f"{FOLDER}: deleted Côte d'Ivoire.parquet, United_States_Vermont.p" in caplog.text
    assert find_others(TABLES, RUN, storage) == {}
    assert warn_of_others(PLAN, storage) == []


def test_of_a_replay_each_reference_date_has_its_own(storage):
    run = RUN.dated("2030-01-05")
    there = paths_in(storage)

    remove_others(TABLES, run, storage)

    assert there - paths_in(storage) == {f"{run.results}/outputs/{NAME}/Up.parquet"}


def test_what_cannot_be_deleted_is_logged_and_warned_of(storage, caplog, monkeypatch):
    def refuse(paths):
        raise EpyflowError("s3://b/x: not deleted, AccessDenied")

    monkeypatch.setattr(storage, "remove", refuse)

    remove_others(TABLES, RUN, storage)

    assert "are not deleted: s3://b/x: not deleted, AccessDenied" in caplog.text
    (warning,) = warn_of_others(PLAN, storage)
    assert warning.startswith(f"The table {FOLDER} has 2 populations that the experiment does not")
    assert "Côte d'Ivoire, United_States_Vermont." in warning


def test_the_warning_of_a_replay_names_the_date(storage):
    (warning,) = warn_of_others(REPLAY, storage)

    assert f"{RUN.results}/2030-01-05/outputs/{NAME} has 1 population that" in warning


def test_files_in_tables_of_the_plan_are_told_from_the_others():
    own = [f"outputs/{NAME}/Up.parquet", f"2030-01-05/outputs/{NAME}/Up.parquet"]
    others = ["outputs/posteriors.parquet", f"2030-01-19/outputs/{NAME}/Up.parquet", "hub/a.csv"]

    assert without_tables([*own, *others], PLAN) == [own[1], *others]
    assert without_tables([*own, *others], REPLAY) == [own[0], *others]
