"""Read target data in the forms in which hubs publish them."""

import gzip
from pathlib import Path

import pandas as pd
import pytest
from made_up_forecasts import means, run, wis, write_forecast

from forecast_hub.errors import DataError, UnreadableError
from forecast_hub.scoring.outcomes import find_target_data, read_outcomes
from forecast_hub.tables import read_table

DAY = "2025-12-27"

SERIES = pd.DataFrame(
    {
        "target_end_date": [DAY, DAY],
        "location": ["06", "25"],
        "target": "wk inc flu hosp",
        "observation": [900.0, 200.0],
    }
)


def published(folder, name):
    """Write the series under a name of the hubverse; return the hub's folder."""
    path = folder / "hub" / "target-data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith(".csv"):
        SERIES.to_csv(path, index=False)
    elif name.endswith(".parquet"):
        days = pd.to_datetime(SERIES["target_end_date"])
        SERIES.assign(target_end_date=days).to_parquet(path)
    else:
        for code, rows in SERIES.groupby("location"):
            part = path / f"location={code}"
            part.mkdir(parents=True)
            rows.drop(columns="location").to_parquet(part / "part-0.parquet")
    return folder / "hub"


@pytest.mark.parametrize("name", ["time-series.csv", "time-series.parquet", "time-series"])
@pytest.mark.parametrize("below", ["", "target-data"])
def test_a_hubs_folder_is_read_in_every_form_of_the_hubverse(tmp_path, name, below):
    hub = published(tmp_path, name)

    found = read_outcomes(hub / below)

    assert found.to_dict("list") == {
        "location": ["06", "25"],
        "target_end_date": [DAY, DAY],
        "target": ["wk inc flu hosp"] * 2,
        "observed": [900, 200],
    }


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_times_of_parquet_are_dates_at_midnight_only(tmp_path, zone):
    path = tmp_path / "series.parquet"
    for second in (DAY, f"{DAY} 23:30"):
        times = [pd.Timestamp(DAY, tz=zone), pd.Timestamp(second, tz=zone)]
        SERIES.assign(target_end_date=times).to_parquet(path)
        if second == DAY:
            assert read_outcomes(path)["target_end_date"].tolist() == [DAY, DAY]
    with pytest.raises(DataError, match=f"parquet:2: target_end_date: '{DAY} 23:30.* is not a dat"):
        read_outcomes(path)


def test_the_time_series_goes_before_the_oracle_output(tmp_path):
    hub = published(tmp_path, "time-series.csv")
    published(tmp_path, "oracle-output.csv")

    assert find_target_data(hub).name == "time-series.csv"


def test_of_oracle_output_the_rows_of_numbers_count_and_equal_ones_once(tmp_path):
    path = tmp_path / "oracle-output.csv"
    rows = ["quantile,NA,200", "sample,NA,200", "pmf,low,0", "pmf,high,1", "cdf,300,1"]
    path.write_text(
        "\n".join(
            [
                "target_end_date,location,output_type,output_type_id,oracle_value",
                *(f"{DAY},25,{row}" for row in rows),
            ]
        )
    )

    assert read_outcomes(path)["observed"].tolist() == [200]


@pytest.mark.parametrize("address", ["gs://bucket/hub", "s3://bucket/hub"])
def test_a_bucket_is_refused_by_name(address):
    with pytest.raises(UnreadableError, match="are not read from a bucket; expected a file or"):
        find_target_data(Path(address))


def test_a_hub_without_target_data_is_refused(tmp_path):
    (tmp_path / "target-data").mkdir()
    (tmp_path / "target-data" / "latest-data.csv").write_text("a\n1\n")

    with pytest.raises(UnreadableError, match="has no time-series or oracle-output"):
        find_target_data(tmp_path)


@pytest.mark.parametrize(
    "name", ["auxiliary-data/locations.csv", "locations.csv", "model-output/uni-a/2025-01-18.csv"]
)
def test_a_copy_of_a_hub_that_lacks_its_folder_of_target_data_is_refused(tmp_path, name):
    """Its tables are those of places or forecasts."""
    for each in (name, "tasks.json"):
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).write_text("a\n1\n")

    with pytest.raises(UnreadableError) as found:
        find_target_data(tmp_path)

    assert f"{tmp_path}: is a hub's folder (" in str(found.value)
    assert f"without target-data/; expected {tmp_path}/target-data/time-series.csv" in str(
        found.value
    )


def test_the_folder_of_target_data_itself_is_refused_if_it_has_none_of_the_names(tmp_path):
    folder = tmp_path / "target-data"
    folder.mkdir()
    (folder / "target-hospital-admissions.csv").write_text("a\n1\n")

    with pytest.raises(UnreadableError, match="target-data: has no time-series or oracle-output"):
        find_target_data(folder)


def test_files_of_a_folder_with_different_columns_are_refused(tmp_path):
    (tmp_path / "a.csv").write_text("date,value\n1,2\n")
    (tmp_path / "b.csv").write_text("date,number\n1,2\n")

    with pytest.raises(DataError, match=r"b.csv: has the columns date, number, and a.csv has"):
        read_table(tmp_path)


def test_a_line_is_that_of_its_own_file(tmp_path):
    (tmp_path / "a.csv").write_text("date\n2025-01-04\n2025-01-11\n")
    (tmp_path / "b.csv").write_text("date\n2025-01-18\nsoon\n")

    with pytest.raises(DataError, match=r"b.csv:3: date: 'soon' is not a date"):
        read_table(tmp_path).days("date")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("path", "location", "target", "day", "value"),
    [
        # Rows of the files, at their source.
        ("covid19-forecast-hub", "US", "wk inc covid hosp", "2024-11-09", 7980),
        (
            "flu-metrocast/target-data/latest-data.csv",
            "nyc",
            "ILI ED visits pct",
            "2016-01-09",
            3.5,
        ),
        (
            "RespiCast-Covid19/target-data/latest-hospital_admissions.csv",
            "AT",
            "hospital admissions",
            "2023-06-11",
            2,
        ),
    ],
)
def test_target_data_of_public_hubs_are_read(shared, path, location, target, day, value):
    found = read_outcomes(shared / "data" / "hubs" / path)

    row = found[
        (found["location"] == location)
        & (found["target"] == target)
        & (found["target_end_date"] == day)
    ]
    assert row["observed"].tolist() == [value]


VERSIONS = """\
as_of,target_end_date,target,location,observation
2025-01-08,2025-01-04,cases,north,7
2025-01-15,2025-01-04,cases,north,10
2025-01-15,2025-01-04,visits,north,500
"""


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".parquet"])
def test_a_hubs_time_series_is_read_as_known_last_and_for_each_target(tmp_path, suffix):
    path = tmp_path / f"time-series{suffix}"
    (tmp_path / "plain.csv").write_text(VERSIONS)
    if suffix == ".parquet":
        pd.read_csv(tmp_path / "plain.csv").to_parquet(path)
    else:
        path.write_bytes(
            gzip.compress(VERSIONS.encode()) if suffix != ".csv" else VERSIONS.encode()
        )
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)

    assert means(own, "--target-data", path) == {"a-b": (1, wis(4))}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "day,location,value\n",
            "no column date; expected date or target_end_date or truth_date, l",
        ),
        ("date,location,observed\n", "no column value; expected date or target_end_date"),
        ("date,location,value\n2025-01-04,north,many\n", "2: value: 'many' is not a number"),
        (
            "date,location,value\n2025-01-04,north,1\n2025-01-04,north,2\n",
            "csv:3: date: 2025-01-04 stands twice for location north",
        ),
    ],
)
def test_target_data_of_another_form_are_refused(tmp_path, text, says):
    own = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    path = tmp_path / "observed.csv"
    path.write_text(text)

    done = run(own, "--target-data", path)

    assert done.exit_code == 2
    assert says in done.stderr
