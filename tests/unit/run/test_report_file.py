"""A report of Snakemake is written as a whole, or the earlier one stays."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from snakemake.api import SnakemakeApi  # noqa: F401 - imported first, as by Snakemake itself
from snakemake.report.html_reporter import ReportSettings
from snakemake.workflow import Workflow
from snakemake_interface_common.exceptions import ApiError

from epyflow.run.report_file import replace_whole_reports


@dataclass
class OtherSettings:
    """Settings of a reporter that is not Snakemake's."""

    path: Path


@pytest.fixture
def create(monkeypatch):
    """Write a report with a method in place of Snakemake's, which is given the settings."""

    def create(write, settings):
        monkeypatch.setattr(
            Workflow, "create_report", lambda _, report_settings: write(report_settings.path)
        )
        replace_whole_reports()
        Workflow.create_report(None, report_settings=settings)

    return create


def test_a_report_replaces_the_earlier_one_also_behind_a_link(create, tmp_path):
    (tmp_path / "kept.html").write_text("earlier")
    (tmp_path / "report.html").symlink_to("kept.html")
    names = []

    def write(path):
        assert (tmp_path / "kept.html").read_text() == "earlier"
        names.append(path.name)
        path.write_text("new")

    create(write, ReportSettings(path=tmp_path / "report.html"))

    assert names == ["report.html"]  # as it is inside a .zip
    assert (tmp_path / "report.html").is_symlink()
    assert (tmp_path / "kept.html").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.html", "report.html"]


def test_a_report_that_cannot_be_written_has_one_line_and_leaves_nothing(create, tmp_path):
    def write(path):
        path.write_text("a part")
        raise OSError(28, "No space left on device")

    with pytest.raises(ApiError, match=r"report\.zip: not written: No space left") as error:
        create(write, ReportSettings(path=tmp_path / "report.zip"))

    assert f"Check that {tmp_path} can be written and has space" in str(error.value)
    assert "earlier" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_cannot_be_read_is_named(create, tmp_path):
    def write(_):
        (tmp_path / "results" / "fit.svg").read_text()

    with pytest.raises(ApiError, match=r"results/fit\.svg: No such file"):
        create(write, ReportSettings(path=tmp_path / "report.html"))


def test_a_folder_that_is_missing_is_named_before_the_report_is_made(create, tmp_path):
    with pytest.raises(ApiError, match=r"not written: No such file.*none can be written"):
        create(lambda _: pytest.fail("made"), ReportSettings(path=tmp_path / "none" / "r.html"))


def test_a_file_of_another_reporter_is_left_to_it(create, tmp_path):
    paths = []

    create(paths.append, OtherSettings(tmp_path))

    assert paths == [tmp_path]
