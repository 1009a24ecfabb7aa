"""List the figures of a run."""

import pytest

from epyflow.report.contents import FIGURES, figures_of_run
from epyflow.report.parts import number_parts

TABLES = ("quantiles_projection_comparison",)


@pytest.mark.parametrize(
    ("fit", "locations", "has_map"),
    [
        ({"trajectories": 100}, ["US-NY"], True),
        ({"trajectories": 100}, [None, "US-NY"], True),
        ({"trajectories": 100}, [None, "IT"], False),
        ({"trajectories": 0}, ["US-NY"], False),  # nothing is projected
        (None, ["US-NY"], False),
    ],
)
def test_a_projection_of_us_states_has_a_map(fit, locations, has_map):
    names = [each.name for each in figures_of_run(TABLES, fit, None, locations)]

    assert ("change_map" in names) is has_map


def test_parts_are_numbered_without_gaps_and_nothing_is_forecast_without_a_fit():
    there = {"Run", "Forecast", "Summary"}

    assert [*number_parts(there, fitted=False).values()] == [
        "1. Summary",
        "2. Simulation",
        "3. Run",
    ]
    assert number_parts({*there, "Fit"}, fitted=True)["Forecast"] == "2. Forecast"


@pytest.mark.parametrize("kind", ["quantiles", "trajectories"])
def test_outcomes_need_transitions_of_one_kind(kind):
    def names(table):
        return [each.name for each in figures_of_run(("model_metadata", table), None, None, [])]

    assert "outcomes" in names(f"{kind}_transitions")
    assert "outcomes" not in names(f"{kind}_compartments")


def test_a_figure_is_drawn_where_it_has_what_it_needs_and_no_more():
    (coverage,) = (each for each in FIGURES if each.name == "fit_coverage")

    names = [each.name for each in figures_of_run(coverage.needs, None, None, [])]
    fewer = [each.name for each in figures_of_run(coverage.needs[1:], None, None, [])]

    assert "fit_coverage" in names
    assert "fit_coverage" not in fewer
