"""Forecast by damped growth."""

import json
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from made_up_hubs import scorable, tasks, write_hub, write_submission
from typer.testing import CliRunner

from forecast_hub.checks.validation import validate
from forecast_hub.combining.growth import LEVELS, forecast_growth
from forecast_hub.combining.growth_file import forecast_file
from forecast_hub.command import app
from forecast_hub.errors import DataError


def run(*arguments):
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def waves(weeks=150, places=4):
    """Return yearly waves of different sizes with noise."""
    rng = np.random.default_rng(3)
    phase = np.arange(weeks)[:, None] + np.arange(places)
    return np.rint(
        np.exp(4 + 2 * np.sin(phase * 2 * np.pi / 52)) * rng.lognormal(0, 0.1, phase.shape)
    )


def test_growth_continues_damps_and_has_quantiles_in_order():
    found = forecast_growth(waves())

    assert found.shape == (4, 4, len(LEVELS))
    assert (np.diff(found, axis=2) >= 0).all()
    assert (np.diff(found[..., -1] - found[..., 0], axis=1) > 0).all()


def test_forecasts_of_regular_waves_hold_as_often_as_they_say():
    counts = waves()
    held = [
        (low <= seen) & (seen <= high)
        for week in range(110, 146, 5)
        for quantile in [forecast_growth(counts[:week])]
        for low, seen, high in [(quantile[..., 1], counts[week : week + 4].T, quantile[..., -2])]
    ]

    assert 0.85 < np.mean(held) <= 1


def test_a_place_without_its_last_weeks_has_no_forecast_and_few_weeks_are_refused():
    counts = waves()
    counts[-1, 2] = np.nan

    assert np.isnan(forecast_growth(counts)).any(axis=(1, 2)).tolist() == [
        *(False, False, True, False)
    ]
    with pytest.raises(DataError, match="expected 300 or more"):
        forecast_growth(counts[:40])


PLACES = ("a", "b", "c", "d")
ROUND = date(2026, 3, 2)
LAST = ROUND - timedelta(weeks=1)
RESPICAST = ROUND + timedelta(days=2)


def document(ends=(str(ROUND),), horizons=range(-1, 4), rounds=(), required=None):
    """Return the configuration of a hub without age groups."""
    found = scorable(tasks(), ends)
    for task in found["rounds"][0]["model_tasks"]:
        del task["task_ids"]["age_group"]
        task["output_type"].pop("sample", None)
        if rounds:
            task["task_ids"]["origin_date"]["optional"] = list(rounds)
    cases = found["rounds"][0]["model_tasks"][0]
    cases["output_type"]["quantile"]["output_type_id"]["required"] = list(LEVELS)
    cases["task_ids"]["location"] = {"required": None, "optional": list(PLACES)}
    cases["task_ids"]["horizon"] = {"required": required, "optional": list(horizons)}
    return found


@pytest.fixture
def grow(tmp_path):
    """Return what writes target data, forecasts the hub's cases from them, and gives the rows."""
    hub = write_hub(tmp_path / "hub", document())
    (hub / "auxiliary-data").mkdir()
    table = "".join(f"{place},1000000\n" for place in PLACES)
    (hub / "auxiliary-data" / "locations.csv").write_text(f"location,population\n{table}")

    def grow(lines, day=ROUND, target="cases", columns="date,location,value"):
        observed = tmp_path / "observed.csv"
        observed.write_text("\n".join([columns, *lines]) + "\n")
        return forecast_file(observed, hub, day, target)

    return grow


def lines(counts, days=7):
    """Return the rows of weekly waves that end a week before the round."""
    ends = [LAST - timedelta(days=days * ago) for ago in range(len(counts))][::-1]
    return [
        f"{end},{place},{count:g}"
        for end, row in zip(ends, counts, strict=True)
        for place, count in zip(PLACES, row, strict=True)
    ]


def test_the_command_forecasts_the_places_of_a_hub(grow, tmp_path):
    found = grow(lines(waves()))
    path = tmp_path / f"{ROUND}-a-growth.csv"
    options = ("--hub", tmp_path / "hub", "--target", "cases", "--output", path)

    done = run("growth", tmp_path / "observed.csv", *options)

    assert done.exit_code == 0, done.output
    rows = pd.read_csv(path)
    assert len(rows) == len(found) == 4 * 4 * len(LEVELS)
    assert rows["target_date"].min() == str(ROUND)
    assert set(rows["origin_date"]) == {str(ROUND)}
    assert [each for each in tmp_path.iterdir() if each.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("origin", "ends", "horizons", "expected"),
    [
        (ROUND, (0, 1, 2, 3), (-1, 0, 1, 2, 3, 4), {0: 1, 1: 2, 2: 3, 3: 4}),
        (ROUND, (0, 1, 2, 3), (0, 2), {0: 1, 2: 3}),
        # The week that ends with the round is not known yet, and horizon 1 is the one after.
        (ROUND, (0, 1, 2, 3, 4), (1, 2, 3, 4), {1: 2, 2: 3, 3: 4}),
        # Horizon 0 ended on the day before the round.
        (LAST + timedelta(days=1), (0, 1, 2, 3), (1, 2, 3, 4, 5), {1: 1, 2: 2, 3: 3, 4: 4}),
        (LAST + timedelta(days=1), (-1, 0, 1, 2), (0, 1, 2, 3), {1: 1, 2: 2, 3: 3}),
        # As in RespiCast, where a list of ends says that horizon 1 ended before the round. Horizon
        # 0 is the week of its last data.
        (RESPICAST, (0, 1, 2), (1, 2, 3), {1: 1, 2: 2, 3: 3}),
        (RESPICAST, range(-2, 4), range(-1, 5), {1: 1, 2: 2, 3: 3, 4: 4}),
        # Horizon 0 is required, and is forecast from the week before it.
        (RESPICAST, (-1, 0, 1, 2), (1, 2, 3), {0: 0, 1: 1, 2: 2, 3: 3}),
    ],
)
def test_the_hub_accepts_the_horizons_that_it_permits(
    grow, tmp_path, origin, ends, horizons, expected
):
    """Each expected horizon is a number of weeks after the last one that is known."""
    listed = [str(ROUND + timedelta(weeks=number)) for number in ends]
    required = [0] if 0 in expected and 0 not in horizons else None
    hub = write_hub(tmp_path / "hub", document(listed, horizons, [str(origin)], required))

    found = grow(lines(waves()), origin)

    days = {str(horizon): str(LAST + timedelta(weeks=weeks)) for horizon, weeks in expected.items()}
    assert dict(zip(found["horizon"], found["target_date"], strict=True)) == days
    path = write_submission(hub, found, f"{origin}-a-b.csv")
    assert validate(path, hub).accepted


@pytest.mark.parametrize(
    ("horizons", "required", "says"),
    [
        ((0, 1), [4], "horizons 0 to 3 of 'cases', and the hub requires horizon 4; expected"),
        ((0, 1), [-1], "horizons 0 to 3 of 'cases', and the hub requires horizon -1; expected"),
        ((-1,), None, "horizons 0 to 3 of 'cases', and the hub permits none of these; expected"),
    ],
)
def test_a_hub_with_horizons_that_growth_does_not_forecast_is_refused(
    grow, tmp_path, horizons, required, says
):
    write_hub(tmp_path / "hub", document(horizons=horizons, required=required))

    with pytest.raises(DataError, match=says):
        grow(lines(waves()))


def test_the_hub_accepts_the_levels_and_places_that_it_permits(grow, tmp_path):
    written = document()
    cases = written["rounds"][0]["model_tasks"][0]
    cases["output_type"]["quantile"]["output_type_id"]["required"] = [0.5, 0.125, 0.9]
    cases["task_ids"]["location"]["optional"] = ["d", "b"]
    hub = write_hub(tmp_path / "hub", written)

    found = grow(lines(waves()))

    assert found["output_type_id"].unique().tolist() == ["0.125", "0.5", "0.9"]
    assert found["location"].unique().tolist() == ["b", "d"]
    assert validate(write_submission(hub, found, f"{ROUND}-a-b.csv"), hub).accepted


def test_the_task_with_quantiles_is_chosen_and_other_output_types_are_refused(grow, tmp_path):
    written = document()
    tasks = written["rounds"][0]["model_tasks"]
    tasks.append(json.loads(json.dumps(tasks[0])))
    del tasks[-1]["output_type"]["quantile"]
    write_hub(tmp_path / "hub", written)
    assert len(grow(lines(waves()))) == 4 * 4 * len(LEVELS)

    tasks[0]["output_type"]["mean"]["is_required"] = True
    write_hub(tmp_path / "hub", written)
    with pytest.raises(DataError, match="quantiles of 'cases', and the hub requires mean; expe"):
        grow(lines(waves()))

    del tasks[0]
    write_hub(tmp_path / "hub", written)
    with pytest.raises(DataError, match="quantiles of 'cases', and the hub takes mean; expected"):
        grow(lines(waves()))


def test_the_columns_are_those_of_the_hub_in_its_order(grow, tmp_path):
    """One hub has the end of a week; one has none, and a target column of its own name."""
    usual = ["origin_date", "target", "location", "horizon"]
    standard = ["output_type", "output_type_id", "value"]
    assert grow(lines(waves())).columns.tolist() == [*usual, "target_date", *standard]

    other = json.loads(json.dumps(document(())).replace('"target"', '"outcome"'))
    for task in other["rounds"][0]["model_tasks"]:
        task["task_ids"]["race"] = {"required": None, "optional": None}
    write_hub(tmp_path / "hub", other)
    found = grow(lines(waves()))

    assert found.columns.tolist() == [
        *("origin_date", "outcome", "location", "horizon", "race"),
        *standard,
    ]
    assert set(found["outcome"]) == {"cases"}
    assert set(found["race"]) == {"NA"}


def test_a_hub_with_columns_that_growth_cannot_fill_is_refused(grow, tmp_path):
    write_hub(tmp_path / "hub", scorable(tasks()))

    with pytest.raises(DataError, match="forecasts of 'cases' have age_group, for which growth"):
        grow(lines(waves()))


def test_a_code_of_the_hubs_table_without_its_zeros_is_named_with_the_table(grow, tmp_path):
    table = tmp_path / "hub" / "auxiliary-data" / "locations.csv"
    table.write_text(table.read_text().replace("a,", "6,"))

    with pytest.raises(DataError, match=rf"{table}: location '6' is no location of .*; .* '06'"):
        grow([line.replace(",a,", ",06,") for line in lines(waves())])


def test_what_became_known_later_and_long_ago_changes_no_forecast(grow):
    columns = "date,location,value,as_of"
    known = [f"{line},{ROUND}" for line in lines(waves())]
    other = [f"{LAST},a,9999,{ROUND + timedelta(days=1)}", f"0001-01-06,a,5,{ROUND}"]

    found = grow([*known, *other], columns=columns)

    pd.testing.assert_frame_equal(found, grow(known, columns=columns))
    with pytest.raises(DataError, match=rf"first version is of 2026-03-03, after {ROUND}; expect"):
        grow(other[:1], columns=columns)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"target": "case"}, "'case' is no weekly count of the hub .did you mean cases.*cases"),
        ({"target": "level"}, "'level' is no weekly count of the hub; expected cases"),
        ({"day": ROUND + timedelta(weeks=1)}, f"up to {LAST}; expected the week that ends on"),
        ({"day": ROUND + timedelta(days=1)}, "2026-03-03 is a Tuesday, and a round of .* a Monday"),
        ({"day": date(9999, 12, 27)}, "9999-12-27: is no reference date"),
        ({"days": 1}, "2026-02-22, a Sunday, and the week before the forecast ends on a Monday"),
        ({"counts": waves() / 1000}, "is no count; expected whole numbers"),
        (
            {"counts": np.vstack([waves(), np.full((1, 4), 1e300)])},
            "the forecast of 1e.300 is no number",
        ),
        ({"gap": True}, "no place of the hub has the three weeks to 2026-02-23"),
    ],
)
def test_a_forecast_of_other_numbers_or_weeks_is_refused(grow, given, says):
    rows = lines(given.get("counts", waves()), given.get("days", 7))
    if "gap" in given:
        rows = [row for row in rows if not row.startswith(str(LAST - timedelta(weeks=1)))]

    with pytest.raises(DataError, match=says):
        grow(rows, given.get("day", ROUND), given.get("target", "cases"))
