"""``epyflow week`` for four weeks of one experiment, on the emulator of Google Batch."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from google_batch_emulator.emulator import Emulator
from tests.cloud.clouded import Rehearsed
from tests.cloud.conftest import forking_tasks
from tests.forking import HOOK
from tests.workflow.weekly import BRANCHES, ROUNDS, STALE, WEDNESDAYS, Weekly

PATIENCE = 300
QUICK = ("--", "--seconds-between-status-checks", "1")


@pytest.fixture
def emulator(compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Tasks fork Snakemake, and draw nothing."""
    variables = {"NUMBA_CACHE_DIR": str(compiled), HOOK: "without_figures"}
    with Emulator(forking_tasks(tmp_path_factory.mktemp("forking"), **variables)) as running:
        yield running


def test_three_weeks_on_google_batch_give_three_accepted_submissions_and_a_fourth_runs_nothing(
    emulator, tmp_path, prefix, monkeypatch
):
    weekly = Weekly(Rehearsed(tmp_path, emulator.environment, prefix), monkeypatch)
    for day in WEDNESDAYS:
        weekly.keep(day)

    done = [weekly.week(day, "--cloud", *QUICK) for day in WEDNESDAYS[:2]]
    submitted = weekly.week(WEDNESDAYS[2], "--submit", *QUICK, "--retries", "0")
    running = weekly.week(WEDNESDAYS[2], "--submit")
    wait_for_the_coordinator(emulator)
    done += [weekly.week(WEDNESDAYS[2], "--submit")]
    before = len(emulator.store.all())
    stale = [weekly.week(STALE, option) for option in ("--cloud", "--submit")]

    assert [each.exit_code for each in done] == [0, 0, 0], weekly.runs
    assert [each.stdout.strip() for each in done] == BRANCHES
    assert (submitted.exit_code, submitted.stdout) == (3, "")
    assert (running.exit_code, running.stdout) == (3, "")
    assert "epyflow status small/2025-02-15" in running.stderr
    assert "small/2025-02-15: submitted as epyflow-coordinator-" in submitted.stderr
    paths = [[f"submissions/team-model/{day}-team-model.csv"] for day in ROUNDS]
    assert weekly.branches() == dict(zip(BRANCHES, paths, strict=True))
    bucket = weekly.workspace.bucket
    for day, branch in zip(ROUNDS, BRANCHES, strict=True):
        made = f"results/small/{day}/hub/{day}-team-model.csv"
        assert weekly.accepts(branch)
        assert weekly.submission(branch) == bucket.read(made).decode().strip()
    for each in stale:
        assert each.exit_code == 1
        assert "14 days before the reference date 2025-02-22" in each.stderr
    assert len(emulator.store.all()) == before
    assert not (tmp_path / "results").exists()


def wait_for_the_coordinator(emulator: Emulator) -> None:
    jobs = [each for each in emulator.store.all() if each.job_id.startswith("epyflow-coordinator-")]
    limit = time.monotonic() + PATIENCE
    while not all(job.state.name in ("SUCCEEDED", "FAILED") for job in jobs):
        assert time.monotonic() < limit
        time.sleep(0.2)
