"""A calibration in the workflow: one population fails alone, and is tried again."""

import json

import pytest

from tests.workflow.calibrating import calibrate, observe
from tests.workflow.workspace import Workspace


@pytest.fixture
def calibrated(workspace: Workspace) -> Workspace:
    """The small study, R0 calibrated against a few weeks."""
    calibrate(workspace)
    return workspace


def assert_distancing_lowers_the_reproduction_number(workspace: Workspace) -> None:
    header, *rows = workspace.table("effective_reproduction_number")
    assert header == [
        "primary_id", "scenario", "seed", "population", "date", "quantile",
        "effective_reproduction_number", "location",
    ]  # fmt: skip
    of = {(row[1], row[3], row[4], row[5]): float(row[6]) for row in rows}
    for place in ("United_States_Massachusetts", "United_States_New_York"):
        ratio = {
            day: of["distancing", place, day, "0.5"] / of["as_now", place, day, "0.5"]
            for day in ("2025-02-08", "2025-02-15")
        }
        assert ratio["2025-02-08"] == 1
        # Halved, but more people are left who can be infected.
        assert 0.5 < ratio["2025-02-15"] < 0.6
    drawn = workspace.figures()
    assert {"reproduction_grid.svg", "reproduction.csv"} < set(drawn)
    assert "reproduction/United_States_New_York.svg" in drawn


def metadata(workspace: Workspace) -> dict:
    path = workspace.folder / "results" / "small" / "main" / "outputs" / "run_metadata.json"
    return json.loads(path.read_text())


def test_a_population_without_observations_fails_alone_with_its_cause(calibrated):
    observe(calibrated, "MA")

    done = calibrated.run("--keep-going")

    assert done.code == 1
    assert "Traceback" not in done.text
    assert "observed.csv" in done.text
    results = calibrated.folder / "results" / "small" / "main" / "runner-artifacts"
    assert [path.name for path in results.iterdir()] == ["result_00000.pkl"]
    assert not calibrated.outputs()


def test_partial_results_of_a_calibration_list_what_is_missing_and_are_completed(calibrated):
    observe(calibrated, "MA")

    failed = calibrated.run("--keep-going", partial_results="true")

    assert failed.code == 1
    rows = calibrated.table("model_metadata")
    place, status = rows[0].index("population"), rows[0].index("status")
    assert {(row[place], row[status]) for row in rows[1:]} == {
        ("United_States_Massachusetts", "ok"),
        ("United_States_New_York", "failed"),
    }
    assert metadata(calibrated)["missing_populations"] == ["United_States_New_York"]
    assert {row[1] for row in calibrated.table("posteriors")[1:]} == {"United_States_Massachusetts"}

    observe(calibrated, "MA", "NY")
    mended = calibrated.run("--keep-going", partial_results="true")

    assert mended.code == 0, mended.text
    assert metadata(calibrated)["missing_populations"] == []


def test_a_calibration_does_not_depend_on_the_number_of_cores(calibrated):
    kinds = {"tabular_output_types": ["Parquet"], "figure_output_types": ["PDF"]}
    calibrated.change("output", lambda y: y["output"].update(kinds))
    assert calibrated.run(cores=1).code == 0
    assert calibrated.run(cores=2, run_id="two").code == 0

    assert calibrated.outputs() == calibrated.outputs("two")
    assert {"posterior_grid.pdf", "quantiles_grid_sidebyside.pdf"} < set(calibrated.figures())
    assert calibrated.figures() == calibrated.figures("two")
    assert {"change_map.pdf", "fit/United_States_New_York.pdf"} < set(calibrated.figures())
    assert {"posteriors.parquet", "model_metadata.parquet"} < set(calibrated.outputs())
    header, *rows = calibrated.table("quantiles_projection_transitions")
    assert header[:3] == ["primary_id", "scenario", "seed"]
    assert [*dict.fromkeys(row[1] for row in rows)] == ["as_now", "distancing"]
    assert_distancing_lowers_the_reproduction_number(calibrated)


def test_a_simulation_that_cannot_be_is_an_error_that_names_the_population(calibrated):
    calibrated.change("basemodel", lambda y: y["model"]["compartments"][2].update(init=[4500, 0]))

    done = calibrated.run("--keep-going", "--until", "run_task")

    assert done.code == 1
    assert "United_States_Massachusetts" in done.text
    assert "0-17" in done.text
    assert "Traceback" not in done.text
