"""``epyflow week --submit`` after the run is complete: is its forecast that of the experiment?"""

import shlex
import shutil
from datetime import date
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from made_up_hubs import write_hub

from epyflow.cli import week as cli_week
from epyflow.errors import RunningError
from epyflow.experiment.format.output import FLUSIGHT_LEVELS
from epyflow.operations.runs.coordinator_record import (
    read_record,
    this_coordinator,
    write_record,
)
from epyflow.operations.runs.experiment_origin import Origin, origin_of
from epyflow.operations.runs.run_request import Wanted
from epyflow.operations.start.named_experiment import name_experiment
from epyflow.run.planner import plan_without_seed
from epyflow.run.sources import gather
from epyflow.storage.disk import Disk
from epyflow.submission.hub_definitions import define_tasks
from tests.unit.cli.weekly_hub import Snakemake, branches, of

BRANCH = "team-model-2025-01-18"
MODEL, VINTAGES = Path("experiments/sample/config/basemodel.yaml"), Path("common-data/vintages")
LONGER = ("2025-05-31", "2025-06-07")
FUNCTION = Path("experiments/sample/functions/own.py")


@pytest.fixture
def finished(clone, snakemake, monkeypatch):
    """A run of 15 January that is complete, in a place where nothing can be started."""

    def start(*_: object) -> None:
        raise RunningError("started again")

    submit = SimpleNamespace(start_detached=start, Machine=SimpleNamespace)
    monkeypatch.setattr(cli_week, "import_module", lambda _: submit)
    monkeypatch.setattr(cli_week, "_place", lambda *_: Disk())
    FUNCTION.write_text("RATE = 1\n")
    finish(snakemake)
    return clone


FIRST = ("today=2025-01-15", "run_id=2025-01-18")


def finish(snakemake: Snakemake, *given: str) -> None:
    """Finish the run of 15 January, and record what it has read."""
    found = gather(name_experiment("experiments/sample", given=[*FIRST, *given]).settings)
    snakemake.finish(found.settings)
    record(origin_of(found, plan_without_seed(found)))


def record(origin: Origin | None, *, whole: bool = True) -> None:
    mine = this_coordinator("sample", "2025-01-18", {}, Wanted(whole=whole))
    write_record(mine.after("complete").model_copy(update={"origin": origin}), Disk())


def test_the_warnings_of_a_submitted_run_are_shown_before_it_is_committed(finished, snakemake):
    snakemake.warnings = ["The median misses."]
    finish(snakemake)
    shutil.rmtree(".epyflow")  # as on a machine that never ran it

    done = of("2025-01-15", "--submit")

    assert (done.exit_code, done.stdout) == (0, f"{BRANCH}\n"), done.stderr
    assert "Warnings    1 on the first page of the report:\n            The median" in done.stderr


def edit(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_finished_week_is_committed_on_a_later_day_without_a_word(finished):
    done = of("2025-01-16", "--submit")

    assert (done.exit_code, done.stdout) == (0, f"{BRANCH}\n"), done.stderr
    assert "data" not in done.stderr


@pytest.mark.parametrize(
    ("path", "old", "new", "what"),
    [
        (MODEL, *LONGER, "the experiment or a setting changed since"),
        (FUNCTION, "1", "2", "the experiment or a setting changed since"),
        (VINTAGES / "admissions_2025-01-15.csv", "MA,3", "MA,9", "its data changed since"),
    ],
)
def test_the_forecast_of_an_experiment_that_was_edited_since_is_not_committed(
    finished, path, old, new, what
):
    edit(path, old, new)

    done = of("2025-01-16", "--submit")

    assert done.exit_code == 1
    assert what in done.stderr
    assert "results/sample/2025-01-18/experiment.tar.gz has the files" in done.stderr
    assert branches(finished) == ["main"]


@pytest.mark.parametrize("setting", ["engine=epydemix", "model_abbr=other"])
def test_a_setting_that_changes_the_forecast_is_an_edit(finished, setting):
    metadata = finished / "model-metadata" / "team-model.yml"
    done = of("2025-01-15", setting, "--submit", "--metadata", metadata)

    assert done.exit_code == 1
    assert "the experiment or a setting changed since" in done.stderr
    assert setting in done.stderr.partition("`")[2].partition("`")[0]
    assert branches(finished) == ["main"]


def test_the_command_that_is_named_runs_the_edited_experiment(finished):
    edit(MODEL, *LONGER)

    said = of("2025-01-15", "--submit", "--", "--retries", "0").stderr

    words = shlex.split(said.partition("`")[2].partition("`")[0])
    assert words[:2] == ["epyflow", "submit"]
    assert words[-3:] == ["--", "--retries", "0"]
    pairs = [after for word, after in pairwise(words) if word == "--config"]
    again = gather(name_experiment(words[2], given=pairs).settings)
    assert again.settings.run_id == "2025-01-18"
    record(origin_of(again, plan_without_seed(again)))
    assert of("2025-01-15", "--submit").exit_code == 0


def test_a_newer_vintage_is_named_and_the_forecast_committed(finished):
    (VINTAGES / "admissions_2025-01-16.csv").write_text(
        "date,place,value\n2025-01-04,MA,2\n2025-01-11,MA,7\n"
    )

    done = of("2025-01-16", "--submit")

    assert (done.exit_code, done.stdout) == (0, f"{BRANCH}\n")
    assert "has read the data of 2025-01-15, and there are newer ones" in done.stderr


@pytest.fixture
def trends(finished, snakemake) -> Path:
    """Observations that the submission alone reads, of a run that is complete."""
    file = Path("common-data/trends.csv")
    file.write_text("as_of,date,place,value\n2025-01-15,2025-01-11,MA,3\n")
    output = Path("experiments/sample/config/output.yaml")
    sections = yaml.safe_load(output.read_text())
    columns = {"value": "value", "date": "date", "location": "place"}
    sections["output"]["flusight_format"]["rate_trends"] = {
        "observed_data_path": str(file),
        "observed_data_vintage": "today",
        **{f"observed_{name}_column": column for name, column in columns.items()},
    }
    output.write_text(yaml.safe_dump(sections))
    finish(snakemake)
    return file


def test_edited_observations_that_the_submission_alone_reads_are_an_edit(finished, trends):
    edit(trends, "MA,3", "MA,9")

    done = of("2025-01-16", "--submit")

    assert done.exit_code == 1
    assert "its data changed since" in done.stderr
    assert branches(finished) == ["main"]


def test_newer_observations_that_the_submission_alone_reads_are_named(trends):
    edit(trends, "MA,3\n", "MA,3\n2025-01-16,2025-01-11,MA,7\n")

    done = of("2025-01-16", "--submit")

    assert (done.exit_code, done.stdout) == (0, f"{BRANCH}\n"), done.stderr
    assert "has read the data of 2025-01-15, and there are newer ones" in done.stderr


@pytest.fixture
def earlier(finished, request) -> None:
    """The record of an earlier version, which says nothing of a hub and of rate trends."""
    data = read_record("sample", "2025-01-18", Disk()).origin.data
    request.getfixturevalue("trends")
    written = read_record("sample", "2025-01-18", Disk()).origin
    assert written.data != data
    record(written.model_copy(update={"data": data, "hub": None}))


@pytest.mark.usefixtures("earlier")
def test_the_forecast_of_an_earlier_version_is_committed_without_a_word_of_its_data():
    done = of("2025-01-16", "--submit")

    assert (done.exit_code, done.stdout) == (0, f"{BRANCH}\n"), done.stderr
    assert "data" not in done.stderr


@pytest.mark.usefixtures("earlier")
def test_edited_data_of_a_forecast_of_an_earlier_version_are_an_edit():
    edit(VINTAGES / "admissions_2025-01-15.csv", "MA,3", "MA,9")

    done = of("2025-01-16", "--submit")

    assert done.exit_code == 1
    assert "its data changed since" in done.stderr


@pytest.fixture
def hub(finished, snakemake) -> Path:
    """The tasks of a hub that accepts the submission of a run that is complete."""
    write_hub(finished, define_tasks("flusight_format", date(2025, 1, 18), ["25"]), None)
    finish(snakemake, "hub=hub")
    (file,) = Path("results/sample/2025-01-18/hub").glob("*.csv")
    columns = "reference_date,target,horizon,location,target_end_date,output_type,output_type_id"
    task = "2025-01-18,wk inc flu hosp,0,25,2025-01-18,quantile"
    rows = [f"{task},{level:g},{100 * level:g}" for level in FLUSIGHT_LEVELS]
    file.write_text("\n".join([f"{columns},value", *rows, ""]))
    return finished / "hub-config" / "tasks.json"


def test_an_unchanged_hub_is_not_mentioned(hub):
    done = of("2025-01-15", "--submit")

    assert (done.exit_code, done.stdout) == (0, f"{BRANCH}\n"), done.stderr
    assert "changed" not in done.stderr


def test_a_submission_that_a_changed_hub_accepts_is_committed_and_the_change_named(hub):
    edit(hub, '["25"]', '["25", "36"]')

    done = of("2025-01-15", "--submit")

    assert (done.exit_code, done.stdout) == (0, f"{BRANCH}\n"), done.stderr
    assert "the hub's tasks, locations or other files changed since its run began" in done.stderr
    assert "run_id=2025-01-18" in done.stderr.partition("`")[2].partition("`")[0]


def test_a_submission_that_a_changed_hub_refuses_is_not_committed(finished, hub):
    edit(hub, "[0.01, 0.025,", "[0.01, 0.02, 0.025,")

    done = of("2025-01-15", "--submit")

    assert done.exit_code == 1
    assert "the hub's tasks, locations or other files changed since its run began" in done.stderr
    assert "2025-01-18-team-model.csv: the hub in hub would refuse it:\n  error: " in done.stderr
    assert branches(finished) == ["main"]


def test_a_run_of_which_a_part_was_asked_for_since_is_submitted(finished):
    record(None, whole=False)

    done = of("2025-01-15", "--submit")

    assert (done.exit_code, "started again" in done.stderr) == (3, True)
    assert branches(finished) == ["main"]


def test_a_record_that_does_not_say_what_was_read_is_no_reason_to_refuse(finished):
    edit(MODEL, *LONGER)
    record(Origin(place="/studies", digest="a"))

    assert of("2025-01-15", "--submit").exit_code == 0
