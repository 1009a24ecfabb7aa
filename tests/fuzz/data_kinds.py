"""Data of experiments: valid files, and who reads them."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np

from epyflow.data import observed_table
from epyflow.data.coverage import read_coverage, read_preprocessed
from epyflow.data.observations import Column, read_observations
from epyflow.data.school_calendar import read_calendar
from epyflow.population.store import PopulationStore
from tests.fuzz.kind import Files, Kind, Texts, seed
from tests.fuzz.mutations import mutate_cells, mutate_gzip, mutate_parquet

ROOT = Path(__file__).resolve().parents[2]
POPULATIONS = ROOT / "config" / "common-data" / "populations"
OBSERVED = (
    b"geo_value,target_end_date,value,other\nma,2024-11-02,5,x\nma,2024-11-09,7.5,\n"
    b"MA,2024-11-16,NA,y\nus,2024-11-02,100,x\n"
)
WINDOW = (date(2024, 11, 1), date(2024, 12, 1))


def _read_observed(path: Path) -> Texts:
    observed_table._read.cache_clear()
    columns = [Column("value", "target_end_date")]
    read_observations(path, {"MA", "US-MA", "25"}, None, columns, WINDOW)
    return ()


COVERAGE = b"Geography,Age,Population,Week_Ending_Sat,Coverage\n" + b"".join(
    f"Massachusetts,{age},{persons},2024-11-{day:02d},{day / 2}\n".encode()
    for age, persons in (("0-17 Years", 300), ("18+ Years", 700))
    for day in (2, 9, 16)
)
DOSES = (
    b"dates,location,0-17,18+\n2024-11-02,Massachusetts,10,20.5\n2024-11-03,Massachusetts,11,0\n"
)
CALENDAR = (
    b"state,event_name,start_day,start_month,end_day,end_month\n"
    b"MA,Winter,21,12,1,1\nUS-CA,Spring,30,3,5,4\n"
)


def _read_doses(path: Path) -> Texts:
    if path.name == "coverage.csv":
        read_coverage(path, {"Massachusetts"}, None, lambda group: np.array([0.5, 0.5]))
    elif path.name == "doses.csv":
        read_preprocessed(path, {"Massachusetts"}, ("0-17", "18+"))
    else:
        read_calendar(path)
    return ()


@cache
def _populations() -> Sequence[tuple[str, bytes]]:
    chosen = (b"population,", b"United_States_Massachusetts,")
    return [
        (
            name,
            b"".join(
                line
                for line in (POPULATIONS / name).read_bytes().splitlines(keepends=True)
                if line.startswith(chosen)
            ),
        )
        for name in ("population.csv", "contacts.csv")
    ]


STATE_NAME = "United_States_Massachusetts"
AGES = ("0-4", "5-17", "18+")


def _read_population(path: Path) -> Texts:
    store = PopulationStore.open(path.parent, remote=False)
    assert (store.load(STATE_NAME, AGES).sizes > 0).all()
    return ()


@cache
def _epydemix() -> Sequence[tuple[str, bytes]]:
    sizes = "".join(f"{age},{100 + age}\n" for age in range(0, 84)) + "84+,900\n"
    matrix = "\n".join(",".join(["0.25"] * 85) for _ in range(85))
    home = "data/United_States_Massachusetts"
    return [
        (
            "locations.csv",
            b"location,primary_contact_source\nUnited_States_Massachusetts,mistry_2021\n",
        ),
        (f"{home}/demographic/age_distribution.csv", f"group_name,value\n{sizes}".encode()),
        (f"{home}/contact_matrices/mistry_2021/contacts_matrix_home.csv", matrix.encode()),
    ]


def _epydemix_files() -> Files:
    found = dict(_epydemix())
    name, matrix = _epydemix()[2]
    return found | {
        name.replace("home", layer): matrix for layer in ("school", "work", "community")
    }


def _read_epydemix(path: Path) -> Texts:
    root = next(each for each in path.parents if (each / "locations.csv").is_file())
    assert (PopulationStore.open(root, remote=False).load(STATE_NAME, AGES).sizes > 0).all()
    return ()


KINDS = (
    Kind("observations, csv", seed("o.csv", OBSERVED), mutate_cells, _read_observed),
    Kind("observations, csv.gz", seed("o.csv.gz", OBSERVED), mutate_gzip, _read_observed),
    Kind("observations, parquet", seed("o.parquet", OBSERVED), mutate_parquet, _read_observed),
    Kind(
        "coverage, doses, calendars",
        lambda: [("coverage.csv", COVERAGE), ("doses.csv", DOSES), ("calendar.csv", CALENDAR)],
        mutate_cells,
        _read_doses,
    ),
    Kind(
        "populations",
        _populations,
        mutate_cells,
        _read_population,
        files=lambda: dict(_populations()),
        place=STATE_NAME,
    ),
    Kind(
        "populations of epydemix",
        _epydemix,
        mutate_cells,
        _read_epydemix,
        files=_epydemix_files,
        place=STATE_NAME,
        weight=1,
    ),
)
