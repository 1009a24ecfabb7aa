"""The hub's example submissions are accepted; with one mistake each they are refused for it."""

import gzip
import re
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from broken_submissions import MUTANTS, Mutant

from forecast_hub.checks.validation import Verdict, validate

pytestmark = pytest.mark.shared

EXAMPLES = ("2024-11-16-example-submission.csv", "2025-10-18-example-submission.csv")
REQUIRED = 40


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=object, keep_default_na=False)


def of(verdict: Verdict, severity: str) -> list[str]:
    return [f"{each}" for each in verdict.findings if each.severity == severity]


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_hubs_examples_are_accepted(shared, name):
    verdict = validate(shared / "data" / "hub" / name, shared / "data" / "hub")

    assert of(verdict, "error") == []
    assert verdict.accepted()


def test_a_past_season_is_accepted_with_a_warning_that_its_weeks_cannot_be_judged(shared):
    verdict = validate(shared / "data" / "hub" / EXAMPLES[0], shared / "data" / "hub")

    (warning,) = of(verdict, "warning")
    assert "2025-11-22 to 2026-05-23" in warning
    assert "2024-11-23 to 2025-05-31, are consecutive" in warning
    assert not verdict.accepted(strict=True)


@pytest.mark.parametrize("model", ["FluSight-baseline", "FluSight-ensemble"])
def test_what_the_hub_has_taken_is_accepted(shared, tmp_path, model):
    name = f"2025-01-18-{model}.csv"
    packed = shared / "data" / "hub" / "model-output" / model / f"{name}.gz"
    (tmp_path / name).write_bytes(gzip.decompress(packed.read_bytes()))

    assert of(validate(tmp_path / name, shared / "data" / "hub"), "error") == []


def test_a_round_between_seasons_is_named_as_one_that_the_hub_does_not_list(shared):
    verdict = validate(shared / "data" / "hub" / EXAMPLES[1], shared / "data" / "hub")

    unlisted, _ = of(verdict, "warning")
    assert "round 2025-10-18 is not listed" in unlisted
    assert "2025-05-31 and 2025-11-22" in unlisted


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_submission_with_one_mistake_is_refused_with_the_finding_that_names_it(
    shared, tmp_path, mutant: Mutant
):
    frame = mutant.change(read(shared / "data" / "hub" / EXAMPLES[0]))
    path = tmp_path / EXAMPLES[0]
    frame.to_csv(path, index=False)

    verdict = validate(path, shared / "data" / "hub")

    assert not verdict.accepted()
    found = [each for each in verdict.findings if each.check == mutant.check]
    named = [each for each in found if re.search(mutant.says, each.message)]
    assert named, [str(each) for each in verdict.findings if each.severity != "note"]
    assert sum(len(each.rows) for each in named) == mutant.rows


def test_there_are_enough_mutants():
    assert len({mutant.name for mutant in MUTANTS}) >= REQUIRED


def test_findings_name_the_lines_of_the_file(shared, tmp_path):
    frame = read(shared / "data" / "hub" / EXAMPLES[0])
    frame.loc[[10, 11, 99], "location"] = "99"
    path = tmp_path / EXAMPLES[0]
    frame.to_csv(path, index=False)

    verdict = validate(path, shared / "data" / "hub")

    text = path.read_text().splitlines()
    named = [each for each in verdict.findings if "location is '99'" in each.message]
    lines = sorted(line for each in named for line in each.rows)
    assert [number for number, line in enumerate(text, 1) if ",99," in line] == lines


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("2024-11-16-example.csv", "cannot be split"),
        ("16-11-2024-example-submission.csv", "cannot be split"),
        ("2024-11-16-exa mple-submission.csv", "cannot be split"),
        ("2024-11-16-an_example_of_a_team-submission.csv", "has 20 characters; expected at most"),
        (
            "2024-11-23-example-submission.csv",
            "'2024-11-16'.*expected 2024-11-23",
        ),
        ("2024-11-17-example-submission.csv", "round 2024-11-17 is not listed"),
        ("2030-01-05-example-submission.csv", "round 2030-01-05 is not listed"),
        ("1-example-submission.csv", "there is no round '1'"),
    ],
)
def test_a_wrong_file_name_is_refused(shared, tmp_path, name, says):
    path = tmp_path / name
    path.write_bytes((shared / "data" / "hub" / EXAMPLES[0]).read_bytes())

    verdict = validate(path, shared / "data" / "hub")

    assert any(re.search(says, error) for error in of(verdict, "error")), verdict.findings


def test_many_mistakes_of_one_kind_are_ten_findings_and_a_count(shared, tmp_path):
    frame = read(shared / "data" / "hub" / EXAMPLES[0])
    samples = frame["output_type"] == "sample"
    frame.loc[samples, "output_type_id"] = "far-too-long-an-id" + frame.loc[samples].index.astype(
        str
    )
    path = tmp_path / EXAMPLES[0]
    frame.to_csv(path, index=False)

    verdict = validate(path, shared / "data" / "hub")

    ids = [each for each in verdict.findings if each.message.startswith(("sample id", "and "))]
    assert len(ids) == 11
    assert ids[-1].message == "and 990 more findings like the above"
    assert sum(len(each.rows) for each in ids) == 1000


def test_the_columns_may_be_in_any_order_and_blank_lines_count_for_nothing(shared, tmp_path):
    frame = read(shared / "data" / "hub" / EXAMPLES[0])
    path = tmp_path / EXAMPLES[0]
    frame[frame.columns[::-1]].to_csv(path, index=False)
    path.write_text(path.read_text() + "\n\n")

    assert validate(path, shared / "data" / "hub").accepted()


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (datetime(2024, 11, 10, 4, 59, tzinfo=UTC), "before it"),
        (datetime(2024, 11, 10, 5, 0, tzinfo=UTC), "in this time"),
        (datetime(2024, 11, 14, 4, 59, tzinfo=UTC), "in this time"),
        (datetime(2024, 11, 14, 5, 0, tzinfo=UTC), "after it"),
    ],
)
def test_the_submission_window_is_said_in_the_hubs_time(shared, now, says):
    """It opens on Sunday and closes at the end of Wednesday, US/Eastern: five hours behind."""
    verdict = validate(shared / "data" / "hub" / EXAMPLES[0], shared / "data" / "hub", now=now)

    (note,) = [each for each in verdict.findings if each.check == "submission_time"]
    assert "from 2024-11-10 to 2024-11-13 (US/Eastern)" in note.message
    assert note.message.endswith(says)
