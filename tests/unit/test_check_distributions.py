"""`make dist` refuses versions that disagree, and asks each Python that a project admits."""

from pathlib import Path

import pytest
from check_distributions import ROOT, Project, admits, read_project, version_problems

PROJECTS = [read_project(f) for f in (ROOT, *sorted((ROOT / "packages").iterdir()))]


def project(folder: Path, changelog: str) -> Project:
    (folder / "CHANGELOG.md").write_text(changelog)
    return Project(folder, "two-words", "1.2.0", ">=3.11")


def test_a_version_has_one_wheel_and_is_the_newest_of_the_changelog(tmp_path):
    made = project(tmp_path, "# Changelog\n\n## [1.2.0] - 2026-01-31\n\n## [1.1.0]\n")

    assert version_problems(made, ["two_words-1.2.0-py3-none-any.whl"]) == []


@pytest.mark.parametrize("changelog", ["## [1.1.0]\n\n## [1.2.0]\n", "# Changelog\n"])
def test_another_version_in_the_changelog_is_refused(tmp_path, changelog):
    made = project(tmp_path, changelog)

    (problem,) = version_problems(made, ["two_words-1.2.0-py3-none-any.whl"])

    assert problem.startswith("two-words: CHANGELOG.md begins with ")
    assert "pyproject.toml has 1.2.0" in problem


@pytest.mark.parametrize("built", [[], ["two_words-1.1.0-py3-none-any.whl"]])
def test_a_version_without_its_wheel_is_refused(tmp_path, built):
    made = project(tmp_path, "## [1.2.0]\n")

    assert version_problems(made, built) == [
        "two-words: dist/ has not one wheel two_words-1.2.0-*.whl"
    ]


def test_an_upper_limit_excludes_its_version():
    assert [admits(">=3.11,<3.14", python) for python in ("3.10", "3.11", "3.13", "3.14")] == [
        *(False, True, True, False)
    ]
    assert admits(">=3.11", "3.14")


@pytest.mark.parametrize("made", PROJECTS, ids=lambda made: made.name)
def test_every_changelog_begins_with_the_version_of_its_project(made):
    assert version_problems(made, [f"{made.wheel}py3-none-any.whl"]) == []


def test_packages_that_import_nothing_of_epydemix_are_under_the_mit_licence():
    licences = {
        made.name: (made.folder / "LICENSE").read_text().split("\n")[0] for made in PROJECTS
    }

    assert {licences[made.name] for made in PROJECTS if made.folder != ROOT} == {"MIT License"}
    assert "GNU GENERAL PUBLIC LICENSE" in licences["epyflow"]
