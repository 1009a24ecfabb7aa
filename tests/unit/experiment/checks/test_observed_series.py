"""Rows of several issues or series, among which nothing chooses, are found."""

import pytest

from tests.unit.experiment.checks.observing import (
    SATURDAYS,
    problems,
    weeks,
)


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


def test_rows_of_several_targets_known_on_different_days_are_not_mixed(tmp_path):
    rows = [
        *(f"{day},MA,90,hosp,2025-01-05" for day in SATURDAYS),
        *(f"{day},MA,0.04,visits,2025-01-06" for day in SATURDAYS),
    ]

    found = problems(
        tmp_path, rows, "date,place,value,target,as_of", observed_data_vintage="2025-01-07"
    )

    assert any("observed_rows: {target: hosp}" in each for each in found), found


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
