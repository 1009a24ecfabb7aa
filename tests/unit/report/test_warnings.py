import pandas as pd

from epyflow.figures.observations import LastObservation
from epyflow.report import warnings

LABELS = {name: f"Place {name}" for name in "ABCDEFG"}


def members(*rows):
    return pd.DataFrame(rows, columns=["population", "status", "cause", "ended"])


def test_results_of_jobs_that_a_run_would_do_are_not_those_of_the_experiment():
    assert warnings.not_run(["all"]) == []
    (said,) = warnings.not_run(["run_task", "all", "make_tables", "run_task"])
    assert said.endswith("The run would do: make_tables (1), run_task (2).")


def test_what_to_type_takes_the_place_of_running_again():
    (again,) = warnings.not_run(["run_task"])
    (typed,) = warnings.not_run(["run_task"], "Give seed=2.")

    assert "Run it again with the same settings" in again
    assert "code. Give seed=2. The run would do" in typed
    assert warnings.missing_files(["a.svg", "b"], 7, "Give seed=2.") == (
        "--report: not written: of the 7 files that it shows, the run lacks 2, such as a.svg. "
        "Give seed=2."
    )


def test_a_run_that_ended_with_an_error_has_the_results_of_the_experiment():
    assert warnings.ended_badly([], 0, 3) == []
    (one,) = warnings.ended_badly(["run_task"], 1, 3)
    (two,) = warnings.ended_badly(["run_task"], 2, 3)
    (refused,) = warnings.ended_badly(["finish_run"], 0, 3)

    assert one.startswith("1 of 3 tasks failed and has no results here; ")
    assert two.startswith("2 of 3 tasks failed and have no results here; ")
    assert refused.startswith("The run made all of its results, and then ended with an error")


def test_a_population_without_a_result_is_named_with_its_cause():
    fine = [(name, "ok", "", "complete") for name in "AC"]
    table = members(*fine, ("B", "failed", "Too\nhot", ""))

    assert warnings.failed(table, LABELS) == ["Place B has no result: Too hot"]


def test_populations_are_named_in_the_order_of_the_experiment():
    lost = members(("B", "failed", "hot", ""), ("A", "failed", "cold", ""))

    assert warnings.failed(lost, LABELS) == [
        "Place B has no result: hot",
        "Place A has no result: cold",
    ]


def test_a_population_that_lacks_some_parameter_sets_says_how_many():
    table = members(("A", "ok", "", ""), ("A", "failed", "hot", ""), ("A", "failed", "hot", ""))

    assert warnings.failed(table, LABELS) == ["Place A lacks 2 parameter sets: hot"]
    assert warnings.failed(table[:2], LABELS) == ["Place A lacks 1 parameter set: hot"]


def test_of_many_places_five_are_named_and_the_rest_counted():
    (said,) = warnings.checks({0: dict.fromkeys("ABCDEFG", "24")}, LABELS)

    assert said.startswith("Place A (24), Place B (24), Place C (24), Place D (24), Place E (24) ")
    assert "and 2 more: fewer than 100 particles" in said


def test_rate_trends_that_are_counted_from_another_value_are_warned_of():
    last = {name: LastObservation("2025-01-11", 505.0, "x") for name in "ABC"}
    counted = {"A": ("2025-01-11", 505.0), "B": ("2025-01-11", None), "C": ("2025-01-11", 600.0)}

    (said,) = warnings.baselines(counted, last, LABELS)

    assert said == (
        "Place B (the simulation to 2025-01-11; last observation 505 to 2025-01-11), "
        "Place C (600 to 2025-01-11; last observation 505 to 2025-01-11): "
        "the rate trends are not counted from the last observation."
    )


def test_a_calibration_that_ran_out_of_time_is_named_and_one_that_reached_its_tolerance_not():
    table = members(
        ("A", "ok", "", "complete"), ("B", "ok", "", "max_time"), ("C", "ok", "", "minimum_epsilon")
    )

    assert warnings.ended(table, LABELS) == [
        "Place B: the calibration stopped early (time or budget used up)."
    ]
    assert warnings.ended(table.drop(columns="ended"), LABELS) == []


def test_data_that_end_a_week_before_the_window_are_stale():
    latest = {"A": "2025-01-11", "B": "2025-01-05", "C": "2025-01-04"}

    assert warnings.stale(latest, "2025-01-11", None, LABELS) == [
        "Place C: no observation in the last week before 2025-01-11."
    ]


def test_data_may_be_a_week_older_than_the_reference_date():
    latest = {"A": "2025-01-11"}

    assert warnings.stale(latest, "2025-01-11", "2025-01-18", LABELS) == []
    assert warnings.stale(latest, "2025-01-11", "2025-01-25", LABELS) == [
        "The newest observation is of 2025-01-11, 14 days before the reference date 2025-01-25."
    ]
