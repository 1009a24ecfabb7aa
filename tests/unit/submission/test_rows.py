"""Submissions made from trajectories: what they hold, and that the validator accepts them."""

import gzip
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from made_up_hubs import tasks, write_hub

from epyflow.errors import EpyflowError, SubmissionError
from epyflow.submission.projected_series import Observed, Projection
from epyflow.submission.request import Request
from epyflow.submission.row_files import write_csv, write_csv_gz, write_parquet
from epyflow.submission.rows import compute_rows
from epyflow.submission.sample_ids import assign_sample_ids
from epyflow.submission.task_id_columns import Block
from forecast_hub.checks.validation import validate
from forecast_hub.config import flusight
from forecast_hub.config.locations import Place, read_places
from forecast_hub.config.reader import read_hub

WEEK = timedelta(weeks=1)


def saturdays(first: date, last: date) -> tuple[date, ...]:
    return tuple(first + n * WEEK for n in range((last - first) // WEEK + 1))


def made_up(code: str, dates, observed, count: int = 150) -> Projection:
    """An epidemic wave of a size of its own, with noise: whole numbers of at least 0."""
    generator = np.random.default_rng([ord(letter) for letter in code])
    middle, size = generator.uniform(4, 14), generator.uniform(20, 900)
    steps = np.arange(len(dates))
    peaks = middle + generator.normal(0, 2, size=(count, 1))
    wave = size * np.exp(-(((steps - peaks) / 4) ** 2))
    return Projection({"location": code}, dates, generator.poisson(wave).astype(float), observed)


def observed_until(last: date, first: date) -> Observed:
    dates = saturdays(first, last)
    return Observed(dates, np.arange(len(dates), dtype=float) + 3)


SEASONS = {
    # reference date: the season's weeks
    date(2025, 1, 18): (date(2024, 11, 23), date(2025, 5, 31)),
    date(2024, 11, 16): (date(2024, 11, 23), date(2025, 5, 31)),
    date(2026, 1, 17): (date(2025, 11, 22), date(2026, 5, 23)),
    date(2026, 5, 30): (date(2025, 11, 22), date(2026, 5, 23)),
}


def flusight_request(shared: Path, reference: date) -> Request:
    """All locations of the hub, projected from the week before the reference date."""
    hub = read_hub(shared / "data" / "hub")
    first, last = SEASONS[reference]
    observed = observed_until(reference - WEEK, min(first, reference - 2 * WEEK))
    dates = saturdays(reference - WEEK, max(last, reference + 4 * WEEK))
    table = "locations_202425.csv" if reference < date(2025, 8, 1) else "locations.csv"
    places = read_places(shared / "data" / "hub" / table)
    projections = [made_up(code, dates, observed) for code in places]
    return Request(hub, reference, dict.fromkeys(flusight.TARGETS, projections), places=places)


@pytest.fixture(scope="module")
def request_2025(shared) -> Request:
    return flusight_request(shared, date(2025, 1, 18))


@pytest.fixture(scope="module")
def rows_2025(request_2025) -> pd.DataFrame:
    return compute_rows(request_2025)


@pytest.mark.shared
@pytest.mark.parametrize("reference", SEASONS, ids=str)
def test_flusights_validator_accepts_all_targets_of_all_locations(shared, tmp_path, reference):
    request = flusight_request(shared, reference)
    path = tmp_path / f"{reference}-epyflow-seir.csv"

    write_csv(compute_rows(request), path)
    table = shared / "data" / "hub" / "locations_202425.csv"
    verdict = validate(path, shared / "data" / "hub", locations=table)

    assert [str(each) for each in verdict.findings if each.severity == "error"] == []
    warnings = [each.check for each in verdict.findings if each.severity == "warning"]
    assert warnings == (["valid_vals"] if reference.year < 2026 else [])
    weeks = len(saturdays(*SEASONS[reference]))
    assert verdict.rows == 53 * (5 * 23 + 5 * 100 + 4 * 5 + 23 + weeks)


@pytest.mark.shared
def test_parquet_has_the_hubs_types_and_the_same_rows(shared, tmp_path, request_2025, rows_2025):
    path = tmp_path / "2025-01-18-epyflow-seir.parquet"

    write_parquet(rows_2025, path, request_2025.hub.types)

    assert validate(path, shared / "data" / "hub").accepted()
    table = pq.read_table(path)
    assert [str(field.type) for field in table.schema] == [
        *("date32[day]", "string", "int32", "string", "date32[day]"),
        *("string", "string", "double"),
    ]
    assert table["value"].to_pylist() == rows_2025["value"].tolist()
    assert table["horizon"].null_count == (rows_2025["horizon"] == "NA").sum() > 0


@pytest.mark.shared
def test_the_columns_are_the_hubs_in_its_order(rows_2025):
    assert list(rows_2025.columns) == [
        *("reference_date", "target", "horizon", "location", "target_end_date"),
        *("output_type", "output_type_id", "value"),
    ]


@pytest.mark.shared
def test_values_are_whole_where_the_hub_wants_whole_numbers(rows_2025):
    whole = rows_2025["target"].isin([flusight.ADMISSIONS, flusight.PEAK_SIZE])

    assert (rows_2025.loc[whole, "value"] % 1 == 0).all()
    assert set(rows_2025.loc[~whole, "output_type"]) == {"pmf"}


@pytest.mark.shared
def test_a_sample_is_one_trajectory_over_the_horizons(request_2025, rows_2025):
    massachusetts = next(
        each for each in request_2025.series[flusight.ADMISSIONS] if each.task["location"] == "25"
    )
    mine = rows_2025[(rows_2025["location"] == "25") & (rows_2025["output_type"] == "sample")]
    table = mine.pivot_table(index="output_type_id", columns="horizon", values="value")

    # 150 trajectories, 100 samples: the first stretch of 1.5 has its middle in trajectory 0, the
    # second in 2, the third in 3.
    assert list(table.index) == [f"MA{number:02d}" for number in range(100)]
    for name, trajectory in (("MA00", 0), ("MA01", 2), ("MA02", 3), ("MA99", 149)):
        wanted = massachusetts.trajectories[trajectory, :5].tolist()
        assert table.loc[name, ["-1", "0", "1", "2", "3"]].tolist() == wanted


@pytest.mark.shared
def test_quantiles_are_those_of_all_trajectories(request_2025, rows_2025):
    wyoming = next(
        each for each in request_2025.series[flusight.ADMISSIONS] if each.task["location"] == "56"
    )
    mine = rows_2025[
        (rows_2025["location"] == "56")
        & (rows_2025["target"] == flusight.ADMISSIONS)
        & (rows_2025["output_type"] == "quantile")
        & (rows_2025["horizon"] == "2")
    ]

    assert mine["target_end_date"].unique().tolist() == ["2025-02-01"]
    assert len(mine) == 23
    for level, value in zip(mine["output_type_id"], mine["value"], strict=True):
        assert value == np.rint(np.quantile(wyoming.trajectories[:, 3], float(level)))


@pytest.mark.shared
def test_a_file_is_the_same_bytes_each_time_and_the_table_holds_the_same_rows(
    tmp_path, request_2025, rows_2025
):
    write_csv(rows_2025, tmp_path / "a.csv")
    write_csv(compute_rows(request_2025), tmp_path / "b.csv")
    write_csv_gz(rows_2025, tmp_path / "output_hub_formatted.csv.gz")

    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    packed = (tmp_path / "output_hub_formatted.csv.gz").read_bytes()
    assert gzip.decompress(packed) == (tmp_path / "a.csv").read_bytes()


REFERENCE = date(2025, 1, 18)
WYOMING = Place("56", "WY", 587_618)


@pytest.fixture
def hub(shared):
    return read_hub(shared / "data" / "hub")


def wyoming(**change) -> Projection:
    """Two trajectories of Wyoming from the week before the reference date to the season's end."""
    dates = saturdays(date(2025, 1, 11), date(2025, 5, 31))
    trajectories = np.zeros((2, len(dates)))
    trajectories[:, :5] = [[50, 12, 30, 25, 40], [60, 11, 12, 26, 0]]
    observed = observed_until(date(2025, 1, 11), date(2024, 11, 23))
    return replace(Projection({"location": "56"}, dates, trajectories, observed), **change)


def request(hub, target, projection, **more) -> Request:
    return Request(hub, REFERENCE, {target: [projection]}, places={"56": WYOMING}, **more)


@pytest.mark.shared
def test_rate_changes_are_measured_from_the_observed_week_before_the_reference_date(hub):
    """Observed 3, 4, ..., 10 from 2024-11-23 to 2025-01-11, so changes are from 10.

    Horizon 0: 2 and 1, stable. Horizon 1: 20 (3.4 per 100,000, large) and 2. Horizon 2: 15 and 16
    (2.6, 2.7: increase). Horizon 3: 30 (5.1, large) and -10 (-1.7: decrease).
    """
    found = compute_rows(request(hub, flusight.RATE_CHANGE, wyoming()))

    shares = found.pivot_table(index="horizon", columns="output_type_id", values="value")
    assert list(shares.index) == ["0", "1", "2", "3"]
    assert shares.loc["0", "stable"] == 1
    assert (shares.loc["1", "large_increase"], shares.loc["1", "stable"]) == (0.5, 0.5)
    assert shares.loc["2", "increase"] == 1
    assert (shares.loc["3", "large_increase"], shares.loc["3", "decrease"]) == (0.5, 0.5)


@pytest.mark.shared
def test_without_an_observation_rate_changes_are_measured_from_each_trajectory(hub):
    """From 50 and 60: horizon 0 falls by 38 and 49, 6.5 and 8.3 per 100,000."""
    found = compute_rows(request(hub, flusight.RATE_CHANGE, wyoming(observed=None)))

    shares = found[found["horizon"] == "0"].set_index("output_type_id")["value"]
    assert shares["large_decrease"] == 1


@pytest.mark.shared
def test_the_peak_is_of_the_observed_and_the_projected_weeks(hub):
    """The first trajectory peaks at 40 on 2025-02-08; the second at 26 on 2025-02-01."""
    projection = wyoming()

    sizes, weeks = (
        compute_rows(request(hub, target, projection)).set_index("output_type_id")["value"]
        for target in (flusight.PEAK_SIZE, flusight.PEAK_WEEK)
    )

    assert (sizes["0.01"], sizes["0.5"], sizes["0.99"]) == (26, 33, 40)
    assert weeks[weeks > 0].to_dict() == {"2025-02-01": 0.5, "2025-02-08": 0.5}
    assert (weeks.index[0], weeks.index[-1], len(weeks)) == ("2024-11-23", "2025-05-31", 28)


@pytest.mark.shared
def test_a_peak_that_has_been_observed_stays_the_peak(hub):
    observed = observed_until(date(2025, 1, 11), date(2024, 11, 23))
    observed.counts[3] = 1000

    found = compute_rows(request(hub, flusight.PEAK_WEEK, wyoming(observed=observed)))

    assert found.set_index("output_type_id")["value"]["2024-12-14"] == 1


@pytest.mark.shared
def test_the_seasons_weeks_can_be_given(hub):
    given = (date(2025, 1, 4), date(2025, 2, 15))

    found = compute_rows(request(hub, flusight.PEAK_WEEK, wyoming(), season=given))

    assert found["output_type_id"].tolist() == [str(day) for day in saturdays(*given)]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("target", "change", "says"),
    [
        ("wk inc flu hsop", {}, r"target 'wk inc flu hsop' \(did you mean wk inc flu hosp"),
        (flusight.ADMISSIONS, {}, "2 trajectories .* fewer than 100 samples"),
        (flusight.ADMISSIONS, {"task": {"location": "99"}}, "location '99' is not the hub's"),
        (flusight.ADMISSIONS, {"task": {}}, "column 'location' of 'wk inc flu hosp' has no value"),
        (flusight.RATE_CHANGE, {"task": {"location": "01"}}, "no such location"),
        ("wk inc flu prop ed visits", {}, "values from .* the hub takes 0 to 1"),
    ],
)
def test_what_cannot_be_submitted_is_refused(hub, target, change, says):
    many = np.tile(wyoming().trajectories, (50 if "prop" in target else 1, 1))

    with pytest.raises(SubmissionError, match=says):
        compute_rows(request(hub, target, wyoming(trajectories=many, **change)))


@pytest.mark.shared
def test_projections_that_end_too_early_are_refused(hub):
    short = wyoming(dates=wyoming().dates[:1], trajectories=wyoming().trajectories[:, :1])
    later = wyoming(dates=wyoming().dates[9:], trajectories=wyoming().trajectories[:, 9:])

    with pytest.raises(EpyflowError, match="neither observed nor projected"):
        compute_rows(request(hub, flusight.PEAK_SIZE, short))
    only = {flusight.ADMISSIONS: ["quantile"]}
    with pytest.raises(SubmissionError, match="do not cover horizon any of -1, 0, 1, 2, 3"):
        compute_rows(request(hub, flusight.ADMISSIONS, later, output_types=only))


@pytest.mark.shared
def test_a_round_that_is_not_listed_is_refused(hub):
    asked = replace(request(hub, flusight.PEAK_SIZE, wyoming()), reference_date=date(2025, 1, 19))

    with pytest.raises(SubmissionError, match="there is no round 2025-01-19"):
        compute_rows(asked)


@pytest.mark.shared
def test_output_types_can_be_left_out_unless_they_are_required(hub):
    asked = request(
        hub, flusight.ADMISSIONS, wyoming(), output_types={flusight.ADMISSIONS: ["pmf"]}
    )

    assert set(compute_rows(asked)["output_type"]) == {"quantile"}


MONDAY = date(2026, 3, 2)


def of_region(region: str, age: str, count: int = 4) -> Projection:
    dates = saturdays(date(2026, 3, 7), date(2026, 3, 21))
    trajectories = np.arange(count * 3, dtype=float).reshape(count, 3) + len(region)
    return Projection({"region": region, "age": age}, dates, trajectories)


def two_regions() -> list[Projection]:
    return [of_region(region, age) for region in ("north", "south") for age in ("0-17", "18+")]


def test_another_hub_is_served_by_configuration_alone(tmp_path):
    """Other columns and levels; its forecasts start on a Monday, so horizon 1 ends on Saturday."""
    folder = write_hub(tmp_path, tasks())
    hub = read_hub(folder)
    path = tmp_path / "submissions" / "a-b" / f"{MONDAY}-a-b.csv"
    path.parent.mkdir(parents=True)

    found = compute_rows(Request(hub, MONDAY, {"cases": two_regions()}))
    write_csv(found, path)

    assert validate(path, folder).accepted()
    north = found[found["horizon"] == "3"].head(8)
    assert north[["region", "age"]].drop_duplicates().to_numpy().tolist() == [["north", "0-17"]]
    # Trajectories of the north in the third week: 7, 10, 13, 16.
    assert north[["output_type", "output_type_id", "value"]].to_numpy().tolist() == [
        ["quantile", "0.1", 8.0],
        ["quantile", "0.5", 12.0],
        ["quantile", "0.9", 15.0],
        ["mean", "NA", 11.5],
        ["sample", "1", 7.0],
        ["sample", "2", 10.0],
        ["sample", "3", 13.0],
        ["sample", "4", 16.0],
    ]
    ids = found[found["output_type"] == "sample"].groupby(["region", "age"])["output_type_id"]
    assert [sorted(group.unique(), key=int) for _, group in ids] == [
        ["1", "2", "3", "4"],
        ["5", "6", "7", "8"],
        ["9", "10", "11", "12"],
        ["13", "14", "15", "16"],
    ]


def test_every_task_has_as_many_samples_as_the_one_with_the_fewest_trajectories(tmp_path):
    hub = read_hub(write_hub(tmp_path, tasks()))
    cases = [of_region("north", "18+", 9), of_region("south", "18+", 3)]

    found = compute_rows(Request(hub, MONDAY, {"cases": cases}))

    samples = found[found["output_type"] == "sample"]
    assert samples.groupby(["region", "horizon"]).size().unique().tolist() == [3]


def test_a_target_that_is_not_known_how_to_compute_is_refused(tmp_path):
    hub = read_hub(write_hub(tmp_path, tasks()))

    with pytest.raises(SubmissionError, match="how target 'level' is computed is not known"):
        compute_rows(Request(hub, MONDAY, {"level": [of_region("north", "18+")]}))


def test_a_required_horizon_that_is_not_projected_is_refused(tmp_path):
    hub = read_hub(write_hub(tmp_path, tasks()))
    full = of_region("north", "18+")
    short = replace(full, dates=full.dates[:1], trajectories=full.trajectories[:, :1])

    with pytest.raises(SubmissionError, match="do not cover horizon 2 of 'cases' from 2026-03-02"):
        compute_rows(Request(hub, MONDAY, {"cases": [short]}))


def joint(document, compound, type_="character"):
    """Change what the samples of the made-up hub are joint over."""
    output = document["rounds"][0]["model_tasks"][0]["output_type"]["sample"]
    output["output_type_id_params"] |= {
        "type": type_,
        "max_length": 4,
        "compound_taskid_set": compound,
    }
    return document


@pytest.mark.parametrize(
    ("compound", "expected"),
    [
        (["forecast_date", "outcome", "region", "age"], ["s0", "sb0", "sc0", "sd0"]),
        (["forecast_date", "region", "age", "horizon"], ["s0", "sb0", "sc0", "sd0"]),
        (["forecast_date", "region"], ["s0", "s0", "sb0", "sb0"]),
        (["forecast_date", "age"], ["s0", "sb0", "s0", "sb0"]),
        (["forecast_date"], ["s0", "s0", "s0", "s0"]),
    ],
)
def test_sample_ids_follow_the_compound_task(tmp_path, compound, expected):
    """They are the same over horizons in any case, and over what the compound task leaves out."""
    folder = write_hub(tmp_path, joint(tasks(), compound))

    found = compute_rows(Request(read_hub(folder), MONDAY, {"cases": two_regions()}))

    samples = found[found["output_type"] == "sample"]
    ids = samples.groupby(["region", "age", "horizon"])["output_type_id"].min()
    assert ids.tolist() == [name for name in expected for _ in range(3)]
    path = tmp_path / "2026-03-02-a-b.csv"
    write_csv(found, path)
    assert validate(path, folder).accepted()


def test_samples_of_one_joint_draw_that_differ_in_number_are_refused(tmp_path):
    hub = read_hub(write_hub(tmp_path, joint(tasks(), ["forecast_date"])))
    ((task, _), *_) = hub.round(MONDAY.isoformat()).targets()
    place = {"forecast_date": MONDAY.isoformat()}
    blocks = [Block(task, "sample", place, (), np.ones(count)) for count in (3, 2)]

    with pytest.raises(SubmissionError, match="samples of one joint draw number 2 and 3; expected"):
        assign_sample_ids(blocks, {})


def test_a_sample_id_that_is_too_long_is_refused(tmp_path):
    document = joint(tasks(), ["forecast_date", "region", "age"])
    document["rounds"][0]["model_tasks"][0]["output_type"]["sample"]["output_type_id_params"][
        "max_length"
    ] = 1

    with pytest.raises(SubmissionError, match="sample id 's3' is too long; expected 1 characters"):
        compute_rows(
            Request(
                read_hub(write_hub(tmp_path, document)),
                MONDAY,
                {"cases": [of_region("north", "18+")]},
            )
        )


def test_a_submission_that_cannot_be_written_leaves_nothing(tmp_path):
    frame = pd.DataFrame({"horizon": ["many"], "value": [1.0]})

    with pytest.raises(ValueError, match="many"):
        write_parquet(
            frame, tmp_path / "2026-03-02-a-b.parquet", {"horizon": "integer", "value": "double"}
        )

    assert list(tmp_path.iterdir()) == []


def test_a_value_without_bounds_may_be_any(tmp_path):
    document = tasks()
    for output in document["rounds"][0]["model_tasks"][0]["output_type"].values():
        output["value"] = {"type": output["value"]["type"]}
    hub = read_hub(write_hub(tmp_path, document))
    region = of_region("north", "18+")
    below = replace(region, trajectories=-region.trajectories)

    found = compute_rows(Request(hub, MONDAY, {"cases": [below]}))

    assert found["value"].min() == -16
