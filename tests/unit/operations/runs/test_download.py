import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.operations.runs.made_up import MadeUp

from epyflow.errors import EpyflowError
from epyflow.operations.runs.download import fetch
from epyflow.operations.runs.run_list import Run
from epyflow.storage.disk import Disk
from epyflow.storage.stored_file import Stored

RUN = Run("us/flu", "main", datetime(2030, 1, 5, tzinfo=UTC), 1, 1, 0, True, None)
TABLE = "results/us/flu/main/outputs/quantiles.csv.gz"


@pytest.fixture
def storage(made_up: MadeUp) -> Disk:
    made_up.write(TABLE, "rows")
    made_up.write("results/us/flu/main/hub/a.csv", "forecast")
    made_up.write("results/us/flu/main/runner-artifacts/result_00000.pkl", "large")
    return Disk(made_up.root)


def became(copies) -> dict[str, str]:
    return {copy.source: copy.became for copy in copies}


def test_tables_and_submissions_are_copied_with_their_times(storage, made_up):
    copies = fetch(storage, RUN, Path("copy"))

    assert became(copies) == {"hub/a.csv": "fetched", "outputs/quantiles.csv.gz": "fetched"}
    copy = Path("copy/us/flu/main/outputs/quantiles.csv.gz")
    assert copy.read_text() == "rows"
    assert copy.stat().st_mtime == pytest.approx((made_up.root / TABLE).stat().st_mtime)
    assert set(became(fetch(storage, RUN, Path("copy"))).values()) == {"unchanged"}


@pytest.mark.parametrize(
    ("seconds", "text", "force", "expected"),
    [
        (-60, "rows", False, "fetched"),
        (60, "edited", False, "kept"),
        (60, "edited", True, "fetched"),
        (0, "edited", False, "kept"),  # it has another size
    ],
)
def test_a_newer_local_file_is_kept_unless_that_is_forced(
    storage, made_up, seconds, text, force, expected
):
    copy = Path("copy/us/flu/main/outputs/quantiles.csv.gz")
    copy.parent.mkdir(parents=True)
    copy.write_text(text)
    time = (made_up.root / TABLE).stat().st_mtime + seconds
    os.utime(copy, (time, time))

    copies = fetch(storage, RUN, Path("copy"), what=["outputs/*"], force=force)

    assert became(copies) == {"outputs/quantiles.csv.gz": expected}
    assert copy.read_text() == ("rows" if expected == "fetched" else text)


def test_what_matches_nothing_is_refused(storage):
    with pytest.raises(EpyflowError, match=r"has no file that matches scores/\*"):
        fetch(storage, RUN, Path("copy"), what=["scores/*"])


def test_flat_names_hold_the_run_and_are_refused_if_two_are_equal(storage, made_up):
    copies = fetch(storage, RUN, Path("copy"), names="flat", what=["outputs/*"])
    assert copies[0].target == Path("copy/us_flu_main_quantiles.csv.gz")

    made_up.write("results/us/flu/main/scores/a.csv", "scores")
    with pytest.raises(EpyflowError, match="nothing was fetched"):
        fetch(storage, RUN, Path("other"), names="flat")
    assert not Path("other").exists()


def test_a_file_that_is_removed_meanwhile_is_left_and_the_others_are_copied(tmp_path, monkeypatch):
    objects = Objects("hub/a", "hub/b")
    monkeypatch.setattr(objects, "read", lambda path: b"x" if path.endswith("b") else None)

    copies = fetch(objects, RUN, tmp_path)

    assert became(copies) == {"hub/a": "left", "hub/b": "fetched"}
    assert "hub/a was removed while it was fetched; try again" in copies[1].problem


def test_of_two_names_of_one_local_file_the_second_is_left(tmp_path):
    (tmp_path / "us/flu/main/hub").mkdir(parents=True)
    (tmp_path / "us/flu/main/outputs").symlink_to("hub")  # as where case does not count

    copies = fetch(Objects("hub/a", "outputs/a", "outputs/b"), RUN, tmp_path)

    assert became(copies) == {"hub/a": "fetched", "outputs/a": "left", "outputs/b": "fetched"}
    assert "is the copy of hub/a on this file system" in copies[-1].problem


@pytest.mark.parametrize("exp_id", ["us\0", "../..", "a//b", "a\\b"])
@pytest.mark.parametrize("form", ["tree", "flat"])
def test_a_run_whose_name_no_local_folder_can_have_is_left(tmp_path, exp_id, form):
    (copy,) = fetch(Objects("hub/a"), replace(RUN, exp_id=exp_id), tmp_path / "to", names=form)

    assert copy.became == "left"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_through_a_link_that_leads_out(storage, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    Path("copy").mkdir()
    Path("copy/us").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(EpyflowError, match="leads out of"):
        fetch(storage, RUN, Path("copy"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


class Objects(Disk):
    """A bucket: it takes names that no disk takes."""

    def __init__(self, *paths: str) -> None:
        self._paths = paths

    def below(self, folder: str) -> dict[str, Stored]:
        del folder
        return dict.fromkeys(self._paths, Stored(1, RUN.modified))

    def read(self, path: str) -> bytes:
        del path
        return b"x"


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (("outputs/a", "outputs/a/b", "outputs/a/b/c"), {"outputs/a/b", "outputs/a/b/c"}),
        (("outputs/" + "n" * 300,), {"outputs/" + "n" * 300}),
        (("outputs/" + "n" * 300 + "/a",), {"outputs/" + "n" * 300 + "/a"}),
        (("outputs/" + "n/" * 3000,), {"outputs/" + "n/" * 3000}),
        (("outputs/" + "/n" * 3000,), {"outputs/" + "/n" * 3000}),
        (("outputs//b", "outputs/../../../c", "outputs/.."), None),
        (("outputs/\ud800",), {"outputs/\ud800"}),
        (("outputs/a\nb.csv",), set()),
    ],
)
@pytest.mark.parametrize("form", ["tree", "flat"])
def test_a_name_that_no_local_file_can_have_is_left_and_the_others_are_copied(
    tmp_path, names, left, form
):
    if form == "flat" and names[0] == "outputs/a":
        left = set()

    copies = fetch(Objects("hub/z.csv", *names), RUN, tmp_path / "to", names=form)

    expected = set(names) if left is None else left
    assert {copy.source for copy in copies if copy.became == "left"} == expected
    assert {copy.source for copy in copies if copy.became == "fetched"} == (
        {"hub/z.csv", *names} - expected
    )
    assert all(bool(copy.problem) == (copy.became == "left") for copy in copies)
    assert sum(file.is_file() for file in tmp_path.rglob("*")) == len(names) + 1 - len(expected)
    assert {path.name for path in tmp_path.iterdir()} == {"to"}


def test_a_file_where_a_folder_is_is_left(tmp_path):
    (tmp_path / "us/flu/main/outputs/a").mkdir(parents=True)

    (copy,) = fetch(Objects("outputs/a"), RUN, tmp_path, force=True)

    assert copy.became == "left"
