import pandas as pd

from epyflow.report import warnings

LABELS = {name: f"Place {name}" for name in "ABCDEFG"}


def members(*rows):
    return pd.DataFrame(rows, columns=["population", "status", "cause", "ended"])


def test_a_population_without_a_result_is_named_with_its_cause():
    table = members(("A", "ok", "", "complete"), ("B", "failed", "Too\nhot", ""))

    assert warnings.failed(table, LABELS) == ["Place B has no result: Too hot"]


def test_populations_are_named_in_the_order_of_the_experiment():
    lost = members(("B", "failed", "hot", ""), ("A", "failed", "cold", ""))

    assert warnings.failed(lost, LABELS) == [
        "Place B has no result: hot",
        "Place A has no result: cold",
    ]
    (said,) = warnings.acceptance(progress(B=(0.001, 90.0), A=(0.001, 90.0)), LABELS)
    assert said.startswith("Place B, Place A: fewer")


def test_a_population_that_lacks_some_parameter_sets_says_how_many():
    table = members(("A", "ok", "", ""), ("A", "failed", "hot", ""), ("A", "failed", "hot", ""))

    assert warnings.failed(table, LABELS) == ["Place A lacks 2 parameter sets: hot"]


def progress(**last):
    """Two generations a population; the first accepted nearly nothing."""
    rows = []
    for name, (acceptance, effective) in last.items():
        rows.append((name, 0, 0.0001, 100, 100.0))
        rows.append((name, 1, acceptance, 100, effective))
    columns = ["population", "generation", "acceptance", "particles", "effective_sample_size"]
    return pd.DataFrame(rows, columns=columns)


def test_acceptance_and_weights_are_those_of_the_last_generation():
    table = progress(A=(0.5, 80.0), B=(0.009, 80.0), C=(0.01, 9.9), D=(0.2, 10.0))

    assert warnings.acceptance(table, LABELS) == [
        "Place B: fewer than 1% of the simulations were accepted.",
        "Place C: the effective sample size is below 10% of the particles.",
    ]


def test_of_many_places_five_are_named_and_the_rest_counted():
    (said,) = warnings.acceptance(progress(**dict.fromkeys("ABCDEFG", (0.001, 90.0))), LABELS)

    assert said.startswith("Place A, Place B, Place C, Place D, Place E and 2 more: fewer")


def test_a_calibration_that_ran_out_of_time_is_named_and_one_that_reached_its_tolerance_not():
    table = members(
        ("A", "ok", "", "complete"), ("B", "ok", "", "max_time"), ("C", "ok", "", "minimum_epsilon")
    )

    assert warnings.ended(table, LABELS) == [
        "Place B: the calibration stopped early (time or budget used up)."
    ]
    assert warnings.ended(table.drop(columns="ended"), LABELS) == []


def covered(inside, observations=15):
    rows = [(0.5, observations, inside), (0.95, observations, inside)]
    return pd.DataFrame(rows, columns=["nominal", "observations", "inside"])


def test_coverage_is_warned_of_where_chance_does_not_explain_it():
    # Of 15, at most 12 inside has a chance of 0.036, at most 11 one of 0.005.
    found = warnings.coverage(
        {"A": covered(12), "B": covered(11), "C": covered(0).iloc[:0]}, LABELS
    )

    assert found == ["Place B (11 of 15): the 95% interval of the fit holds too few observations."]


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
