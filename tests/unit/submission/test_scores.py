"""Scores of a run's submissions, written as tables."""

import gzip

import pandas as pd
import pytest

from epyflow.errors import EpyflowError
from epyflow.submission.scores import write_scores
from forecast_hub.scoring.table_names import RELATIVE, TABLES
from tests.unit.submission.briefs import write_brief

COLUMNS = "reference_date,target,horizon,location,target_end_date,output_type,output_type_id,value"


def forecast(folder, model, spread):
    """Write quantiles around 10, which is what is observed."""
    path = folder / f"2025-01-04-{model}.csv"
    rows = [
        f"2025-01-04,cases,0,north,2025-01-04,quantile,{level},{10 + change}"
        for level, change in ((0.25, -spread), (0.5, 0), (0.75, spread))
    ]
    path.write_text("\n".join([COLUMNS, *rows]) + "\n")
    return path


@pytest.fixture
def observed(tmp_path):
    path = tmp_path / "observed.csv"
    path.write_text("date,location,value\n2025-01-04,north,10\n")
    return path


def score(folder, observed, baseline="x-baseline"):
    """Score a-b beside the baseline; return the files written."""
    names = [*TABLES, *([RELATIVE] if baseline else [])]
    outputs = [folder / "scores" / name for name in names]
    (folder / "scores").mkdir(exist_ok=True)
    own, other = forecast(folder, "a-b", 2), forecast(folder, "x-baseline", 6)
    write_scores([own], [other], observed, write_brief(folder), outputs, baseline)
    return {path.name: path for path in outputs}


def test_every_table_is_written(tmp_path, observed):
    files = score(tmp_path, observed)

    relative = pd.read_csv(files[RELATIVE])
    natural = relative[(relative["scale"] == "natural") & (relative["horizon"] == "all")]
    # Widths of 4 and 12 around what is observed: a third of the baseline's score.
    assert natural.set_index("model")["relative_wis"].to_dict() == {
        "a-b": pytest.approx(1 / 3),
        "x-baseline": 1,
    }
    text = gzip.decompress(files["quantile_scores.csv.gz"].read_bytes()).decode()
    assert text.splitlines()[0].startswith("model,reference_date,target,horizon,location,")
    assert len(text.splitlines()) == 1 + 2 * 2
    assert all(path.is_file() for path in files.values())


def test_without_a_baseline_there_are_no_relative_scores(tmp_path, observed):
    assert RELATIVE not in score(tmp_path, observed, baseline=None)


def test_what_cannot_be_scored_is_an_error_of_epyflow(tmp_path, observed):
    observed.write_text("date,location,value\n2025-01-04,south,10\n")

    with pytest.raises(EpyflowError, match="none of the forecasts has an outcome yet"):
        score(tmp_path, observed)
