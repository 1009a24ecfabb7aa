import pytest

from epyflow.run.finished_run import note_finished
from epyflow.storage.disk import Disk
from tests.unit.run.made_up import plan_of, run_plan

RESULTS = "results/202501/round1"
DATES = ("main/2025-01-11", "main/2025-01-18")


def pointer(folder):
    path = folder / RESULTS / "latest"
    return path.read_text() if path.exists() else None


def test_a_run_that_was_made_to_its_end_is_the_newest_finished_one(tmp_path):
    outputs = [f"{RESULTS}/main/outputs/a.csv.gz", f"{RESULTS}/main/complete.txt"]

    assert note_finished(plan_of(run_plan()), outputs, Disk(tmp_path)) is True
    assert pointer(tmp_path) == "main\n"


@pytest.mark.parametrize(
    "outputs",
    [
        [f"{RESULTS}/main/outputs/a.csv.gz"],  # --until make_tables
        [f"{RESULTS}/other/complete.txt"],
        [f"x{RESULTS}/main/complete.txt"],
    ],
)
def test_a_run_of_which_only_a_part_was_asked_for_is_not(tmp_path, outputs):
    assert note_finished(plan_of(run_plan()), outputs, Disk(tmp_path)) is False
    assert pointer(tmp_path) is None


def test_a_replay_has_finished_with_all_its_dates_wherever_the_files_are(tmp_path):
    plan = plan_of(*(run_plan(run_id=each) for each in DATES))
    marks = [f".snakemake/storage/gcs/bucket/{RESULTS}/{each}/complete.txt" for each in DATES]

    assert note_finished(plan, marks[:1], Disk(tmp_path)) is False
    assert note_finished(plan, marks, Disk(tmp_path)) is True
    assert pointer(tmp_path) == "main\n"
