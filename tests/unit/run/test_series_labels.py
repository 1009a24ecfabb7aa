from types import SimpleNamespace

import pytest

from epyflow.experiment.format.calibration import Calibration
from epyflow.experiment.format.model import Model
from epyflow.experiment.format.output import Output
from epyflow.figures.wording import series_in_words
from epyflow.run.series_labels import label_series
from tests.unit.experiment.samples import CALIBRATION, changed

HERE = "modelset.calibration"
NO_FILE = (f"{HERE}.observed_data_path", "data.csv")


def labels(*changes, output=None):
    sample = changed(CALIBRATION, *changes)
    given = SimpleNamespace(
        model=Model.model_validate(sample["model"]),
        calibration=Calibration.model_validate(sample["modelset"]["calibration"]),
        output=Output.model_validate(output or {}),
    )
    return label_series(given)


def compared(*simulated, column="value"):
    each = {"observed_date_column": "date", "observed_value_column": column}
    return f"{HERE}.comparison", [each | {"simulation": list(names)} for names in simulated]


@pytest.mark.parametrize(
    ("changes", "output", "words"),
    [
        ((), {}, "Hospital admissions"),  # by the file, admissions.csv
        ((NO_FILE,), {}, "I → H, all ages"),
        ((NO_FILE, compared(["I_to_H_total"], column="Deaths")), {}, "Deaths"),
        ((NO_FILE, (f"{HERE}.observed_rows", {"target": "wk inc case"})), {}, "Cases"),
        ((NO_FILE,), {"flusight_format": {"reference_date": "2025-01-18"}}, "Hospital admissions"),
        ((), {"labels": {"I_to_H_total": "Beds taken"}}, "Beds taken"),
    ],
)
def test_a_series_is_named_by_its_label_or_by_what_it_is_compared_with(changes, output, words):
    assert series_in_words("I_to_H_total", labels(*changes, output=output)) == words


def test_a_target_of_a_hub_names_the_series_that_forecasts_it():
    targets = [
        {"target": "wk inc flu hosp", "simulation": ["S_to_I_total"]},
        {"target": "wk inc death", "simulation": ["I_to_H_total"]},
    ]
    output = {"hub_format": {"reference_date": "2025-01-18", "targets": targets}}

    assert labels(NO_FILE, output=output)["I_to_H_total"] == "Deaths"


def test_comparisons_by_age_have_their_ages_and_others_of_one_name_have_none():
    by_age = labels(compared(["I_to_H_0-64"], ["I_to_H_65+"]))
    alike = labels(compared(["I_to_H_total"], ["I_to_R_total"]))

    assert by_age["I_to_H_0-64"] == "Hospital admissions, 0–64"
    assert by_age["I_to_H_65+"] == "Hospital admissions, 65+"
    assert not {"I_to_H_total", "I_to_R_total"} & {*alike}


def test_the_label_of_a_sum_holds_in_any_order():
    found = labels(
        compared(["I_to_H_total", "I_to_R_total"]),
        output={"labels": {"I_to_R_total+I_to_H_total": "Removed"}},
    )

    assert found["I_to_H_total+I_to_R_total"] == "Removed"
