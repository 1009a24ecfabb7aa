"""Outcomes are what identifies them says they are: target, place, date, age group, version."""

import logging
from datetime import date, timedelta

import pytest

from forecast_hub.config.locations import Place
from forecast_hub.errors import DataError
from forecast_hub.scoring.outcomes import names_of_places, read_outcomes
from forecast_hub.scoring.score_tables import compute_score_tables

PLACES = {
    "06": Place("06", "CA", 39_000_000, "California"),
    "25": Place("25", "MA", 7_000_000, "Massachusetts"),
}
DAY = "2025-12-27"
HEAD = "reference_date,target,horizon,target_end_date,location,output_type,output_type_id,value"


def score(folder, rows, target_data, head=HEAD, **options):
    """Score rows of a file of one model; return its scores on the natural scale."""
    path = folder / f"{DAY}-uni-seir.csv"
    path.write_text("\n".join([head, *rows]) + "\n")
    final = folder / "final.csv"
    final.write_text("\n".join(target_data) + "\n")
    scores = compute_score_tables([path], [], final, PLACES, None, **options)
    table = scores["quantile_scores.csv.gz"]
    return table[table["scale"] == "natural"].reset_index(drop=True)


def sure(target, value, location="25", day=DAY, age=None):
    """Return quantiles that are all one value, so that the WIS is the distance to the outcome."""
    group = "" if age is None else f",{age}"
    return [
        f"{DAY},{target},0,{day},{location}{group},quantile,{level},{value}"
        for level in (0.1, 0.5, 0.9)
    ]


# --- target and task ids -------------------------------------------------------------------------

BOTH = [*sure("wk inc foo hosp", 200), *sure("wk inc foo case", 4000)]


def test_of_two_targets_the_one_without_outcomes_is_named_and_not_scored(tmp_path, caplog):
    found = score(tmp_path, BOTH, ["date,location,value", f"{DAY},25,200"])

    assert found[["target", "observed", "wis"]].to_numpy().tolist() == [["wk inc foo hosp", 200, 0]]
    assert "wk inc foo case: not scored" in caplog.text
    assert "no column target and is taken to observe wk inc foo hosp" in caplog.text


def test_the_target_observed_can_be_named(tmp_path):
    target_data = ["date,location,value", f"{DAY},25,3900"]

    found = score(tmp_path, BOTH, target_data, series="wk inc foo case")

    assert found[["target", "wis"]].to_numpy().tolist() == [["wk inc foo case", 100]]


WEEKS = [DAY, str(date.fromisoformat(DAY) + timedelta(days=7))]


def test_daily_outcomes_without_a_target_are_not_those_of_weeks(tmp_path):
    rows = [row for day in WEEKS for row in sure("wk inc foo hosp", 200, day=day)]
    days = [date.fromisoformat(DAY) + timedelta(days=number) for number in range(8)]

    for forecasts in (rows, rows[:3]):
        with pytest.raises(DataError, match="dates are one day apart, and forecasts are of weeks"):
            score(tmp_path, forecasts, ["date,location,value", *(f"{day},25,30" for day in days)])


@pytest.mark.parametrize(
    ("target", "forecast", "says"),
    [
        ("wk inc foo prop ed visits", 0.25, "it has 200, and a share is at most 1"),
        ("wk inc foo prop ed visits", 0.0, "it has 200, and a share is at most 1"),
        ("Foo ED visits pct", 12.0, "it has 200, and a share is at most 100"),
        ("foo", 0.25, "it has 200, and all forecasts are between 0 and 1"),
    ],
)
def test_counts_without_a_target_are_no_outcomes_of_shares(tmp_path, target, forecast, says):
    target_data = ["date,location,value", f"{DAY},25,200"]

    for others in ([], sure("wk inc foo hosp", 200)):
        with pytest.raises(DataError, match=says):
            score(tmp_path, [*sure(target, forecast), *others], target_data)


def test_a_target_in_capitals_is_not_overlooked(tmp_path):
    rows = ["date,location,Target,value", f"{DAY},25,wk inc foo case,900"]

    with pytest.raises(DataError, match="the column Target is not read; expected its name target"):
        score(tmp_path, sure("wk inc foo hosp", 200), rows)


def test_small_counts_are_outcomes_of_forecasts_below_one(tmp_path):
    found = score(tmp_path, sure("wk inc foo hosp", 0.0), ["date,location,value", f"{DAY},25,2"])

    assert found["observed"].tolist() == [2]


def test_versions_of_several_series_are_no_outcomes_of_one(tmp_path):
    rows = [f"{DAY},25,A,2026-01-07,900", f"{DAY},25,B,2026-01-14,180"]

    with pytest.raises(DataError, match=r"final.csv:2: strain: .*several values: A, B; expected"):
        score(tmp_path, BOTH[:3], ["date,location,strain,as_of,value", *rows])


def test_each_target_is_scored_against_its_own_outcomes(tmp_path):
    """200 to 190 and 4000 to 3900."""
    rows = [f"{DAY},25,wk inc foo case,3900", f"{DAY},25,wk inc foo hosp,190"]

    found = score(tmp_path, BOTH, ["target_end_date,location,target,observation", *rows])

    assert found.set_index("target")["wis"].to_dict() == {
        "wk inc foo hosp": 10,
        "wk inc foo case": 100,
    }


def test_one_target_in_the_column_is_not_taken_for_another(tmp_path, caplog):
    rows = [f"{DAY},25,wk inc foo hosp,190"]

    found = score(tmp_path, BOTH, ["target_end_date,location,target,observation", *rows])

    assert found["target"].tolist() == ["wk inc foo hosp"]
    assert "no outcome of wk inc foo case for these locations; its targets: wk inc" in caplog.text


AGES = HEAD.replace("location,", "location,age_group,")


def test_age_groups_meet_their_own_outcomes(tmp_path):
    """0-17: 10 to 7; 18-130: 50 to 40."""
    rows = [*sure("inc hosp", 10, age="0-17"), *sure("inc hosp", 50, age="18-130")]
    target_data = [f"{DAY},25,18-130,40", f"{DAY},25,0-17,7"]

    found = score(tmp_path, rows, ["date,location,age_group,value", *target_data], AGES)

    assert found.set_index("age_group")["wis"].to_dict() == {"0-17": 3, "18-130": 10}


def test_age_groups_are_not_scored_against_the_total(tmp_path):
    rows = [*sure("inc hosp", 10, age="0-17"), *sure("inc hosp", 50, age="18-130")]

    with pytest.raises(DataError, match="none of the forecasts has an outcome"):
        score(tmp_path, rows, ["date,location,value", f"{DAY},25,60"], AGES)


def test_of_versions_the_latest_of_each_outcome_counts(tmp_path):
    rows = [f"{DAY},25,2026-01-07,900", f"{DAY},25,2026-01-14,180", f"{DAY},06,2026-01-07,5"]

    found = score(tmp_path, BOTH[:3], ["date,location,as_of,value", *rows])

    assert found["observed"].tolist() == [180]


def test_two_values_of_one_version_are_refused(tmp_path):
    rows = [f"{DAY},25,2026-01-07,900", f"{DAY},25,2026-01-07,901"]

    with pytest.raises(DataError, match=r"final.csv:3: date: 2025-12-27 stands twice for loc.* 25"):
        score(tmp_path, BOTH[:3], ["date,location,as_of,value", *rows])


# --- places, dates and values --------------------------------------------------------------------

TWO = [*sure("wk inc flu hosp", 200, "06"), *sure("wk inc flu hosp", 200, "25")]


def observed(folder, *rows):
    return score(folder, TWO, ["date,location,value", *rows]).set_index("location")["observed"]


@pytest.mark.parametrize(
    ("one", "other"), [("06", "25"), ("CA", "MA"), ("california", "Massachusetts"), ("ca", "25")]
)
def test_a_place_meets_its_forecasts_by_any_name(tmp_path, one, other):
    found = observed(tmp_path, f"{DAY},{one},900", f"{DAY},{other},200")

    assert found.to_dict() == {"06": 900, "25": 200}


def test_a_code_goes_before_the_abbreviation_of_another_place(tmp_path):
    """Where DE is Germany, it is not Delaware, which is 10."""
    path = tmp_path / "final.csv"
    path.write_text(f"date,location,value\n{DAY},DE,5\n{DAY},10,6\n")

    found = read_outcomes(path, (), ("DE", "10"), [("10", "DE", "Delaware")])

    assert found.set_index("location")["observed"].to_dict() == {"DE": 5, "10": 6}


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (f"{DAY},6,900", r"final.csv:2: location: '6' is no location .*; expected 06"),
        (f"{DAY},6.0,900", r"final.csv:2: location: '6.0' is no location .*; expected 06"),
        ("12/27/2025,06,900", r"final.csv:2: date: '12/27/2025' is not a date; expected YYYY-MM"),
        (f"{DAY} 00:00:00,06,900", r"final.csv:2: date: '2025-12-27 00:00:00' is not a date"),
        (f"{DAY},06,-999", r"final.csv:2: value: is -999; expected a number of zero or more"),
        (f"{DAY},06,inf", r"final.csv:2: value: is inf; expected a number of zero or more"),
        (f"{DAY},06,1e999", r"final.csv:2: value: is 1e999; expected"),
        (f"{DAY},06,many", r"final.csv:2: value: 'many' is not a number"),
        (f"{DAY},06", r"final.csv:2: 2 cells; expected 3, as in the header"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_by_its_line(tmp_path, row, says):
    with pytest.raises(DataError, match=says):
        observed(tmp_path, row, f"{DAY},25,200")


def test_lines_are_counted_past_empty_ones_and_quoted_line_breaks(tmp_path):
    with pytest.raises(DataError, match=r"final.csv:5: value: is -1"):
        observed(tmp_path, "", f'{DAY},"a\nb",3', f"{DAY},06,-1")


def test_rows_of_other_places_need_no_value_that_can_be_scored(tmp_path):
    assert observed(tmp_path, f"{DAY},72,-1", f"{DAY},25,200").to_dict() == {"25": 200}


def test_forecasts_without_an_outcome_are_listed(tmp_path, caplog):
    rows = [*TWO, *sure("wk inc flu hosp", 1, "25", "2026-01-03")]

    with caplog.at_level(logging.WARNING):
        score(tmp_path, rows, ["date,location,value", f"{DAY},25,200"])

    assert (
        "wk inc flu hosp: not scored, for there is no outcome: location 06 on 2025-12-27; "
        "location 25 on 2026-01-03"
    ) in caplog.text


def test_if_no_place_meets_the_message_speaks_of_places(tmp_path):
    with pytest.raises(DataError, match="no row of a location of the forecasts, 06, 25"):
        observed(tmp_path, f"{DAY},Kalifornien,1")


@pytest.mark.shared
def test_a_hub_whose_rounds_have_an_origin_date_is_scored(shared):
    """The value of Austria is that of a row of the hub's file."""
    hub = shared / "data" / "hubs" / "RespiCast-SyndromicIndicators"
    [path] = hub.glob("model-output/*/*.csv.gz")

    scores = compute_score_tables(
        [path], [], hub / "target-data" / "latest-ILI_incidence.csv", {}, None
    )["quantile_scores.csv.gz"]

    assert scores["reference_date"].unique().tolist() == ["2026-03-04"]
    assert scores["target"].unique().tolist() == ["ILI incidence"]
    austria = scores[(scores["location"] == "AT") & (scores["target_end_date"] == "2026-03-22")]
    assert austria["observed"].unique().tolist() == [1661.7]


def test_the_names_of_a_place_are_code_abbreviation_and_name():
    assert names_of_places({"25": Place("25", "MA", 1, "Massachusetts")}) == [
        ("25", "MA", "Massachusetts")
    ]


def test_an_outcome_that_was_withdrawn_is_none(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(
        "date,location,as_of,value\n2025-12-20,25,2025-12-24,50\n2025-12-20,25,2025-12-31,NA\n"
        "2025-12-27,25,2025-12-31,60\n"
    )

    found = read_outcomes(path)

    assert found["observed"].tolist() == [60.0]
