"""Task ids of forecasts that are written otherwise or contradict each other are not scored."""

import pytest
from made_up_forecasts import COLUMNS, WEEKS, means, run, wis, write_forecast
from made_up_hubs import scorable, tasks, write_hub
from typer.testing import CliRunner

from forecast_hub.command import app
from forecast_hub.scoring import horizon_ends
from forecast_hub.scoring.forecasts import read_forecasts


@pytest.fixture
def observed(tmp_path):
    path = tmp_path / "observed.csv"
    path.write_text("date,location,value\n2025-01-04,north,10\n2025-01-11,north,20\n")
    return path


@pytest.fixture
def hub(tmp_path):
    return write_hub(tmp_path / "hub", scorable(tasks()))


def changed(path, before, after):
    path.write_text(path.read_text().replace(before, after))
    return path


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (",cases,0,", ",cases,+0,", "csv, line 2: horizon '+0' is no whole number"),
        (",cases,0,", ",cases,00,", "csv, line 2: horizon '00' is no whole number"),
        (",cases,0,", ",cases,0 wk,", "csv, line 2: horizon '0 wk' is no whole number"),
        (",cases,0,", ",cases, 0,", "csv, line 2: horizon ' 0' has spaces around it"),
        (",cases,", ",cases ,", "csv, line 2: target 'cases ' has spaces around it"),
        (",north,", ", north,", "csv, line 2: location ' north' has spaces around it"),
        (",quantile,", ",Quantile,", "csv, line 2: output_type 'Quantile' is unknown"),
        ("north,2025-01-04", "north,2025-01-04T00:00:00", "target_end_date '2025-01-04T00:00:00'"),
        ("north,2025-01-04", "north,01/04/2025", "target_end_date '01/04/2025' is no date"),
        ("north,2025-01-04", "north,20250104", "target_end_date '20250104' is no date"),
        ("\n2025-01-04,", "\n2025-01-11,", "reference_date 2025-01-11 is not 2025-01-04, the date"),
    ],
)
def test_a_task_id_that_is_written_otherwise_is_refused_with_its_line(
    tmp_path, observed, before, after, says
):
    path = changed(write_forecast(tmp_path, "a-b", "2025-01-04", 4), before, after)

    done = run(path, "--target-data", observed)

    assert done.exit_code == 2
    assert says in done.stderr


def test_a_horizon_that_was_a_number_is_the_whole_number(tmp_path, observed):
    path = changed(write_forecast(tmp_path, "a-b", "2025-01-04", 4), ",cases,0,", ",cases,0.0,")

    assert read_forecasts([path])["horizon"].unique().tolist() == ["0"]
    assert means(path, "--target-data", observed) == {"a-b": (1, wis(4))}


def of_weeks(folder, *ends, model="a-b", day="2025-01-04"):
    """Write a forecast with horizons 0, 1, ... that end on these days."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{day}-{model}.csv"
    rows = [
        f"{day},cases,{horizon},north,{end},quantile,{level},{10 + level}"
        for horizon, end in enumerate(ends)
        for level in (0.25, 0.5, 0.75)
    ]
    path.write_text("\n".join([COLUMNS, *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("ends", "says"),
    [
        (
            ("2025-01-04", "2025-01-12", "2025-01-18"),
            "csv, line 5: target_end_date of 'cases' is 1 day",
        ),
        (
            ("2025-01-04", "2025-01-11", "2025-01-11"),
            "csv, line 8: target_end_date of 'cases' is 7 days",
        ),
        (("2025-03-01", "2025-03-08", "2025-03-15"), "expected a date near it"),
    ],
)
def test_ends_that_do_not_follow_from_the_horizon_are_refused(tmp_path, ends, says):
    with pytest.raises(Exception, match=says):
        read_forecasts([of_weeks(tmp_path, *ends)])


@pytest.mark.parametrize(
    "ends",
    [
        ("2025-01-04", "2025-01-11", "2025-01-18"),
        ("2025-01-01", "2025-01-08", "2025-01-15"),
        ("2025-01-04", "2025-01-05", "2025-01-06"),
        ("2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"),
    ],
)
def test_weeks_days_and_months_from_any_weekday_are_read_without_a_warning(tmp_path, ends, caplog):
    read_forecasts([of_weeks(tmp_path, *ends)])

    assert not caplog.records


def test_without_a_hub_weeks_before_the_reference_date_are_named(tmp_path, caplog):
    """They may be last week's forecast with another reference date, or a hub's custom."""
    read_forecasts([of_weeks(tmp_path, "2024-12-28", "2025-01-04")])

    assert "horizon 0 of 'cases' ends 7 days before the reference date" in caplog.text


OWN_WEEK = ("2025-01-04", "2025-01-11")


@pytest.mark.parametrize(
    ("day", "ends", "says"),
    [
        ("2025-01-04", ("2025-01-11", "2025-01-18"), "weeks, and horizon 0 ends 7 days after"),
        ("2025-01-04", ("2025-01-11",), "weeks, and horizon 0 ends 7 days after"),
        ("2025-01-04", ("2025-01-08", "2025-01-15"), "weeks, and horizon 0 ends 4 days after"),
        ("2025-01-04", ("2025-01-04", "2025-01-05"), "days, and horizon 0 ends on"),
        ("2025-01-11", ("2025-01-18", "2025-01-25"), "weeks, and horizon 0 ends 7 days after"),
    ],
)
def test_files_whose_horizons_are_other_periods_are_not_scored_together(
    tmp_path, observed, day, ends, says
):
    one = of_weeks(tmp_path, *OWN_WEEK)
    two = of_weeks(tmp_path, *ends, model="c-d", day=day)

    done = run(one, two, "--target-data", observed)

    assert done.exit_code == 2
    assert done.stderr == (
        f"{two}: 'cases': horizons are {says} the reference date; in {one}: horizons are weeks, "
        "and horizon 0 ends on the reference date; expected the same in files that are scored "
        "together: correct one of them, or score it by itself\n"
    )


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        ("2025-01-04", ("2025-01-04",)),
        ("2025-01-08", ("2025-01-11", "2025-01-18")),
        ("2025-01-11", ("2025-01-10", "2025-01-17")),
        ("2025-01-04", ("2025-01-31", "2025-02-28", "2025-03-31")),
    ],
)
def test_files_with_other_weekdays_one_horizon_or_months_are_scored_together(
    tmp_path, observed, day, ends
):
    """Dates of rounds and ends of weeks move to other weekdays from season to season."""
    paths = [of_weeks(tmp_path, *OWN_WEEK), of_weeks(tmp_path, *ends, model="c-d", day=day)]

    assert run(*paths, "--target-data", observed).exit_code == 0


def test_with_a_hub_weeks_before_the_reference_date_are_refused(tmp_path, observed):
    hub = write_hub(tmp_path / "hub", scorable(tasks(), [*WEEKS]))
    baseline = write_forecast(hub / "submissions" / "x-baseline", "x-baseline", "2025-01-04", 6)
    changed(
        baseline, COLUMNS, COLUMNS.replace("reference", "origin").replace("target_end", "target")
    )
    path = of_weeks(tmp_path, "2024-12-28", "2025-01-04")

    done = run(path, "--hub", hub, "--target-data", observed)

    assert done.exit_code == 2, done.stdout
    assert "7 days early" in done.stderr
    assert baseline.name in done.stderr


def test_the_rule_of_a_hub_is_found_once_for_each_target_of_all_files(
    tmp_path, observed, monkeypatch
):
    """To find it, the hub's own files are read. Of another hub it is another one."""
    rules = []
    found = horizon_ends.find_horizon_rule
    monkeypatch.setattr(
        horizon_ends, "find_horizon_rule", lambda *its: rules.append(found(*its)) or rules[-1]
    )
    for name, end in (("one", "2025-01-04"), ("two", "2025-01-11")):
        hub = write_hub(tmp_path / name, scorable(tasks(), [*WEEKS]))
        for model in ("x-baseline", "y-z", "z-z"):
            path = of_weeks(hub / "submissions" / model, end, model=model)
            for before, after in (("reference", "origin"), ("target_end", "target")):
                changed(path, f"{before}_date", f"{after}_date")
        assert means("--hub", hub, "--target-data", observed).keys() >= {"y-z", "z-z"}

    assert [rule.days for rule in rules] == [0, 7]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (",cases,", ",Cases,", "target 'Cases' is none of the hub's (did you mean cases?)"),
        (",north,", ",North,", "location 'North' is none of the hub's (did you mean north?)"),
        (",north,", ",east,", "location 'east' is none of the hub's"),
    ],
)
def test_a_target_or_location_that_the_hub_lacks_is_refused(
    tmp_path, observed, hub, before, after, says
):
    path = changed(write_forecast(tmp_path, "a-b", "2025-01-04", 4), before, after)

    done = run(path, "--hub", hub, "--target-data", observed)

    assert done.exit_code == 2
    assert says in done.stderr


@pytest.mark.parametrize("code", ["1", "1.0"])
@pytest.mark.parametrize("other", ["01", "1", "02"])
def test_a_location_of_a_forecast_without_its_zeros_is_named_with_file_and_line(
    tmp_path, observed, code, other
):
    """Target data have 01; another file may, too."""
    changed(observed, ",north,", ",01,")
    first = changed(write_forecast(tmp_path, "c-d", "2025-01-04", 4), ",north,", f",{other},")
    path = write_forecast(tmp_path, "a-b", "2025-01-04", 4)
    rows = path.read_text().splitlines()
    path.write_text("\n".join([*rows[:2], *(row.replace("north", code) for row in rows[2:])]))

    done = run(*([path] if other == "1" else [first, path]), "--target-data", observed)

    assert done.exit_code == 2
    assert done.stderr == (
        f"{path}, line 3: location '{code}' is no location of {observed}; expected '01': "
        "spreadsheets drop leading zeros\n"
    )


def test_two_files_of_one_model_and_round_are_refused_by_their_names(tmp_path, observed):
    paths = [write_forecast(tmp_path / each, "a-b", "2025-01-04", 4) for each in ("one", "two")]

    done = run(*paths, "--target-data", observed)

    assert done.exit_code == 2
    assert f"{paths[1]}: is of the same model and round as {paths[0]}" in done.stderr


def combine(tmp_path, *arguments):
    output = tmp_path / "2025-01-04-a-both.csv"
    return CliRunner().invoke(app, ["ensemble", *map(str, arguments), "--output", str(output)])


def test_members_with_other_ends_of_a_horizon_are_not_combined(tmp_path):
    done = combine(
        tmp_path,
        of_weeks(tmp_path, "2025-01-04", "2025-01-11", model="a-b"),
        of_weeks(tmp_path, "2025-01-01", "2025-01-08", model="c-d"),
    )

    assert done.exit_code == 2
    assert "target_end_date is 2025-01-01 in c-d and 2025-01-04 in a-b" in done.stderr


def test_a_member_that_lacks_tasks_is_named(tmp_path, caplog):
    done = combine(
        tmp_path,
        of_weeks(tmp_path, "2025-01-04", "2025-01-11", model="a-b"),
        of_weeks(tmp_path, "2025-01-04", model="c-d"),
    )

    assert done.exit_code == 0, done.stderr
    assert "c-d has 1 of 2 tasks; the others, such as" in caplog.text
    assert "horizon 1" in caplog.text
    assert "a-b has" not in caplog.text


def test_with_a_hub_a_member_with_another_spelling_is_refused(tmp_path, hub):
    other = changed(of_weeks(tmp_path, "2025-01-04", model="c-d"), ",cases,", ",Cases,")

    done = combine(tmp_path, of_weeks(tmp_path, "2025-01-04"), other, "--hub", hub)

    assert done.exit_code == 2
    assert "did you mean cases?" in done.stderr
