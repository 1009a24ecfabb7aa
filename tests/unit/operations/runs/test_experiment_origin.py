"""Two experiments of one name, in two folders or repositories, are told apart."""

from dataclasses import replace

import pytest
from tests.unit.run.test_planner import SEEDED, write_model

from epyflow.operations.runs.coordinator_presence import describe_other_origin
from epyflow.operations.runs.coordinator_record import find_record, read_record
from epyflow.operations.runs.experiment_origin import ORIGIN_VARIABLE, origin_of
from epyflow.operations.runs.own_record import record_start
from epyflow.repositories.checkout import Checkout
from epyflow.run.layout import RunLayout
from epyflow.run.planner import plan_without_seed
from epyflow.run.settings import Settings
from epyflow.run.sources import gather
from epyflow.storage.disk import Disk

OTHER = SEEDED.replace("0.3", "0.4")


def gathered(root, text=SEEDED):
    """Return what a run is planned from: the experiment ``small`` below a root."""
    write_model(root, text)
    return gather(Settings(experiment="small", experiments_root=str(root)))


def origin(root, text=SEEDED, environment=None):
    found = gathered(root, text)
    return origin_of(found, plan_without_seed(found), environment or {})


@pytest.fixture
def storage(tmp_path):
    """The storage of a run that was started with the experiment in the folder ``first``."""
    storage = Disk(tmp_path / "storage")
    record_start(find_record("small", "main", storage), origin=origin(tmp_path / "first"))
    return storage


def test_a_start_is_warned_of_another_experiment_of_its_name(storage, tmp_path):
    mine = origin(tmp_path / "second", OTHER)

    previous = find_record("small", "main", storage)
    record_start(previous, origin=mine)
    warning = describe_other_origin(previous.record, mine)

    assert warning is not None
    assert warning.startswith("small/main: process ")
    assert f"the experiment in {tmp_path}/first/experiments/small. " in warning
    assert f"This start reads {tmp_path}/second/experiments/small, whose content differs" in warning
    assert "--config run_id=<name>" in warning
    # The next start from there is none of another experiment.
    assert describe_other_origin(read_record("small", "main", storage), mine) is None


@pytest.mark.parametrize(
    ("folder", "text"), [("first", OTHER), ("moved", SEEDED)], ids=["edited", "moved"]
)
def test_an_experiment_that_was_edited_or_moved_is_the_same(storage, tmp_path, folder, text):
    previous = read_record("small", "main", storage)

    assert describe_other_origin(previous, origin(tmp_path / folder, text)) is None


def test_of_data_that_differ_a_start_is_warned(storage, tmp_path):
    found = gathered(tmp_path / "second")
    plan = plan_without_seed(found)
    runs = (replace(plan.runs[0], data={"admissions.csv": "ab12"}),)

    mine = origin_of(found, replace(plan, runs=runs), {})

    assert describe_other_origin(read_record("small", "main", storage), mine) is not None


def test_a_coordinator_that_knows_no_place_keeps_that_of_the_previous_one(storage, tmp_path):
    record_start(find_record("small", "main", storage))

    warning = describe_other_origin(
        read_record("small", "main", storage), origin(tmp_path / "second", OTHER)
    )

    assert warning is not None


def test_a_record_without_a_place_is_no_reason_to_warn(tmp_path):
    storage = Disk(tmp_path / "storage")
    record_start(find_record("small", "main", storage))

    previous = read_record("small", "main", storage)

    assert describe_other_origin(previous, origin(tmp_path / "second")) is None


def test_of_a_repository_its_url_is_recorded_and_no_secret(storage, tmp_path):
    url = "https://me:planted@p@example.org/study?key=planted"
    found = gathered(tmp_path / "copy", OTHER)
    found = replace(found, checkout=Checkout(url, "main", "0" * 40, tmp_path))

    mine = origin_of(found, plan_without_seed(found), {})
    record_start(find_record("small", "main", storage), origin=mine)

    assert mine.place == "https://example.org/study"
    assert b"planted" not in (storage.read(RunLayout("small", "main").coordinator_record) or b"")


def test_a_coordinator_elsewhere_records_the_place_that_was_submitted(tmp_path):
    told = {ORIGIN_VARIABLE: "/studies/ann/study/experiments/small"}

    assert origin(tmp_path, environment=told).place == told[ORIGIN_VARIABLE]
