"""Outputs of a finished run are copied once each time that they have changed."""

import os
import re
from datetime import UTC, datetime

import pytest

from epyflow.operations.runs.run_list import find_runs
from epyflow.run.layout import RunLayout
from epyflow.run.stamped_outputs import stamp_outputs
from epyflow.storage.disk import Disk

RUN = RunLayout("us/flu", "main")
NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC).timestamp()
OUTPUTS = {
    "outputs/quantiles.csv.gz": "1",
    "hub/2026-11-28-team-model.csv": "2",
    "2026-11-28/hub/2026-11-28-team-model.csv": "3",
    "complete.txt": "",
}
OTHERS = ("builder-artifacts/input_00000.pkl", "2026-11-28/runner-artifacts/result_00000.pkl")


def write(folder, path, text, seconds=NOON):
    file = folder / RUN.results / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    os.utime(file, (seconds, seconds))


@pytest.fixture
def storage(tmp_path):
    for path, text in OUTPUTS.items():
        write(tmp_path, path, text)
    for path in OTHERS:
        write(tmp_path, path, "large", NOON + 60)
    return Disk(tmp_path)


def copies(folder):
    top = folder / RUN.results / "stamped"
    return {p.relative_to(top).as_posix(): p.read_text() for p in top.rglob("*") if p.is_file()}


def test_all_but_inputs_and_results_of_tasks_is_copied_below_the_time_of_the_newest(
    storage, tmp_path
):
    folder = stamp_outputs(RUN, storage)

    stamp = folder.removeprefix("results/us/flu/main/stamped/")
    assert re.fullmatch("20261128-120000-[0-9a-f]{8}", stamp)
    assert copies(tmp_path) == {f"{stamp}/{path}": text for path, text in OUTPUTS.items()}


def test_files_of_an_earlier_plan_are_not_copied(storage, tmp_path):
    write(tmp_path, "hub/2026-11-28-team-old.csv", "old", NOON + 60)

    folder = stamp_outputs(RUN, storage, ["hub/2026-11-28-team-old.csv"])

    assert folder.startswith("results/us/flu/main/stamped/20261128-120000-")
    assert sorted(copies(tmp_path).values()) == sorted(OUTPUTS.values())


def test_unchanged_outputs_are_copied_once_and_changed_ones_beside_them(storage, tmp_path):
    first = stamp_outputs(RUN, storage)
    before = copies(tmp_path)
    assert stamp_outputs(RUN, storage) == first
    assert copies(tmp_path) == before

    # Another content in the same second.
    write(tmp_path, "outputs/quantiles.csv.gz", "one more")
    second = stamp_outputs(RUN, storage)

    assert second != first
    assert second[-8:] != first[-8:]
    assert copies(tmp_path).items() > before.items()


def test_copies_that_were_interrupted_are_completed_the_mark_at_the_end(storage, tmp_path):
    class Interrupted(Disk):
        def copy(self, targets):
            super().copy(dict(list(targets.items())[:1]))
            raise OSError("lost")

    with pytest.raises(OSError, match="lost"):
        stamp_outputs(RUN, Interrupted(tmp_path))
    assert len(copies(tmp_path)) == 1
    assert not any("complete" in path for path in copies(tmp_path))

    stamp_outputs(RUN, storage)

    assert sorted(copies(tmp_path).values()) == sorted(OUTPUTS.values())


def test_copies_are_no_runs(storage):
    before = find_runs(storage)

    stamp_outputs(RUN, storage)

    assert [run.folder for run in find_runs(storage)] == [run.folder for run in before]
