"""A run whose experiment is edited and run again tells its files from those of the earlier plan."""

import json

import pandas as pd
import pytest

from epyflow.operations.runs.coordinator_record import read_record
from epyflow.run.output_names import FOLDERS, is_output_name
from epyflow.storage.disk import Disk
from tests.workflow.forecasting import forecast, write_target_data
from tests.workflow.partitioned import KEPT, REMOVED, TABLE, run_partitioned
from tests.workflow.workspace import EPYFLOW, TABLES, Workspace

OLD = "hub/2025-02-15-team-old.csv"
NEW = "hub/2025-02-15-team-new.csv"


def epyflow(workspace: Workspace, *arguments: str) -> str:
    done = workspace.call([EPYFLOW, *arguments])
    assert done.code == 0, done.text
    return done.text


def unplanned(workspace: Workspace) -> tuple[str, ...]:
    return read_record("small", "main", Disk(workspace.folder)).wanted.unplanned


@pytest.fixture(scope="module")
def edited(tmp_path_factory) -> Workspace:
    """A forecast that was run with every kind of output, then without some and as another model."""
    workspace = Workspace(tmp_path_factory.mktemp("edited"))
    forecast(workspace, "flusight_format", reference_date="2025-02-15")
    kinds = {"tabular_output_types": ["csv", "parquet"], "figure_output_types": ["png"]}
    workspace.change("output", lambda y: y["output"].update(kinds, posteriors=True))
    final = write_target_data(workspace)
    first = workspace.run(model_abbr="old", target_data=final)
    assert first.code == 0, first.text
    again = workspace.run(model_abbr="old", target_data=final)
    assert "Nothing to be done" in again.text
    assert "earlier plan" not in again.text
    assert unplanned(workspace) == ()

    for key in ("posteriors", *kinds):
        workspace.change("output", lambda y, key=key: y["output"].pop(key))
    workspace.second = workspace.run(model_abbr="new", stamp_outputs="true")
    assert workspace.second.code == 0, workspace.second.text
    return workspace


def test_the_start_records_what_its_plan_lacks_and_the_end_names_the_submission(edited):
    found = unplanned(edited)

    assert found[:2] == (OLD, f"{OLD}.findings.json")
    assert {"outputs/posteriors.csv.gz", "outputs/posteriors.parquet"} < set(found)
    assert {"scores/quantile_scores.csv.gz", "figures/posterior_grid.pdf"} < set(found)
    assert "figures/forecast_grid.png" in found
    assert not any("new" in path or "output_hub_formatted" in path for path in found)
    assert f"of an earlier plan: {OLD}, " in edited.second.text
    assert f"The submission of this run is results/small/main/{NEW}." in edited.second.text


def test_every_output_of_the_runs_is_one_by_its_name(edited):
    run = edited.folder / "results" / "small" / "main"
    files = [path.relative_to(run) for path in run.rglob("*") if path.is_file()]
    outputs = [str(path) for path in files if path.parts[0] in FOLDERS]

    assert len(outputs) > 50
    assert [path for path in outputs if not is_output_name(path)] == []


def test_status_fetch_and_stamped_copies_are_of_the_plan(edited):
    shown = json.loads(epyflow(edited, "status", "small", "--format", "json"))
    assert {each["stage"]: each["files"] for each in shown["stages"] if each["wanted"]} == {
        each["stage"]: each["wanted"] for each in shown["stages"] if each["wanted"]
    }
    assert (shown["submission"], shown["unplanned"][0]) == ("accepted", OLD)

    told = epyflow(edited, "fetch", "small", "--to", "fetched")

    copied = {path.name for path in (edited.folder / "fetched").rglob("*") if path.is_file()}
    assert NEW.removeprefix("hub/") in copied
    assert not copied & {OLD.removeprefix("hub/"), "posteriors.csv.gz", "quantile_scores.csv.gz"}
    assert f"of an earlier plan: {OLD}, " in told
    (stamped,) = (edited.folder / "results" / "small" / "main" / "stamped").iterdir()
    assert [path.name for path in (stamped / "hub").glob("*.csv")] == [NEW.removeprefix("hub/")]


def test_a_start_with_nothing_to_do_is_recorded_too(edited):
    before = unplanned(edited)
    # An edit that is started, stopped before its first job ends, and taken back.
    assert edited.run("--until", "run_task", model_abbr="third").code == 0
    assert set(unplanned(edited)) == {*before, NEW, f"{NEW}.findings.json"}
    assert edited.run("--dry-run", model_abbr="new").jobs == {}
    assert NEW in unplanned(edited)

    done = edited.run(model_abbr="new")

    assert "Nothing to be done" in done.text
    assert f"of an earlier plan: {OLD}, " in done.text
    assert unplanned(edited) == before


def test_clean_deletes_them_after_they_were_named_and_nothing_is_made_again(edited):
    run = edited.folder / "results" / "small" / "main"
    found = unplanned(edited)

    assert f"{OLD}, " in epyflow(edited, "clean", "--unplanned", "--dry-run")
    assert all((run / path).is_file() for path in found)
    epyflow(edited, "clean", "--unplanned", "--yes")

    assert not any((run / path).exists() for path in found)
    assert not (run / "scores").exists()
    assert edited.run("--dry-run", model_abbr="new").jobs == {}
    assert "earlier plan" not in epyflow(edited, "status", "small")


def test_a_table_by_population_has_the_populations_of_the_plan_alone(workspace):
    run_partitioned(workspace)
    folder = workspace.folder / "results" / "small" / "main" / TABLE
    (folder / "_notes.txt").write_text("mine")
    assert (folder / REMOVED).is_file()

    table = workspace.run("--until", "make_tables")
    record = workspace.run(*TABLES)
    again = workspace.run(*TABLES)

    assert [each.code for each in (table, record, again)] == [0] * 3
    told = f"results/small/main/{TABLE} has 1 population that the experiment does not have: United"
    assert told in table.text
    assert told not in record.text + again.text
    assert "of an earlier plan" not in table.text + record.text + again.text
    assert set(pd.read_parquet(folder)["population"]) == {"United_States_Massachusetts"}
    assert {path.name for path in folder.iterdir()} == {KEPT, "_notes.txt"}
    log = workspace.folder / "logs" / "small" / "main" / "write_run_metadata.log"
    assert f"{TABLE}: deleted {REMOVED}, as the experiment" in log.read_text()
