import json
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.cli.command import run
from tests.unit.operations.comparison.test_differences import quantiles, trajectories
from tests.unit.operations.runs.made_up import MadeUp

QUANTILES, PATHS = "quantiles_transitions.csv.gz", "trajectories_transitions.csv.gz"
RECORD = {"experiment": "e", "data": {}, "code": {"stages": {"run": "c"}}, "seed": 1}


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Return a function that writes a finished run of ``flu`` with its tables."""
    monkeypatch.chdir(tmp_path)
    made_up = MadeUp(tmp_path)

    def write(run_id: str, tables: dict[str, pd.DataFrame], **record: object) -> None:
        made_up.finished(f"flu/{run_id}")
        outputs = tmp_path / "results" / "flu" / run_id / "outputs"
        metadata = json.loads((outputs / "run_metadata.json").read_text())
        (outputs / "run_metadata.json").write_text(json.dumps(metadata | RECORD | record))
        for name, table in tables.items():
            table.to_csv(outputs / name, index=False)

    return write


def test_two_runs_are_compared_in_tables_and_figures(runs):
    low, high = quantiles({0.5: (10, 20), 0.025: (1, 2)}), quantiles({0.5: (12, 15), 0.025: (0, 2)})
    runs("a", {QUANTILES: low, PATHS: trajectories((1, 2), (3, 4))})
    runs("b", {QUANTILES: high, PATHS: trajectories((2, 2), (5, 8))}, seed=2)

    done = run("compare", "flu/a", "flu/b", "--to", "out")

    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[:4] == [
        ["experiment", "same"],
        ["data", "same"],
        ["code", "same"],
        ["seed", "different"],
    ]
    assert lines[5][:5] == ["US-MA", "S_to_I_total", "5", "8.5", "3.5"]
    assert pd.read_csv(f"out/difference_{QUANTILES}")["S_to_I_total"].tolist() == [2, -5, -1, 0]
    assert {path.name for path in Path("out").rglob("*") if path.is_file()} == {
        *("summary.csv", "paired_totals.csv", f"difference_{QUANTILES}", f"paired_{PATHS}"),
        *("quantiles_transitions_000_MA.svg", "paired_trajectories_transitions_000_MA.svg"),
    }


def test_without_partners_the_largest_differences_of_medians_are_printed(runs):
    runs("a", {QUANTILES: quantiles({0.5: (10, 2e6)}), PATHS: trajectories((1, 2))})
    runs("b", {QUANTILES: quantiles({0.5: (12, 1.5e6)})}, code=None)

    done = run("compare", "flu/a", "flu/b", "--no-figures")

    assert "code        unknown" in done.stdout
    assert done.stdout.splitlines()[-1].split() == [
        *("US-MA", "S_to_I_total", "2025-01-11", "2,000,000", "1,500,000", "-25")
    ]
    assert f"{PATHS} is in one of the runs only" in done.stderr
    assert not Path("comparison/figures").exists()


def test_equal_runs_are_said_to_be_equal_also_as_json(runs):
    table = quantiles({0.5: (10, 20)}).assign(population="../x")
    for run_id in ("a", "b"):
        runs(run_id, {QUANTILES: table})

    assert "same medians in all of them" in run("compare", "flu/a", "flu/b").stdout
    document = json.loads(run("compare", "flu/a", "flu/b", "--format", "json").stdout)
    assert document["equal"] is True
    assert document["same"]["experiment"] is True
    assert "comparison/figures/quantiles_transitions_000__x.svg" in document["files"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"date": "2025-03-01", "quantile": [0.5, 0.9]}, "every row"),
        ({"S_to_R_total": 1}, "S_to_R_total"),
    ],
)
def test_runs_with_other_rows_or_columns_are_not_said_to_be_equal(runs, change, said):
    table = quantiles({0.5: (10, 20)})
    runs("a", {QUANTILES: table})
    runs("b", {QUANTILES: table.assign(**change)})

    done = run("compare", "flu/a", "flu/b", "--no-figures")

    assert done.exit_code == 0
    assert "same medians" not in done.stdout
    assert f"quantiles_transitions: {said} is in one of the runs only" in done.stderr


def test_what_cannot_be_compared_is_refused(runs):
    table = quantiles({0.5: (10, 20)})
    runs("a", {QUANTILES: table})
    runs("b", {QUANTILES: pd.concat([table, table])})
    runs("c", {"effective_reproduction_number.csv.gz": table})

    twice, nothing = run("compare", "flu/a", "flu/b"), run("compare", "flu/a", "flu/c")

    assert (twice.exit_code, nothing.exit_code) == (1, 1)
    assert "quantiles_transitions: cannot be compared: a row is there twice" in twice.stderr
    assert "a and c have no table of quantiles in common" in nothing.stderr


def submission(medians: tuple[float, float], spread: float = 1) -> pd.DataFrame:
    """Return quantiles of two places on one date, a category, and a peak without a date."""
    columns = ["location", "target_end_date", "output_type", "output_type_id", "target", "value"]
    rows = [
        (place, "2025-01-18", "quantile", level, "inc hosp", median + step * spread)
        for place, median in zip(("01", "US"), medians, strict=True)
        for level, step in ((0.25, -1), (0.5, 0), (0.75, 1))
    ]
    rows += [("01", "2025-01-18", "pmf", "increase", "rate change", 0.5)]
    rows += [("01", "NA", "quantile", 0.5, "peak inc hosp", 9)]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def replays(tmp_path, monkeypatch):
    """Return a function that writes a replay with a submission for each date."""
    monkeypatch.chdir(tmp_path)
    made_up = MadeUp(tmp_path)

    def write(run_id: str, submissions: dict[str, pd.DataFrame], **record: object) -> None:
        for day, table in submissions.items():
            made_up.finished(f"flu/{run_id}/{day}")
            outputs = tmp_path / "results" / "flu" / run_id / day / "outputs"
            metadata = json.loads((outputs / "run_metadata.json").read_text())
            (outputs / "run_metadata.json").write_text(json.dumps(metadata | RECORD | record))
            table.to_csv(outputs / "output_hub_formatted.csv.gz", index=False)

    return write


def test_the_submissions_of_two_replays_are_compared_for_the_dates_that_both_have(replays):
    replays("a", {"2025-01-11": submission((10, 40)), "2025-01-18": submission((10, 40))})
    replays("b", {"2025-01-18": submission((10, 50), spread=2)}, seed=2)

    done = run("compare", "flu/a", "flu/b", "--to", "out")

    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[1:4:2] == [["data", "same"], ["seed", "different"]]
    assert ["US", "inc", "hosp", "2025-01-18", "40", "50", "25"] in lines
    assert ["01", "inc", "hosp", "-", "10", "10", "0"] in lines  # no date differs
    assert done.stderr.startswith("a has more reference dates: 2025-01-11\n")
    assert "one of the runs only" not in done.stderr
    name = "2025-01-18_output_hub_formatted"
    found = pd.read_csv(f"out/difference_{name}.csv.gz", dtype={"location": str})
    assert found["location"].tolist() == ["01"] * 3 + ["US"] * 3
    assert found["inc hosp"].tolist() == [-1, 0, 1, 9, 10, 11]
    assert (Path("out/figures") / f"{name}_001_US.svg").is_file()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"output_type": "sample"}, "cannot be compared: no quantiles of dates"),
        ({"target": None}, "cannot be compared: no column target; expected a dated submission"),
    ],
)
def test_submissions_without_dated_quantiles_are_refused(replays, change, said):
    table = submission((10, 40)).assign(**change).dropna(axis="columns", how="all")
    replays("a", {"2025-01-18": table})
    replays("b", {"2025-01-18": table})

    done = run("compare", "flu/a", "flu/b")

    assert done.exit_code == 1
    assert f"2025-01-18_output_hub_formatted: {said}" in done.stderr


def test_replays_without_a_date_in_common_are_refused(replays):
    replays("a", {"2025-01-11": submission((10, 40))})
    replays("b", {"2025-01-18": submission((10, 40))})

    done = run("compare", "flu/a", "flu/b")

    assert done.exit_code == 1
    assert "no submission of the same date: a has that of 2025-01-11; b has that of" in done.stderr


SUBMITTED = "output_hub_formatted.csv.gz"


def test_a_replay_is_compared_with_a_run_for_the_reference_date_of_this_run(runs, replays):
    data = {"a.csv": "1", "b as of 2025-01-16": "2"}
    dates = {"2025-01-11": submission((9, 9)), "2025-01-18": submission((10, 40))}
    replays("season", dates, data=data)
    own = submission((12, 40)).assign(reference_date="2025-01-18", horizon="1")
    data = {"a.csv": "1", "b as of 2025-01-15": "2"}
    runs("week", {SUBMITTED: own, QUANTILES: quantiles({0.5: (10, 20)})}, seed=2, data=data)

    done = run("compare", "flu/season", "flu/week", "--to", "out", "--no-figures")

    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[:2] == [["experiment", "same"], ["data", "same"]]
    assert lines[3] == ["seed", "different"]
    assert ["01", "inc", "hosp", "2025-01-18", "10", "12", "20"] in lines
    assert done.stderr.splitlines()[:-1] == ["season has more reference dates: 2025-01-11"]
    document = run("compare", "flu/week", "flu/season", "--format", "json").stdout
    assert json.loads(document)["more_dates"] == {"season": ["2025-01-11"]}
    found = pd.read_csv(f"out/difference_2025-01-18_{SUBMITTED}")
    assert found["inc hosp"].tolist() == [2, 2, 2, 0, 0, 0]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ({SUBMITTED: {"reference_date": "2025-01-25"}}, "week has that of 2025-01-25"),
        ({SUBMITTED: {"reference_date": ["2025-01-18", *["2025-01-25"] * 7]}}, "one without a ref"),
        ({SUBMITTED: {}}, "week has one without a reference date"),
        ({}, "week has none"),
    ],
)
def test_a_replay_and_a_run_without_one_of_its_dates_are_refused_with_the_dates_of_both(
    runs, replays, tables, said
):
    replays("season", {day: submission((9, 9)) for day in ("2025-01-11", "2025-01-18")})
    own = {name: submission((12, 40)).assign(**columns) for name, columns in tables.items()}
    runs("week", {QUANTILES: quantiles({0.5: (10, 20)})} | own)

    done = run("compare", "flu/week", "flu/season")

    assert done.exit_code == 1
    assert said in done.stderr
    assert "season has those of 2025-01-11, 2025-01-18. A replay has submissions" in done.stderr
    assert "add a date to its reference_dates, or a hub format" in done.stderr


def test_a_damaged_submission_of_a_run_is_named_beside_a_replay(runs, replays):
    replays("season", {"2025-01-18": submission((9, 9))})
    runs("week", {})
    Path("results/flu/week/outputs", SUBMITTED).write_bytes(b"no table")

    done = run("compare", "flu/week", "flu/season")

    assert done.exit_code == 1
    assert f"{SUBMITTED}: cannot be compared: " in done.stderr


def test_a_mistyped_run_names_those_there_are(runs):
    runs("weekly", {})

    done = run("compare", "flu/weekly", "flu/wekly")

    assert done.exit_code == 2
    assert "no run flu/wekly under ./results (did you mean flu/weekly?)" in done.stderr
