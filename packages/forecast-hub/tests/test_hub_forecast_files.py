"""Read forecasts and outcomes from files, and refuse those that cannot be scored."""

import gzip
from io import StringIO

import pandas as pd
import pytest
from made_up_forecasts import forecast

from forecast_hub.errors import DataError, UnreadableError
from forecast_hub.scoring.forecasts import read_forecasts, require_columns
from forecast_hub.scoring.outcomes import read_outcomes


def test_forecasts_are_read_from_any_format_and_carry_their_model(tmp_path):
    frame = forecast("x", [2, 4, 8]).drop(columns="model")
    text = frame.to_csv(index=False)
    plain = tmp_path / "2025-01-04-a-b.csv"
    plain.write_text(text)
    packed = tmp_path / "2025-01-04-c-d.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))

    found = read_forecasts([plain, packed])

    assert found["model"].tolist() == ["a-b"] * 3 + ["c-d"] * 3
    assert found["value"].tolist() == [2, 4, 8, 2, 4, 8]
    assert found["location"].unique().tolist() == ["01"]


@pytest.mark.parametrize(
    ("name", "text", "error", "says"),
    [
        ("forecast.csv", "a\n1\n", UnreadableError, "the name tells no model"),
        ("2025-01-04-a-b.csv", "a\n1\n", DataError, "no column output_type"),
        (
            "2025-01-04-a-b.csv",
            "output_type,output_type_id,value\nquantile,0.5,x\n",
            DataError,
            "csv, line 2: value 'x' is no number",
        ),
        (
            "2025-01-04-a-b.csv",
            "output_type,output_type_id,value\nquantile,0.5,1e400\n",
            DataError,
            "value '1e400' is no number",
        ),
        *(
            (
                "2025-01-04-a-b.csv",
                f"output_type,output_type_id,value\n{row}\n",
                DataError,
                f"csv, line 2: {says}",
            )
            for row, says in (
                ("quantile,low,1", "quantile 'low' is no level"),
                ("quantile,1.5,1", "quantile '1.5' is no level"),
                ("pmf,up,-0.5", "-0.5 is no probability"),
                ("pmf,up,1.00000001", "1.00000001 is no probability"),
            )
        ),
        *(
            (
                "2025-01-04-a-b.csv",
                f"{name},output_type,output_type_id,value\nx,quantile,0.5,1\n",
                DataError,
                f"the column {name} has a name that scores use",
            )
            for name in ("model", "observed", "level")
        ),
        *(
            (
                "2025-01-04-a-b.csv",
                f"reference_date,output_type,output_type_id,value\n{text},quantile,0.5,1\n",
                DataError,
                "csv, line 2: reference_date .* is no date; expected YYYY-MM-DD",
            )
            for text in ("soon", "99999-01-01", "20250104", "")
        ),
        ("2025-01-04-a-b.csv.gz", "no gzip", UnreadableError, "cannot be read"),
    ],
)
def test_files_that_are_no_forecasts_are_refused(tmp_path, name, text, error, says):
    path = tmp_path / name
    path.write_text(text)

    with pytest.raises(error, match=says):
        read_forecasts([path])


@pytest.mark.parametrize(
    ("suffix", "place"), [(".csv", "line 5"), (".csv.gz", "line 5"), (".parquet", "row 3")]
)
def test_a_cell_that_cannot_be_used_is_named_by_its_line(tmp_path, suffix, place):
    """The third line is empty."""
    text = "output_type,output_type_id,value\nmean,NA,1\n\nmean,NA,2\nmean,NA,x\n"
    path = tmp_path / f"2025-01-04-a-b{suffix}"
    if suffix == ".parquet":
        pd.read_csv(StringIO(text), dtype=str).to_parquet(path)
    else:
        path.write_bytes(gzip.compress(text.encode()) if suffix == ".csv.gz" else text.encode())

    with pytest.raises(DataError, match=f"{suffix}, {place}: value 'x' is no number"):
        read_forecasts([path])


def test_levels_0_and_1_are_read_and_probabilities_are_rounded_into_their_range(tmp_path):
    path = tmp_path / "2025-01-04-a-b.csv"
    rows = ["quantile,0,5", "quantile,1,9", "pmf,up,1.0000000001", "cdf,3,-1e-10"]
    path.write_text("\n".join(["output_type,output_type_id,value", *rows]) + "\n")

    assert read_forecasts([path])["value"].tolist() == [5, 9, 1, 0]


def test_a_file_without_rows_that_lacks_a_column_is_refused(tmp_path):
    path = tmp_path / "2025-01-04-a-b.csv"
    path.write_text("output_type,output_type_id,value\n")

    with pytest.raises(DataError, match="there are no forecasts with a column target, needed"):
        require_columns(read_forecasts([path]), ["target"], "needed here")


def test_no_files_are_no_forecasts():
    with pytest.raises(UnreadableError, match="there are no forecasts"):
        read_forecasts([])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("date,location\n", "no column value"),
        ("date,location,value\n2025-01-04,01,x\n", "csv:2: value: 'x' is not a number"),
        ("date,location,value\n2025-01-04,01,1\n2025-01-04,01,2\n", "stands twice for location 01"),
    ],
)
def test_what_are_no_outcomes_is_refused(tmp_path, text, says):
    path = tmp_path / "final.csv"
    path.write_text(text)

    with pytest.raises(DataError, match=says):
        read_outcomes(path)


def test_weeks_without_a_value_are_no_outcomes(tmp_path):
    path = tmp_path / "final.csv"
    path.write_text("date,location,value\n2025-01-04,01,NA\n2025-01-11,01,\n2025-01-18,01,3\n")

    assert read_outcomes(path)["target_end_date"].tolist() == ["2025-01-18"]
