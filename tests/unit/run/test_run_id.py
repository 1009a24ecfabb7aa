import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from epyflow.run.run_id import name_run, new_run_id, new_stamp, reports_only, resume_command
from epyflow.run.settings import Settings

ID = "20261128-231500-0a1b2c3d"
SMK = ["snakemake", "--cores", "2"]


def test_an_id_has_the_time_in_utc_and_eight_hexadecimal_digits():
    evening = datetime(2026, 11, 28, 18, 15, tzinfo=timezone(timedelta(hours=-5)))

    assert new_stamp(evening, "0a1b2c3d") == ID

    before = datetime.now(UTC).replace(microsecond=0)
    made = new_run_id()
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{8}", made)
    made_at = datetime.strptime(made[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    assert before <= made_at <= datetime.now(UTC)
    assert new_run_id() != made


def test_an_id_names_a_run():
    assert Settings(experiment="any", run_id=ID).run_id == ID


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([], [f"run_id={ID}"]),
        (["experiment=x"], ["experiment=x", f"run_id={ID}"]),
        # In place: a job that somebody takes over is known by its arguments.
        (["run_id=auto", "seed=1"], [f"run_id={ID}", "seed=1"]),
        (["run_id='auto'"], [f"run_id={ID}"]),
        # Another setting, or a name that only begins so.
        (["model_abbr=auto"], ["model_abbr=auto", f"run_id={ID}"]),
    ],
)
def test_jobs_are_started_with_the_id(given, named):
    assert name_run(given, ID) == named


@pytest.mark.parametrize(
    ("typed", "recorded"),
    [
        ([*SMK, "-C", "run_id=auto", "-k"], [*SMK, "-C", f"run_id={ID}", "-k"]),
        ([*SMK, "--config=run_id=auto"], [*SMK, f"--config=run_id={ID}"]),
        # It was in config.yaml: what follows --config is no target, and no --config replaces it.
        ([*SMK, "--config", "a=1", "-k"], [*SMK, "--config", f"run_id={ID}", "a=1", "-k"]),
        (SMK, [*SMK, "--config", f"run_id={ID}"]),
    ],
)
def test_the_recorded_command_resumes_the_run(typed, recorded):
    assert resume_command(typed, ID) == recorded


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--report"], True),
        (["--report", "a.html"], True),
        (["--report=a.html", "-c1"], True),
        (["--report", "a.html", "--report-after-run"], False),
        (["--report-stylesheet", "a.css", "-c1"], False),
    ],
)
def test_a_report_alone_starts_no_run(arguments, expected):
    assert reports_only(["snakemake", *arguments]) is expected
