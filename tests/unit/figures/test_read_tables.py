import gzip

import pytest

from epyflow import files
from epyflow.errors import EpyflowError
from epyflow.figures.calibration_progress import draw_progress
from epyflow.figures.rate_trends import draw_rate_trends
from epyflow.figures.read_tables import read_table, rows_by_population
from epyflow.report.forecast_coverage import write_forecast_coverage
from epyflow.run.failures import read_failures
from epyflow.submission.submission_output import write_submission

NAMES = dict.fromkeys(("title", "path", "numbers", "spellings", "pages", "places"))


READERS = {
    "table": read_table,
    "populations": lambda table: list(rows_by_population(table)),
    "progress": lambda table: draw_progress(
        table, title="", labels={}, path=table, numbers=table.with_suffix(".csv")
    ),
    "trends": lambda table: draw_rate_trends(table, **NAMES),
    "coverage": lambda table: write_forecast_coverage(table, "", table),
    "failures": lambda table: read_failures(None, table, None),
    "submission": lambda table: write_submission(table, None, table),
}
each_reader = pytest.mark.parametrize("name", READERS)


@each_reader
def test_a_table_that_inflates_too_far_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "SMALL", 1000)
    table = tmp_path / "table.csv.gz"
    table.write_bytes(gzip.compress(b"population,primary_id,status\n" + b"a,1,ok\n" * 50_000))

    with pytest.raises(EpyflowError, match=r"table\.csv\.gz: has more than .* decompressed"):
        READERS[name](table)

    assert [path.name for path in tmp_path.iterdir()] == ["table.csv.gz"]


DAMAGED = r"table\.csv\.gz: damaged: .*; delete it and run again"


@each_reader
@pytest.mark.parametrize("content", [gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], b"x"])
def test_a_damaged_table_is_named_with_what_to_do(name, content, tmp_path):
    table = tmp_path / "table.csv.gz"
    table.write_bytes(content)

    with pytest.raises(EpyflowError, match=DAMAGED):
        READERS[name](table)


@pytest.mark.parametrize("name", [name for name in READERS if name != "coverage"])
@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0)])
def test_an_empty_table_is_damaged_unless_it_is_of_scores(name, content, tmp_path):
    """Scores are empty until an observation has come."""
    table = tmp_path / "table.csv.gz"
    table.write_bytes(content)

    with pytest.raises(EpyflowError, match=DAMAGED):
        READERS[name](table)
