"""Read the checks of a hub's validations.yml without evaluating them, and run them."""

import pandas as pd
import pytest
from made_up_hubs import submission, tasks, write_hub, write_submission

from forecast_hub.checks.validation import validate
from forecast_hub.config.locations import read_places
from forecast_hub.errors import HubError, UnreadableError

PERSONS = """
default:
  validate_model_data:
    counts:
      fn: "opt_check_tbl_counts_lt_popn"
      pkg: "hubValidations"
      args:
        targets: !expr list(outcome = 'cases')
        location_col: "region"
        popn_col: "people"
"""

DATES = """
default:
  validate_model_data:
    dates:
      fn: "opt_check_tbl_horizon_timediff"
      args:
        t0_colname: "forecast_date"
        t1_colname: "end_date"
        timediff: !expr {period}
"""


@pytest.fixture
def hub(tmp_path):
    write_hub(tmp_path, tasks())
    (tmp_path / "auxiliary-data").mkdir()
    write_locations(tmp_path, "region,people\nnorth,1000\nsouth,9\nwest,7\n")
    return tmp_path


def write_locations(hub, text):
    (hub / "auxiliary-data" / "locations.csv").write_text(text)


def write_checks(hub, text):
    (hub / "hub-config" / "validations.yml").write_text(text)


def found(hub, frame, check, severity="error"):
    verdict = validate(write_submission(hub, frame), hub)
    return [f for f in verdict.findings if f.check == check and f.severity == severity]


def test_a_count_as_large_as_the_population_is_refused(hub):
    """The largest quantile is 9: below the 1000 people of the north, not below 9 of the south."""
    write_checks(hub, PERSONS)

    (finding,) = found(hub, submission(), "counts")

    assert finding.message == (
        "values for region south reach 9; expected fewer than its population of 9"
    )
    assert len(finding.rows) == 2


def test_only_the_targets_named_are_compared_with_populations(hub):
    write_checks(hub, PERSONS.replace("'cases'", "'level'"))

    assert found(hub, submission(), "counts") == []


def test_a_location_without_population_is_a_warning(hub):
    write_checks(hub, PERSONS)
    write_locations(hub, "region,people\nnorth,1000\n")

    (finding,) = found(hub, submission(), "counts", "warning")

    assert finding.message == "locations.csv has no population of region south"


def test_another_table_of_populations_can_be_given(hub, tmp_path):
    write_checks(hub, PERSONS)
    table = tmp_path / "earlier.csv"
    table.write_text("region,people\nnorth,1000\nsouth,10\n")
    path = write_submission(hub, submission())

    assert validate(path, hub, locations=table).accepted()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("region,persons\nnorth,1\n", "no column 'people'"),
        ("region,people\nnorth,many\n", "line 2: people is 'many'"),
        ("region,people\nnorth,1\nsouth,0\n", "line 3: people is '0'"),
        ("region,people\nnorth,1\nnorth,2\n", "line 3: region 'north' is there twice"),
        ("region,people\nnorth,1e999\n", "line 2: people is '1e999'"),
        ("region,people\nnorth,1\nsouth,2,3\n", "3: 3 cells; expected 2, as in the header"),
    ],
)
def test_a_table_of_populations_that_is_none_is_named(hub, text, says):
    write_checks(hub, PERSONS)
    write_locations(hub, text)

    with pytest.raises(HubError, match=f"locations.csv.*{says}"):
        validate(write_submission(hub, submission()), hub)


def with_end_date(hub, days):
    """Add the column end_date, ``days`` per horizon after the forecast's date."""
    document = tasks()
    dates = pd.date_range("2026-03-01", "2026-04-30").strftime("%Y-%m-%d").tolist()
    cases, level = document["rounds"][0]["model_tasks"]
    cases["task_ids"]["end_date"] = {"required": None, "optional": dates}
    level["task_ids"]["end_date"] = {"required": None, "optional": None}
    document["derived_task_ids"] = ["end_date"]
    write_hub(hub, document)
    frame = submission()
    start = pd.to_datetime(frame["forecast_date"])
    steps = pd.to_numeric(frame["horizon"].replace("NA", "0"))
    frame["end_date"] = (start + pd.to_timedelta(days * steps, unit="D")).dt.strftime("%Y-%m-%d")
    frame.loc[frame["outcome"] == "level", "end_date"] = "NA"
    return frame


@pytest.mark.parametrize(
    ("period", "days"),
    [("lubridate::weeks(1)", 7), ("lubridate::weeks()", 7), ("days(1)", 1), ("weeks(x = 2)", 14)],
)
def test_dates_are_a_period_per_horizon_apart(hub, period, days):
    frame = with_end_date(hub, days)
    write_checks(hub, DATES.format(period=period))

    assert found(hub, frame, "dates") == []
    frame.loc[frame["horizon"] == "2", "end_date"] = "2026-03-04"
    wrong = 2 * days != 2
    assert bool(found(hub, frame, "dates")) == wrong


def test_a_date_that_does_not_follow_says_which_does(hub):
    frame = with_end_date(hub, 7)
    frame.loc[frame["horizon"] == "2", "end_date"] = "2026-03-09"
    write_checks(hub, DATES.format(period="weeks(1)"))

    (finding,) = found(hub, frame, "dates")

    assert finding.message == (
        "end_date is 2026-03-09 at horizon 2 from 2026-03-02; expected 2026-03-16"
    )
    assert len(finding.rows) == 14


@pytest.mark.parametrize("horizon", ["inf", "1e18", "-1e18", "1e400", "0.5", "9" * 400])
def test_a_horizon_that_no_date_is_at_is_left_to_the_permitted_values(hub, horizon):
    frame = with_end_date(hub, 7)
    frame.loc[frame["horizon"] == "2", "horizon"] = horizon
    write_checks(hub, DATES.format(period="weeks(1)"))

    assert found(hub, frame, "dates") == []
    assert found(hub, frame, "valid_vals") != []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (DATES.format(period="months(1)"), "timediff 'months.1.' is not understood"),
        (DATES.format(period="weeks(1)").replace("end_date", "last_date"), "no column 'last_date'"),
        (PERSONS.replace("list(outcome = 'cases')", "my_targets()"), "targets.* is not understood"),
        (PERSONS.replace("fn:", "function:"), "counts.fn: is missing"),
        (PERSONS.replace('"region"', '"place"'), "counts: there is no column 'place'"),
        (DATES.format(period=f"weeks({'9' * 5000})"), "timediff .* is not understood"),
        ("default: [1]", "default: is no mapping"),
    ],
)
def test_a_check_that_is_not_understood_is_named(hub, text, says):
    frame = with_end_date(hub, 7)
    write_checks(hub, text)

    with pytest.raises(HubError, match=f"validations.yml.*{says}"):
        validate(write_submission(hub, frame), hub)


def test_a_check_of_the_hubs_own_is_noted_as_not_made(hub):
    write_checks(hub, PERSONS.replace("opt_check_tbl_counts_lt_popn", "our_own_check"))

    (finding,) = found(hub, submission(), "counts", "note")

    assert finding.message == "the hub's own check 'counts' (our_own_check) is not made here"


def test_an_expression_is_never_evaluated_nor_a_python_object_made(hub):
    write_checks(hub, "default: !!python/object/apply:os.getcwd []\n")

    with pytest.raises(UnreadableError, match=r"validations\.yml: cannot be read"):
        validate(write_submission(hub, submission()), hub)


def test_places_have_their_abbreviation(tmp_path):
    path = tmp_path / "locations.csv"
    path.write_text('"abbreviation","location","population"\n"WY","56",587618\n')

    place = read_places(path)["56"]

    assert (place.code, place.abbreviation, place.population) == ("56", "WY", 587618)
