"""Observations that no task could use are found when an experiment is validated."""

from copy import deepcopy

import pandas as pd
import pytest

from epyflow.data.observations import Column, read_observations
from epyflow.data.vintages import data_key, vintage_of
from epyflow.experiment.load import inspect
from epyflow.experiment.reading.experiment_files import locate
from epyflow.population.locations import find
from tests.unit.experiment.samples import CALIBRATION, write_data, write_sections

SATURDAYS = ("2024-10-05", "2024-10-12", "2024-10-19")


def problems(
    root, rows, head="date,place,value", frequency="W-SAT", places=("US-MA",), output=None, **given
):
    """Return the messages of the observed data, those of Massachusetts unless others are given."""
    if not (root / "common-data").is_dir():
        write_data(root)
    (root / "common-data" / "admissions.csv").write_text("\n".join([head, *rows]) + "\n")
    sections = deepcopy(CALIBRATION)
    sections["modelset"]["population_names"] = [*places]
    sections["modelset"].pop("exclude")
    sections["modelset"]["calibration"] |= given
    sections["output"] = output or {"quantiles": {"compartments": True}}
    sections["model"]["simulation"] = {} if frequency is None else {"resample_frequency": frequency}
    _, found = inspect(locate(write_sections(root, sections)))
    return [f"{each.key}: {each.message}" for each in found if "observed_" in each.key]


def weeks(days=SATURDAYS, place="MA", **more):
    return [",".join((day, place, "1", *more.values())) for day in days]


def test_weeks_that_end_as_the_simulated_ones_are_no_problem(tmp_path):
    assert problems(tmp_path, weeks()) == []


def test_each_file_of_a_partitioned_folder_lies_below_the_root(tmp_path, tmp_path_factory):
    write_data(tmp_path)
    part = tmp_path / "common-data" / "parts" / "place=MA" / "a.csv"
    part.parent.mkdir(parents=True)
    part.write_text("date,value\n" + "".join(f"{day},1\n" for day in SATURDAYS))
    assert problems(tmp_path, [], observed_data_path="common-data/parts") == []

    part.symlink_to(part.rename(tmp_path_factory.mktemp("elsewhere") / "secret.csv"))

    [found] = problems(tmp_path, [], observed_data_path="common-data/parts")
    assert "parts/place=MA/a.csv leads out of the root through a link" in found


# --- dates ---------------------------------------------------------------------------------------

SUNDAYS = ("2024-10-06", "2024-10-13")


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (SUNDAYS, "2024-10-06 is a Sunday, and the simulated weeks end on Saturday"),
        (SUNDAYS, "or resample_frequency: W-SUN"),
        (("2024-10-05", "2024-10-06"), "resample_frequency: D, if the observations are daily"),
        (("2024-10-13",), "2024-10-13 is a Sunday"),
    ],
)
def test_another_weekday_than_that_of_the_simulated_weeks_is_an_error(tmp_path, days, says):
    [found] = problems(tmp_path, weeks(days))

    assert found.startswith("modelset.calibration.comparison[0].observed_date_column: ")
    assert says in found


@pytest.mark.parametrize("frequency", [None, "D"])
@pytest.mark.parametrize("days", [SATURDAYS, ("2024-09-28", "2024-10-05")])
def test_weekly_observations_of_a_daily_series_are_an_error(tmp_path, frequency, days):
    """The fitting window begins on 2024-10-05: of the second file one week is in it."""
    [found] = problems(tmp_path, weeks(days), frequency=frequency)

    assert "at least 7 days apart, and the simulated series is daily" in found
    assert found.endswith("set simulation.resample_frequency to W-SAT")


@pytest.mark.parametrize(
    ("frequency", "says"),
    [
        (
            "ME",
            "2024-11-02 is between the dates of the simulated series, 2024-10-31, 2024-11-30, ... ",
        ),
        ("MS", "2024-10-05 is between the dates of the simulated series, 2024-10-01, 2024-11-01"),
    ],
)
def test_weeks_between_the_dates_of_months_are_an_error(tmp_path, frequency, says):
    days = (*SATURDAYS, "2024-10-26", "2024-11-02", "2024-11-09")

    found = [
        each
        for each in problems(tmp_path, weeks(days), frequency=frequency)
        if "expected one frequency" in each
    ]

    assert len(found) == 1
    assert says in found[0]
    assert found[0].endswith("set simulation.resample_frequency to W-SAT")


def test_months_that_end_as_the_simulated_ones_are_no_problem(tmp_path):
    days = ("2024-10-31", "2024-11-30", "2024-12-31")

    assert problems(tmp_path, weeks(days), frequency="ME") == []


@pytest.mark.parametrize(
    ("places", "severity"), [(("US-MA",), "error"), (("US-MA", "US-UT"), "warning")]
)
@pytest.mark.parametrize("distance", ["wmape", "mape", "mae"])
def test_a_distance_that_divides_by_observations_is_not_used_with_zeros(
    tmp_path, places, severity, distance
):
    rows = [
        f"{day},{place},{value}" for day in SATURDAYS for place, value in (("MA", 0), ("UT", 3))
    ]
    write_data(tmp_path)
    (tmp_path / "common-data" / "admissions.csv").write_text("\n".join(["date,place,value", *rows]))
    sections = deepcopy(CALIBRATION)
    sections["modelset"] |= {"population_names": [*places], "exclude": []}
    sections["modelset"]["calibration"]["distance_function"] = distance

    _, found = inspect(locate(write_sections(tmp_path, sections)))

    said = [each for each in found if each.key == "modelset.calibration.distance_function"]
    assert [each.severity for each in said] == [severity] * (distance != "mae")
    assert all(
        each.message.startswith(
            f"{distance} is undefined where every observation is zero, as in the fitting window of "
            f"United_States_Massachusetts (1 of {len(places)} populations): their tasks fail"
        )
        for each in said
    )


def test_a_single_date_of_a_daily_series_is_a_warning(tmp_path):
    [found] = problems(tmp_path, weeks(("2024-10-12",)), frequency=None)

    assert "2024-10-12 is the only date, and the simulated series is daily; if it is" in found
    assert found.endswith("set simulation.resample_frequency to W-SAT")


def test_daily_observations_with_gaps_are_daily(tmp_path):
    days = ("2024-10-05", "2024-10-06", "2024-10-13")

    assert problems(tmp_path, weeks(days), frequency=None) == []


def test_places_that_are_not_run_and_days_outside_the_window_may_have_any_weekday(tmp_path):
    rows = [*weeks(), *weeks(SUNDAYS, "CA"), *weeks(("2024-09-29", "2025-01-12"))]

    assert problems(tmp_path, rows) == []


# --- issues and targets --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "advice"),
    [
        ("as_of", "observed_data_vintage: a date"),
        ("issue", "observed_data_vintage: a date and observed_as_of_column: issue"),
    ],
)
def test_several_issues_of_one_series_are_an_error_that_names_column_and_key(
    tmp_path, column, advice
):
    rows = [*weeks(issue="2024-11-02"), *weeks(issue="2024-11-09")]

    [found] = problems(tmp_path, rows, f"date,place,value,{column}")

    assert found.startswith("modelset.calibration.observed_data_path: ")
    assert f"2 rows for 2024-10-05 of MA, which differ in '{column}' (2024-11-02 to" in found
    assert found.endswith(advice)


def test_a_vintage_says_which_issue_is_meant(tmp_path):
    rows = [*weeks(issue="2024-11-02"), *weeks(issue="2024-11-09")]

    chosen = problems(tmp_path, rows, "date,place,value,as_of", observed_data_vintage="2024-11-03")

    assert chosen == []


TARGETS = [*weeks(target="wk inc flu hosp"), *weeks(target="wk inc flu visits")]


def test_rows_of_several_targets_are_an_error_that_says_how_to_choose(tmp_path):
    [found] = problems(tmp_path, TARGETS, "date,place,value,target")

    assert "which differ in 'target' (wk inc flu hosp, wk inc flu visits)" in found
    assert found.endswith("as in observed_rows: {target: wk inc flu hosp}")


def test_rows_of_a_target_can_be_chosen(tmp_path):
    chosen = {"target": "wk inc flu visits"}

    assert problems(tmp_path, TARGETS, "date,place,value,target", observed_rows=chosen) == []


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"target": "wk inc covid hosp"}, "no row has 'wk inc covid hosp'; expected one of wk inc"),
        ({"goal": "x"}, "no column goal; the file has date, place, value, target"),
    ],
)
def test_rows_that_are_not_there_cannot_be_chosen(tmp_path, rows, says):
    [found] = problems(tmp_path, TARGETS, "date,place,value,target", observed_rows=rows)

    assert found.startswith("modelset.calibration.observed_rows: ")
    assert says in found


# --- files of hubs -------------------------------------------------------------------------------


def publish(hub, name):
    """Write two versions of two targets as a hub publishes them; return the table."""
    table = pd.DataFrame(
        [
            (day, code, target, as_of, value)
            for target, base in (("wk inc flu hosp", 10.0), ("wk inc flu visits", 500.0))
            for as_of, change in (("2024-11-02", 0), ("2024-11-09", 5))
            for code in ("25", "36")
            for day, value in ((SATURDAYS[0], base + change), (SATURDAYS[1], base + change + 1))
        ],
        columns=["target_end_date", "location", "target", "as_of", "observation"],
    )
    path = hub / "target-data" / name
    path.parent.mkdir(parents=True)
    if name.endswith(".csv"):
        table.to_csv(path, index=False)
    elif name.endswith(".parquet"):
        table.to_parquet(path)
    else:
        for day, rows in table.groupby("as_of"):
            (path / f"as_of={day}").mkdir(parents=True)
            rows.drop(columns="as_of").to_parquet(path / f"as_of={day}" / "part-0.parquet")


@pytest.mark.parametrize("name", ["time-series.csv", "time-series.parquet", "time-series"])
def test_a_hubs_target_data_are_observations_as_known_on_a_day(tmp_path, name):
    """Of 2024-11-02 the admissions were 10 and 11, of 2024-11-09 they are 15 and 16."""
    write_data(tmp_path)
    publish(tmp_path / "hub", name)
    sections = deepcopy(CALIBRATION)
    sections["modelset"]["population_names"] = ["US-MA"]
    sections["modelset"].pop("exclude")
    section = sections["modelset"]["calibration"]
    section |= {
        "observed_data_path": "hub",
        "observed_data_vintage": "2024-11-05",
        "observed_location_column": "location",
        "observed_rows": {"target": "wk inc flu hosp"},
    }
    for each in section["comparison"]:
        each |= {"observed_value_column": "observation", "observed_date_column": "target_end_date"}

    experiment, found = inspect(locate(write_sections(tmp_path, sections)))

    assert experiment is not None, found
    read = experiment.modelset.calibration
    path = experiment.data[data_key("hub", read.observed_data_vintage)]
    assert path == tmp_path / "hub" / "target-data" / name
    window = read.fitting_window
    dates, values = read_observations(
        path,
        find("US-MA").spellings,
        "location",
        [Column("observation", "target_end_date")],
        (window.start_date, window.end_date),
        vintage_of(path, read.observed_data_vintage, None),
        read.observed_rows,
    )
    assert [str(day) for day in dates] == list(SATURDAYS[:2])
    assert values[:, 0].tolist() == [10, 11]


def test_a_folder_without_a_vintage_is_refused(tmp_path):
    write_data(tmp_path)
    (tmp_path / "common-data" / "vintages").mkdir()
    (tmp_path / "common-data" / "vintages" / "a_2025-01-04.csv").write_text("date,place,value\n")

    found = problems(tmp_path, weeks(), observed_data_path="common-data/vintages")

    assert any("is a folder of several files; expected observed_data_vintage" in e for e in found)


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2024-10-19,MA,-1", "admissions.csv:4"),
        ("2024-10-19,MA,inf", "admissions.csv:4"),
        ("10/19/2024,MA,1", "10/19/2024"),
    ],
)
def test_a_value_or_date_that_no_task_could_read_is_an_error_with_its_line(tmp_path, row, says):
    found = problems(tmp_path, [*weeks(SATURDAYS[:2]), row])

    assert any(says in each for each in found), found


def test_rows_of_several_targets_known_on_different_days_are_not_mixed(tmp_path):
    rows = [
        *(f"{day},MA,90,hosp,2025-01-05" for day in SATURDAYS),
        *(f"{day},MA,0.04,visits,2025-01-06" for day in SATURDAYS),
    ]

    found = problems(
        tmp_path, rows, "date,place,value,target,as_of", observed_data_vintage="2025-01-07"
    )

    assert any("observed_rows: {target: hosp}" in each for each in found), found


# --- series --------------------------------------------------------------------------------------

VINTAGE = {"observed_data_vintage": "2025-01-07"}


def known(series, day, values=("1", "2", "3"), place="MA"):
    """Return rows ``date,place,value,series,as_of`` of three weeks."""
    pairs = zip(SATURDAYS, values, strict=True)
    return [f"{saturday},{place},{value},{series},{day}" for saturday, value in pairs]


@pytest.mark.parametrize("column", ["strain", "Age_Group", "clinic", "lab name"])
def test_a_series_that_became_known_later_does_not_replace_another(tmp_path, column):
    rows = [*known("A", "2025-01-05"), *known("B", "2025-01-06")]
    head = f"date,place,value,{column},as_of"

    [found] = problems(tmp_path, rows, head, **VINTAGE)

    assert f"admissions.csv:2: {column}: the rows of this location have several values" in found
    assert found.endswith(
        f"A, B; expected one: choose the rows, as in observed_rows: {{{column}: A}}"
    )
    assert problems(tmp_path, rows, head, **VINTAGE, observed_rows={column: "B"}) == []


def test_codes_of_numbers_tell_series_apart(tmp_path):
    rows = [*known("1", "2025-01-05"), *known("2", "2025-01-06")]

    [found] = problems(tmp_path, rows, "date,place,value,hospital_id,as_of", **VINTAGE)

    assert "hospital_id: the rows of this location have several values: 1, 2" in found


def test_a_place_that_is_written_in_two_ways_is_one_place(tmp_path):
    rows = [*known("x", "2025-01-05"), *known("x", "2025-01-06", place="25")]

    assert problems(tmp_path, rows, "date,place,value,kind,as_of", **VINTAGE) == []


@pytest.mark.parametrize("column", ["release", "File"])
def test_a_column_that_names_the_version_tells_no_series_apart(tmp_path, column):
    rows = [*known("first", "2025-01-05"), *known("second", "2025-01-06")]

    assert problems(tmp_path, rows, f"date,place,value,{column},as_of", **VINTAGE) == []


def test_a_series_that_became_known_after_the_vintage_is_no_problem(tmp_path):
    rows = [*known("A", "2025-01-05"), *known("B", "2025-01-08")]

    assert problems(tmp_path, rows, "date,place,value,strain,as_of", **VINTAGE) == []


def test_a_column_that_differs_within_a_version_tells_no_series_apart(tmp_path):
    rows = [
        f"{SATURDAYS[0]},MA,1,final,0.5,2025-01-04",
        f"{SATURDAYS[1]},MA,1,provisional,0.25,2025-01-04",
        f"{SATURDAYS[1]},MA,2,final,0.125,2025-01-06",
        f"{SATURDAYS[2]},MA,2,provisional,1e-3,2025-01-06",
    ]

    assert problems(tmp_path, rows, "date,place,value,status,rate,as_of", **VINTAGE) == []


@pytest.mark.parametrize("column", ["target", "Signal", "disease"])
def test_series_of_different_weeks_are_not_one_series(tmp_path, column):
    rows = [f"{SATURDAYS[0]},MA,90,hosp", f"{SATURDAYS[1]},MA,0.04,visits"]

    [found] = problems(tmp_path, rows, f"date,place,value,{column}")

    assert f"{column}: the rows of this location have several values: hosp, visits" in found


@pytest.mark.parametrize("whole", ["all", "Overall", "total"])
def test_rows_of_all_ages_are_advised_where_there_are_such(tmp_path, whole):
    rows = [f"{day},MA,1,{age}" for day in SATURDAYS for age in ("0-17", whole)]

    [found] = problems(tmp_path, rows, "date,place,value,age_group")

    assert found.endswith(f"observed_rows: {{age_group: {whole}}}")


# --- places --------------------------------------------------------------------------------------

STATES = ("US-MA", "US-NY", "US-CA")


def test_places_without_observations_are_a_warning_that_names_them(tmp_path):
    [found] = problems(tmp_path, weeks(), places=STATES)

    assert "no observations in the fitting window of United_States_" in found
    assert "(2 of 3 populations)" in found


def test_if_no_place_has_observations_the_experiment_is_refused(tmp_path):
    [found] = problems(tmp_path, weeks(place="Utopia"), places=STATES)

    assert "place: no row for 25 or MA or" in found
    assert "the file has Utopia" in found


@pytest.mark.parametrize("written", ["6", "6.0"])
def test_a_code_without_its_zeros_is_refused_with_the_code(tmp_path, written):
    [found] = problems(tmp_path, [*weeks(), *weeks(place=written)], places=STATES[::2])

    assert f"'{written}' is there: spreadsheets drop zeros; expected 06" in found


# --- submissions ---------------------------------------------------------------------------------

ROUND = {"reference_date": "2025-01-18"}
FLUSIGHT = {"flusight_format": ROUND}


def test_a_submission_reads_observations_of_before_the_fitting_window(tmp_path):
    rows = ["2024-09-28,MA,-5", *weeks()]

    assert problems(tmp_path, rows) == []
    [found] = problems(tmp_path, rows, output=FLUSIGHT)
    assert "admissions.csv:2: value: " in found


@pytest.mark.parametrize(
    ("last", "output", "says"),
    [
        ("2025-01-04", FLUSIGHT, []),
        ("2024-12-28", FLUSIGHT, ["end on 2024-12-28, 21 days before the reference date 2025-"]),
        ("2024-12-07", FLUSIGHT, ["end on 2024-12-07, 42 days before the reference date 2025-"]),
        # In RespiCast, horizon 0 ends ten days before the round.
        ("2024-12-28", {"flusight_format": {**ROUND, "horizon_0_days": -10}}, []),
        # A scenario round projects from the fit, of whatever season.
        ("2024-12-07", {"flusmh_format": ROUND}, []),
    ],
)
def test_observations_that_end_long_before_the_reference_date_are_a_warning(
    tmp_path, last, output, says
):
    rows = [*weeks(("2025-01-11", last)), *weeks((*SATURDAYS, last), "NY"), "2025-01-11,NY,NA"]
    window = {"fitting_window": {"start_date": "2024-10-05", "end_date": "2025-01-11"}}

    found = problems(tmp_path, rows, output=output, places=STATES[:2], **window)

    named = "observed_data_path: the observations of United_States_New_York (1 of 2 populations) "
    assert all(named in each and text in each for text, each in zip(says, found, strict=True))


LATE = {"observed_data_vintage": "2025-01-25"}


@pytest.mark.parametrize(
    ("name", "head", "given", "says"),
    [
        ("admissions.csv", "date,place,value,as_of", LATE, "are those known on 2025-01-25,"),
        ("admissions_2025-01-25.csv", "date,place,value,x", {}, "are those known on 2025-01-25,"),
        ("admissions.csv", "date,place,value,as_of", {}, "(as_of) became known until 2025-01-25,"),
        ("admissions.csv", "date,place,value,x", {}, "they reach 2025-01-25,"),
    ],
)
@pytest.mark.parametrize("day", ["2025-01-18", "2025-01-24", "2025-01-25"])
def test_observations_that_were_published_after_the_reference_date_are_a_warning(
    tmp_path, name, head, given, says, day
):
    """A hub closes a day after it at the latest, so data of that day or before are no mistake."""
    rows = [f"{each},MA,5,2025-01-25" for each in ("2025-01-11", "2025-01-18", "2025-01-25")]
    rows += ["2025-02-01,MA,NA,2025-01-25"]
    write_data(tmp_path)
    (tmp_path / "common-data" / name).write_text("\n".join([head, *rows]) + "\n")
    window = {"fitting_window": {"start_date": "2024-10-05", "end_date": "2025-01-11"}}
    output = {"flusight_format": {"reference_date": day}}
    path = {"observed_data_path": f"common-data/{name}"}

    found = problems(tmp_path, rows, head, output=output, **window, **path, **given)

    if day != "2025-01-18":
        assert found == []
    else:
        [warning] = found
        assert f"the observations {says}" in warning.replace("were published later: ", "")
        assert "after the reference date 2025-01-18" in warning
        assert "expected what was known by then: observed_data_vintage: 2025-01-18" in warning


def test_rate_trends_of_data_that_were_published_later_are_a_warning(tmp_path):
    columns = {"observed_value_column": "value", "observed_date_column": "date"}
    trends = {"observed_data_path": "common-data/admissions.csv", **LATE, **columns}
    output = {"flusight_format": {**ROUND, "rate_trends": trends}}
    window = {"fitting_window": {"start_date": "2024-10-05", "end_date": "2025-01-11"}}
    rows, head = ["2025-01-11,MA,5,2025-01-12"], "date,location,value,as_of"

    found = problems(
        tmp_path, rows, head, output=output, observed_location_column="location", **window
    )

    [warning] = found
    assert warning.startswith("output.flusight_format.rate_trends.observed_data_vintage: the obs")


def test_old_observations_are_found_where_no_row_has_the_values_of_all_columns(tmp_path):
    (first,) = CALIBRATION["modelset"]["calibration"]["comparison"]
    second = {**first, "observed_value_column": "more"}
    values = dict(zip(SATURDAYS, ("5,", "5,", ",5"), strict=True))
    rows = [f"{day},MA,{each}" for day, each in values.items()]

    found = problems(
        *(tmp_path, rows, "date,place,value,more"), output=FLUSIGHT, comparison=[first, second]
    )

    assert [each for each in found if "end on 2024-10-12, 98 days before the reference" in each]


def test_a_place_without_observations_in_the_window_is_named_once(tmp_path):
    rows = [*weeks((*SATURDAYS, "2025-01-11")), "2024-09-28,NY,5"]
    window = {"fitting_window": {"start_date": "2024-10-05", "end_date": "2025-01-11"}}

    [found] = problems(tmp_path, rows, output=FLUSIGHT, places=STATES[:2], **window)

    assert "no observations in the fitting window of United_States_New_York (1 of 2" in found


def test_observations_of_rate_trends_are_checked(tmp_path):
    write_data(tmp_path)
    trends = {
        "observed_data_path": "common-data/trends.csv",
        "observed_value_column": "value",
        "observed_date_column": "date",
        "observed_location_column": "place",
    }
    output = {"flusight_format": {"reference_date": "2025-01-18", "rate_trends": trends}}

    def found(rows, head="date,place,value,target"):
        (tmp_path / "common-data" / "trends.csv").write_text("\n".join([head, *rows]) + "\n")
        its = problems(tmp_path, weeks(), output=output)
        return [each for each in its if "rate_trends" in each]

    both = [*weeks(target="hosp"), *weeks(("2023-10-07",), target="visits")]
    assert found(weeks(target="hosp")) == []
    [mixed] = found(both)
    assert mixed.startswith("output.flusight_format.rate_trends.observed_data_path: ")
    assert mixed.endswith("observed_rows: {target: hosp}")
    [old] = found(["2019-10-05,MA,none", *weeks()], "date,place,value")
    assert "trends.csv:2: value: " in old
    [other] = found(weeks(place="NY", target="hosp"))
    assert "no observations before 2025-01-18 of United_States_Massachusetts" in other
    trends["observed_rows"] = {"target": "cases"}
    [none] = found(both)
    assert none.startswith("output.flusight_format.rate_trends.observed_rows: ")
    assert "no row has 'cases'" in none
