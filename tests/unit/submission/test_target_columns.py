"""Find the columns of a hub that need a value, and the values that they take."""

import made_up_hubs as hubs
import pytest

from epyflow.errors import EpyflowError
from epyflow.experiment.format.hub_formats import HubTarget
from epyflow.submission.target_columns import check_columns
from forecast_hub.config.reader import read_hub


def check(folder, ages=("0-17", "18+"), places=(["north"],), **task_ids):
    document = hubs.tasks()
    for task in document["rounds"][0]["model_tasks"]:
        task["task_ids"]["age"]["optional"] = list(ages)
    (round_,) = read_hub(hubs.write_hub(folder, document)).rounds
    check_columns("targets", round_, HubTarget(target="cases", task_ids=task_ids), places, ())


def test_a_column_of_one_value_needs_none(tmp_path):
    check(tmp_path, ages=["18+"])


def test_a_column_of_two_values_needs_one_of_them(tmp_path):
    check(tmp_path, age="18+")

    with pytest.raises(EpyflowError, match=r"targets: 'cases' needs a value of age; .*0-17, 18\+"):
        check(tmp_path)


def test_a_column_or_a_value_that_the_hub_lacks_is_refused(tmp_path):
    with pytest.raises(EpyflowError, match=r"the hub has no column 'agee' \(did you mean age"):
        check(tmp_path, agee="18+")
    with pytest.raises(EpyflowError, match=r"age '19\+' is not the hub's .*one of 0-17, 18\+"):
        check(tmp_path, age="19+")


def test_one_of_the_places_has_to_be_the_hubs_in_one_of_its_spellings(tmp_path):
    check(tmp_path, age="18+", places=[["east"], ["N", "North"]])

    with pytest.raises(EpyflowError, match=r"populations \(east, N\) is a location of the hub"):
        check(tmp_path, age="18+", places=[["east"], ["N", "Northern"]])
