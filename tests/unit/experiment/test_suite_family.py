"""Experiments written for epymodelingsuite are accepted as the page for its users says."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from epyflow.errors import InvalidExperimentError
from epyflow.experiment.as_of import changes
from epyflow.experiment.load import inspect, load
from epyflow.experiment.reading.documents import UNREAD
from epyflow.experiment.reading.experiment_files import locate
from tests.unit.experiment.samples import SIR, changed, inspected, write_data, write_sections
from tests.unit.experiment.suite_family import EXPERIMENTS, REFUSED

PAGE = Path(__file__).resolve().parents[3] / "docs" / "coming-from-epymodelingsuite.md"
NAMED = ("parameters", "surveillance")
"""Keys whose mapping is from names to values; compartments of a modelset are another."""


def rows(verdict: str) -> list[str]:
    """Return the keys of the page's table with a verdict; braces hold the last parts of several."""
    table = re.findall(
        r"^\| (`.+`) \| (accepted|warning|refused)\b", PAGE.read_text(), re.MULTILINE
    )
    found = []
    for cell, said in table:
        for text in re.findall("`([^`]+)`", cell) if said == verdict else ():
            stem, _, ends = text.rstrip("}").partition("{")
            found += [f"{stem}{end.strip()}" for end in ends.split(",")]
    return found


def keys(value: Any, way: str) -> set[str]:
    """Return the generic key paths of a section: ``[]`` for entries and ``<name>`` for names."""
    if isinstance(value, list):
        return {key for each in value for key in keys(each, f"{way}[]")} | {way}
    if not isinstance(value, dict):
        return {way}
    last = way.rpartition(".")[2]
    if last in ("args", "kwargs") or way.endswith("strategy.options"):
        return {way}
    named = last in NAMED or (last == "compartments" and "modelset" in way)
    return {way} | {
        key
        for name, each in value.items()
        for key in keys(each, f"{way}.{'<name>' if named else name}")
    }


def generic(key: str) -> str:
    """Write the key of a problem as the page does."""
    key = re.sub(r"\[\d+\]", "[]", key)
    return re.sub(r"(surveillance|parameters|modelset\.\w+\.compartments)\.\w+", r"\1.<name>", key)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("suite")
    write_data(folder)
    header = "Geography,Age,Population,Week_Ending_Sat,Coverage\n"
    (folder / "common-data" / "plain.csv").write_text(header)
    return folder


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_of_the_suite_is_valid_without_a_change(root, name):
    experiment, problems = inspected(root, EXPERIMENTS[name])

    assert [str(each) for each in problems if each.severity == "error"] == []
    assert experiment is not None
    warned = {generic(each.key) for each in problems}
    allowed = {*rows("warning"), *rows("accepted")}
    assert all(
        any(key.startswith(row) or row.startswith(f"{key}.") for row in allowed) for key in warned
    )


def test_there_are_twenty():
    assert len(EXPERIMENTS) == 20


def test_every_key_that_is_not_refused_is_in_one_of_them():
    there = {
        key for each in EXPERIMENTS.values() for role in each for key in keys(each[role], role)
    }
    listed = {*rows("accepted"), *rows("warning")} - set(UNREAD)

    assert listed - there == set()


@pytest.mark.parametrize("key", [key for key in rows("warning") if key not in UNREAD])
def test_a_key_without_effect_is_a_warning(root, key):
    warned = set()
    for each in EXPERIMENTS.values():
        if any(key in keys(each[role], role) for role in each):
            warned |= {generic(problem.key) for problem in inspected(root, each)[1]}

    assert any(key == found or key.startswith(f"{found}.") for found in warned)


@pytest.mark.parametrize("key", rows("refused"))
def test_a_key_that_is_refused_says_why(root, key):
    with pytest.raises(InvalidExperimentError) as caught:
        load(locate(write_sections(root, REFUSED[key])))

    (problem,) = caught.value.problems
    assert problem.key == key
    assert "; expected " in problem.message


@pytest.mark.parametrize("role", UNREAD)
def test_a_file_for_finished_runs_is_a_warning(root, role):
    folder = write_sections(root, SIR)
    path = folder / "config" / f"{role}.yaml"
    path.write_text(f"{role}:\n  submission_week: 202446\n")
    try:
        (problem,) = load(locate(folder)).warnings
    finally:
        path.unlink()

    assert str(problem) == (
        f"{path}:1: {role}: warning: this file of epymodelingsuite is not read; "
        "it is no part of a run"
    )
    assert role in rows("warning")


def test_a_misspelt_key_is_still_an_error(root):
    with pytest.raises(InvalidExperimentError, match=r"unknown key 'n_sim' \(did you mean n_sims"):
        load(locate(write_sections(root, changed(SIR, ("model.simulation.n_sim", 5)))))


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("options.surveilance", {}, "unknown key 'surveilance' (did you mean surveillance?)"),
        ("options.surveillance.nhsn.value_colum", "v", "unknown key 'value_colum' (did you mean"),
        (
            "flusight_format.hospitalizations.targt",
            "t",
            "unknown key 'targt' (did you mean target?)",
        ),
        (
            "flusight_format.rate_trends_source",
            "nshn",
            "there is no source 'nshn'; expected one of",
        ),
    ],
)
def test_a_misspelt_key_of_the_suite_is_an_error(root, key, value, what):
    _, problems = inspected(root, changed(EXPERIMENTS["FluSight"], (f"output.{key}", value)))

    errors = [each.message for each in problems if each.severity == "error"]
    assert any(what in message for message in errors)


def test_rate_trends_of_a_named_source_are_as_of_a_replays_date(root):
    files = locate(write_sections(root, EXPERIMENTS["FluSight"]))
    vintage = ("output", "flusight_format", "rate_trends", "observed_data_vintage")
    known = changes(load(files), date(2025, 1, 11))

    assert known[vintage] == "2025-01-04"  # a week before
    _, problems = inspect(files, changes={vintage: known[vintage]})
    # The file has no vintages: it is not read as it is now.
    (problem,) = [each for each in problems if each.severity == "error"]
    assert problem.key == "output.flusight_format.rate_trends.observed_data_path"


def test_figures_are_saved_in_the_kinds_that_the_suites_plots_name(root):
    experiment, problems = inspected(root, EXPERIMENTS["files and figures"])

    assert experiment.output.figure_output_types == ("PNG", "PDF", "SVG")
    assert "output.plots.figure_output_types" not in {each.key for each in problems}
