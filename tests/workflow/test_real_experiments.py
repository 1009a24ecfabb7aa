"""The real experiments run unmodified and give their tables."""

import json
import math
import shutil
from pathlib import Path

import pytest
import yaml

from forecast_hub.checks.validation import validate
from tests.workflow.workspace import TABLES, Workspace

pytestmark = pytest.mark.shared


def run(
    workspace: Workspace, shared: Path, experiment: str, *arguments: str, **config: object
) -> None:
    done = workspace.run(
        *arguments,
        experiments_root=shared,
        population_data=shared / "data" / "populations",
        experiment=experiment,
        **config,
    )
    assert done.code == 0, done.text


def test_sir_standalone_gives_its_tables(workspace, shared):
    run(workspace, shared, "sir_standalone", *TABLES)

    assert sorted(workspace.outputs(experiment="sir_standalone")) == [
        "effective_reproduction_number.csv.gz",
        "model_metadata.csv.gz",
        "quantiles_compartments.csv.gz",
        "quantiles_transitions.csv.gz",
        "trajectories_compartments.csv.gz",
        "trajectories_transitions.csv.gz",
    ]
    trajectories = workspace.table("trajectories_compartments", experiment="sir_standalone")
    assert trajectories[0] == [
        "primary_id", "sim_id", "seed", "population", "date", "I_total", "location",
    ]  # fmt: skip
    assert {int(row[1]) for row in trajectories[1:]} == set(range(50))
    numbers = workspace.table("effective_reproduction_number", experiment="sir_standalone")
    first = float(next(row[5] for row in numbers[1:] if row[4] == "0.5"))
    # R0 is 1.8 and a quarter are immune. In steps of a day, people who recover at the rate of 0.4
    # stay for 1 / (1 - exp(-0.4)) days rather than 2.5.
    assert first == pytest.approx(1.8 * 0.75 * 0.4 / (1 - math.exp(-0.4)), rel=0.005)


def test_seir_sampling_gives_32_members_and_does_not_depend_on_the_packing(workspace, shared):
    run(workspace, shared, "seir_sampling", *TABLES)
    run(workspace, shared, "seir_sampling", *TABLES, members_per_task=7, run_id="packed")

    rows = workspace.table("model_metadata", experiment="seir_sampling")
    assert [int(row[0]) for row in rows[1:]] == list(range(32))
    logs = workspace.folder / "logs" / "seir_sampling"
    tasks = [len(list((logs / run / "run_task").iterdir())) for run in ("main", "packed")]
    # Of each of two populations 16 members: one task, or two of 7 and one of 2.
    assert tasks == [2, 6]
    packed = workspace.outputs("packed", experiment="seir_sampling")
    assert workspace.outputs(experiment="seir_sampling") == packed


def test_few_particles_of_flu_2425_smoke_are_alike_by_both_engines(workspace, shared):
    root = workspace.folder / "few"
    config = root / "experiments" / "flu_2425_smoke" / "config"
    shutil.copytree(shared / "experiments" / "flu_2425_smoke" / "config", config)
    (root / "data").symlink_to(shared / "data")
    modelset = yaml.safe_load((config / "modelset.yaml").read_text())
    modelset["modelset"]["population_names"] = ["US-MA"]
    calibration = modelset["modelset"]["calibration"]
    calibration["strategy"]["options"] |= {"num_particles": 6, "num_generations": 2}
    calibration["projection"]["n_trajectories"] = 12
    (config / "modelset.yaml").write_text(yaml.safe_dump(modelset))

    for engine in ("compiled", "epydemix"):
        done = workspace.run(
            *TABLES,
            experiments_root=root,
            allowed_data_roots=f"[{shared / 'data'}]",
            population_data=shared / "data" / "populations",
            experiment="flu_2425_smoke",
            engine=engine,
            run_id=engine,
        )
        assert done.code == 0, done.text

    tables = [
        workspace.outputs(each, experiment="flu_2425_smoke") for each in ("compiled", "epydemix")
    ]
    assert len(tables[0]) == 13
    assert tables[0] == tables[1]
    logs = workspace.folder / "logs" / "flu_2425_smoke" / "compiled" / "run_task"
    assert "simulating with epydemix" not in "".join(path.read_text() for path in logs.iterdir())


def test_flu_2425_smoke_is_calibrated_projected_and_drawn(workspace, shared):
    of_that_season = {"hub_locations": shared / "data" / "hub" / "locations_202425.csv"}
    run(workspace, shared, "flu_2425_smoke", engine="compiled", **of_that_season)

    tables = workspace.outputs(experiment="flu_2425_smoke")
    assert {name.removesuffix(".csv.gz") for name in tables} == {
        "calibration_progress",
        "effective_reproduction_number",
        "model_metadata",
        "output_hub_formatted",
        "posteriors",
        "quantiles_calibration",
        "quantiles_compartments",
        "quantiles_projection_comparison",
        "quantiles_projection_compartments",
        "quantiles_projection_transitions",
        "quantiles_transitions",
        "trajectories_projection_transitions",
        "trajectories_transitions",
    }
    posteriors = workspace.table("posteriors", experiment="flu_2425_smoke")
    assert len(posteriors) - 1 == 2 * 3 * 24
    assert (
        tables["quantiles_transitions.csv.gz"] == tables["quantiles_projection_transitions.csv.gz"]
    )
    folder = workspace.folder / "results" / "flu_2425_smoke" / "main"
    for state in ("Massachusetts", "New_York"):
        for figure in ("fit", "reproduction"):
            assert (folder / "figures" / figure / f"United_States_{state}.svg").is_file()
    assert (folder / "figures" / "calibration_progress.svg").is_file()
    assert (folder / "figures" / "calibration_progress.csv").read_text().count("\n") > 1
    submission = folder / "hub" / "2025-01-18-team-model.csv"
    locations = of_that_season["hub_locations"]
    verdict = validate(submission, shared / "data" / "hub", locations=locations)
    assert verdict.accepted()
    # Two states: 5 horizons of 23 quantiles, and 4 of 5 classes.
    assert verdict.rows == 2 * (5 * 23 + 4 * 5)
    metadata = json.loads((folder / "outputs" / "run_metadata.json").read_text())
    assert metadata["left_out_of_submission"] == []
    assert metadata["counts"]["failed"] == 0
    assert not list((folder / "runner-artifacts").glob("checkpoint_*"))
