"""``epyflow week --submit`` after the run is complete: is its forecast that of the experiment?"""

import shlex
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from epyflow.cli import week as cli_week
from epyflow.errors import RunningError
from epyflow.operations.runs.coordinator_record import this_coordinator, write_record
from epyflow.operations.runs.experiment_origin import Origin, origin_of
from epyflow.operations.runs.run_request import Wanted
from epyflow.operations.start.named_experiment import name_experiment
from epyflow.run.planner import plan_without_seed
from epyflow.run.sources import gather
from epyflow.storage.disk import Disk
from tests.unit.cli.weekly_hub import branches, of

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
    found = gather(name_experiment("experiments/sample", given=FIRST).settings)
    snakemake.finish(found.settings)
    record(origin_of(found, plan_without_seed(found)))
    return clone


FIRST = ("today=2025-01-15", "run_id=2025-01-18")


def record(origin: Origin | None, *, whole: bool = True) -> None:
    mine = this_coordinator("sample", "2025-01-18", {}, Wanted(whole=whole))
    write_record(mine.after("complete").model_copy(update={"origin": origin}), Disk())


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


def test_a_run_of_which_a_part_was_asked_for_since_is_submitted(finished):
    record(None, whole=False)

    done = of("2025-01-15", "--submit")

    assert (done.exit_code, "started again" in done.stderr) == (3, True)
    assert branches(finished) == ["main"]


def test_a_record_that_does_not_say_what_was_read_is_no_reason_to_refuse(finished):
    edit(MODEL, *LONGER)
    record(Origin(place="/studies", digest="a"))

    assert of("2025-01-15", "--submit").exit_code == 0
