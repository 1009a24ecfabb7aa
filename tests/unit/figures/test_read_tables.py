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


@pytest.mark.parametrize(
    "reader",
    [
        read_table,
        lambda table: list(rows_by_population(table)),
        lambda table: draw_progress(
            table, title="", labels={}, path=table, numbers=table.with_suffix(".csv")
        ),
        lambda table: draw_rate_trends(table, **NAMES),
        lambda table: write_forecast_coverage(table, "", table),
        lambda table: read_failures(None, table, None),
        lambda table: write_submission(table, None, table),
    ],
    ids=["table", "populations", "progress", "trends", "coverage", "failures", "submission"],
)
def test_a_table_that_inflates_too_far_is_refused(reader, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "SMALL", 1000)
    table = tmp_path / "table.csv.gz"
    table.write_bytes(gzip.compress(b"population,primary_id,status\n" + b"a,1,ok\n" * 50_000))

    with pytest.raises(EpyflowError, match=r"table\.csv\.gz: has more than .* decompressed"):
        reader(table)

    assert [path.name for path in tmp_path.iterdir()] == ["table.csv.gz"]
