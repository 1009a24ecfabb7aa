import pytest

from epyflow.experiment.format.model import Model
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.run.description import describe, describe_model


def model(*transitions):
    return Model.model_validate(
        {
            "timespan": {"start_date": "2025-01-01", "end_date": "2025-03-01"},
            "population": {"age_groups": ["0-4", "5+"]},
            "compartments": [{"id": "S", "label": "Well", "init": "default"}, {"id": "I"}],
            "transitions": transitions,
        }
    )


def test_transitions_of_one_kind_between_the_same_compartments_are_one_arrow():
    by = {"type": "mediated", "source": "S", "target": "I"}
    several = {
        "type": "multi_mediated",
        "source": "S",
        "target": "I",
        "mediators": [{"rate": "b", "source": ["I", "S"]}],
    }
    back = {"type": "spontaneous", "source": "I", "target": "S", "rate": "m"}
    found = describe_model(model({**by, "mediator": "I", "rate": "a"}, several, back))

    assert found["compartments"] == [{"id": "S", "label": "Well"}, {"id": "I", "label": "I"}]
    assert found["transitions"] == [
        {
            "source": "S",
            "target": "I",
            "kind": "mediated",
            "mediators": ["I", "S"],
            "rates": ["a", "b"],
        },
        {"source": "I", "target": "S", "kind": "spontaneous", "mediators": [], "rates": ["m"]},
    ]


@pytest.mark.shared
def test_a_calibration_says_what_it_infers_and_from_which_data(shared):
    found = describe(load(locate("flu_2425_smoke", shared), None, ()))

    assert found["quantities"]["Rt"] == {"name": "uniform", "args": [1.0, 1.0], "kwargs": {}}
    assert list(found["quantities"]) == [
        "Rt",
        "seasonality_min",
        "L",
        "Immune",
        "start_date_days",
    ]
    assert found["quantities"]["L"]["initial"] == "share"
    assert found["quantities"]["start_date_days"]["reference_date"] == "2024-09-01"
    assert found["fit"]["data"] == "target-hospital-admissions_2025-01-11.csv.gz"
    assert found["fit"]["units"] == ["Persons per week"]
    assert found["reference_date"] == "2025-01-18"
    assert found["time"]["start"] == "calibrated"
