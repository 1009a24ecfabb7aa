import datetime
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from epyflow import tables
from epyflow.tables.parquet_files import WHOLE, by_table
from tests.unit import factories
from tests.unit.tables.reading import save, spec

PLACES = ("United_States_Massachusetts", "United_States_New_York")


def results(count=1):
    """Return results of two places; a simulation has S = 290 + n children and 690 adults."""
    made = []
    for number, place in enumerate(PLACES):
        persons = np.array([[[[290 + n, 690], [10, 10]]] * 2 for n in range(count)])
        members = [factories.member_result(number, compartments=persons)]
        made.append(factories.result(members, index=number, population=place, location="US-MA"))
    return made


def written(folder: Path, name: str, files: dict[str, str], made, wanted) -> dict[str, Path]:
    parquet = {name: {place: folder / path for place, path in files.items()}}
    tables.write({name: (wanted, folder / f"{name}.csv.gz")}, save(folder, *made), parquet)
    return parquet[name]


def test_a_table_has_the_rows_of_its_csv_with_dates_and_whole_numbers(tmp_path):
    name = "trajectories_compartments"
    written(tmp_path, name, {WHOLE: f"{name}.parquet"}, results(), spec((), ("S_0-17", "S_total")))

    rows = pd.read_parquet(tmp_path / f"{name}.parquet").to_dict("records")

    assert len(rows) == 4
    assert rows[0] == {
        **{"primary_id": 0, "sim_id": 0, "seed": 7, "population": PLACES[0]},
        **{"date": date(2025, 1, 4), "S_0-17": 290, "S_total": 980, "location": "US-MA"},
    }
    assert all(isinstance(rows[0][key], int) for key in ("primary_id", "seed", "S_total"))


def test_a_divided_table_has_a_file_for_each_place_and_is_read_as_one(tmp_path):
    name = "trajectories_compartments"
    files = {place: f"{name}.parquet/{place}.parquet" for place in PLACES}

    paths = written(tmp_path, name, files, results(), spec((), ("S_total",)))

    for place, path in paths.items():
        assert set(pq.read_table(path).column("population").to_pylist()) == {place}
    assert len(pd.read_parquet(tmp_path / f"{name}.parquet")) == 4


def test_a_place_whose_task_failed_has_a_file_without_rows(tmp_path):
    name = "trajectories_compartments"
    made = [results()[0], factories.failure(population=PLACES[1])]
    files = {place: f"{name}.parquet/{place}.parquet" for place in PLACES}

    paths = written(tmp_path, name, files, made, spec((), ("S_total",)))

    assert pq.read_table(paths[PLACES[1]]).num_rows == 0
    assert pq.read_schema(paths[PLACES[1]]) == pq.read_schema(paths[PLACES[0]])


@pytest.mark.parametrize("name", ["model_metadata", "quantiles_compartments"])
def test_equal_tables_give_equal_bytes(tmp_path, name):
    found = []
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        files = {WHOLE: f"{name}.parquet"}
        (path,) = written(tmp_path / run, name, files, results(3), spec((0.5,))).values()
        found.append(path.read_bytes())

    assert found[0] == found[1]


def test_metadata_have_text_dates_counts_and_empty_cells(tmp_path):
    made = [factories.failure(cause="so:\n, it is"), results()[0]]
    (path,) = written(
        tmp_path, "model_metadata", {WHOLE: "model_metadata.parquet"}, made, spec(())
    ).values()

    failed, _, done = pq.read_table(path).to_pylist()

    assert (failed["status"], failed["cause"], failed["init_S_total"]) == (
        "failed",
        "so: , it is",
        None,
    )
    assert (done["start_date"], done["init_S_total"]) == (datetime.date(2024, 12, 29), 980)


def test_files_are_arranged_by_table_and_place_in_the_order_of_the_plan():
    specs = {
        "a": {"parquet": {WHOLE: "a.parquet"}},
        "b": {"parquet": {}},
        "c": {"parquet": {"x": "c.parquet/x.parquet", "y": "c.parquet/y.parquet"}},
    }

    assert by_table(specs, [Path("1"), Path("2"), Path("3")]) == {
        "a": {WHOLE: Path("1")},
        "c": {"x": Path("2"), "y": Path("3")},
    }
