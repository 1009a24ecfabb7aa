"""The figures of a replay: every forecast, scores by week and location, coverage and PIT."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from epyflow.figures import season_forecasts
from epyflow.figures.forecast_calibration import (
    BINS,
    bin_weights,
    calibration_chart,
    calibration_table,
)
from epyflow.figures.read_tables import Place
from epyflow.figures.season_forecasts import draw_season, season_chart, weeks_ahead
from epyflow.figures.season_scores import draw_season_scores, season_scores_chart
from tests.unit.figures.legibility import cut_off, overlapping
from tests.unit.figures.test_fan_chart import titles

MODELS = ["uni-sir", "A-baseline", "A-ensemble"]
QUANTILES = {"0.025": 1.0, "0.25": 3.0, "0.5": 5.0, "0.75": 8.0, "0.975": 20.0}


def days(count, first=date(2024, 12, 14)):
    return [str(first + timedelta(weeks=n)) for n in range(count)]


def compared(by, groups, targets=("flu",), models=MODELS):
    """Relative scores of 0.5, 1 and 1.5 in every group, on both scales."""
    rows = [
        (model, target, scale, group, 8, 2.0 + n, 0.5 + n / 2)
        for n, model in enumerate(models)
        for target in targets
        for scale in ("natural", "log")
        for group in groups
    ]
    names = ["model", "target", "scale", by, "forecasts", "wis", "relative_wis"]
    return pd.DataFrame(rows, columns=names)


def marks(axes):
    return [line for line in axes.lines if line.get_marker() != "None"]


def test_each_model_has_a_line_over_the_weeks_and_a_mark_for_each_location():
    weeks = compared("reference_date", days(3))
    weeks.loc[0, "relative_wis"] = np.inf  # of a baseline of 0: no logarithmic axis shows it

    figure = season_scores_chart(weeks, compared("location", ["Utah"]), "Scores", "A-baseline")

    assert titles(figure) == [
        *("Relative WIS by week, counts", "Counts"),
        *("Relative WIS by week, logarithms", "Logarithms"),
    ]
    own, base, other = (line.get_ydata().tolist() for line in marks(figure.axes[0]))
    assert np.isnan(own[0])
    assert (own[1:], base, other) == ([0.5, 0.5], [1, 1, 1], [1.5, 1.5, 1.5])
    assert [line.get_xdata().tolist() for line in marks(figure.axes[1])] == [[0.5], [1], [1.5]]
    assert figure.axes[0].get_ylim()[0] < 0.5 < 1.5 < figure.axes[0].get_ylim()[1]


def test_without_a_baseline_the_scores_themselves_are_drawn():
    weeks = compared("reference_date", days(2)).assign(relative_wis=np.nan)
    places = compared("location", ["Utah"]).assign(relative_wis=np.nan)

    figure = season_scores_chart(weeks, places, "Scores", None)

    assert titles(figure)[0] == "WIS by week, counts"
    assert [line.get_ydata().tolist() for line in marks(figure.axes[0])] == [[2, 2], [3, 3], [4, 4]]


def test_locations_have_their_names_in_the_order_of_the_run(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "epyflow.figures.season_scores.save", lambda figure, path: drawn.append(figure)
    )
    draw_season_scores(
        compared("reference_date", days(2)),
        compared("location", ["25", "36", "99"]),
        names={"36": "New York", "NY": "New York", "25": "Massachusetts"},
        baseline="A-baseline",
        title="Scores",
        labels={"flu": "Admissions"},
        path=tmp_path / "a.svg",
    )

    labels = [text.get_text() for text in drawn[0].axes[1].get_yticklabels()]
    assert labels == ["New York", "Massachusetts", "99"]
    assert drawn[0].get_suptitle() == "Scores: Admissions"


@pytest.mark.parametrize("weeks", [1, 2, 30])
@pytest.mark.parametrize("targets", [("flu",), ("flu", "covid")])
def test_no_text_of_the_scores_is_cut_off_or_over_another(weeks, targets):
    places = ["Massachusetts", "District of Columbia", "Utah"]

    figure = season_scores_chart(
        compared("reference_date", days(weeks), targets),
        compared("location", places, targets),
        "Scores by week and location",
        "A-baseline",
    )

    assert cut_off(figure) == []
    assert overlapping(figure) == []


def made(reference_dates, **further):
    """Forecasts of horizons -1 to 1, all with the same quantiles."""
    rows = [
        (day, horizon, str(date.fromisoformat(day) + timedelta(weeks=int(horizon))), level, value)
        for day in reference_dates
        for horizon in ("-1", "0", "1")
        for level, value in QUANTILES.items()
    ]
    names = ["reference_date", "horizon", "target_end_date", "output_type_id", "value"]
    own = {"model": "uni-sir", "target": "flu", "location": "25", "output_type": "quantile"}
    return pd.DataFrame(rows, columns=names).assign(**own, **further)


def test_each_horizon_has_the_weeks_that_were_forecast_so_long_before():
    table = weeks_ahead(made(["2024-12-14", "2024-12-21"]))

    assert table[["horizon", "target_end_date"]].to_numpy().tolist() == [
        *([0, "2024-12-14"], [0, "2024-12-21"]),
        *([1, "2024-12-21"], [1, "2024-12-28"]),
    ]
    assert table["q0.25"].tolist() == [3.0] * 4


def test_of_further_task_ids_one_is_drawn_and_not_a_mean_of_several():
    young = made(["2024-12-14"], age="0-17")
    old = made(["2024-12-14"], age="18+").assign(value=1000.0)

    assert weeks_ahead(pd.concat([young, old]))["q0.5"].tolist() == [5.0, 5.0]


OUTCOMES = pd.DataFrame(
    {"location": "25", "target_end_date": days(4, date(2024, 12, 7)), "observed": [4.0, 5, 7, 30]}
)


def test_a_panel_shows_intervals_medians_and_all_observations():
    figure = season_chart(weeks_ahead(made(["2024-12-14", "2024-12-21"])), OUTCOMES, "Here")

    assert titles(figure) == ["The week of the reference date", "1 week after the reference date"]
    for axes in figure.axes:
        thin, thick = axes.collections
        assert [path[:, 1].tolist() for path in thin.get_segments()] == [[1, 20]] * 2
        assert [path[:, 1].tolist() for path in thick.get_segments()] == [[3, 8]] * 2
        medians, observed = marks(axes)
        assert medians.get_ydata().tolist() == [5, 5]
        assert observed.get_ydata().tolist() == [4, 5, 7, 30]


@pytest.mark.parametrize("weeks", [1, 30])
def test_no_text_of_the_forecasts_is_cut_off_or_over_another(weeks):
    table = weeks_ahead(made(days(weeks)).assign(value=lambda rows: 1e5 * rows["value"]))

    figure = season_chart(table, OUTCOMES, "District of Columbia: every forecast and what came")

    assert cut_off(figure) == []
    assert overlapping(figure) == []


@pytest.mark.parametrize("horizons", [True, False])
def test_a_location_without_a_forecast_of_weeks_ahead_says_so(tmp_path, horizons):
    paths = [tmp_path / "a.svg", tmp_path / "b.svg"]
    forecasts = made(["2024-12-14"])

    draw_season(
        forecasts if horizons else forecasts.drop(columns="horizon"),
        OUTCOMES,
        places=[Place("MA", "Massachusetts"), Place("NY", "New York")],
        names={"25": "Massachusetts", "36": "New York"},
        title="every forecast",
        paths=paths,
    )

    texts = [path.read_text() for path in paths]
    assert ["No forecast of it" in text for text in texts] == [not horizons, True]
    assert "Massachusetts: every forecast" in texts[0]


def test_forecasts_are_drawn_before_an_observation_has_come(tmp_path):
    draw_season(
        made(["2024-12-14"]),
        pd.DataFrame(),
        places=[Place("MA", "Massachusetts")],
        names={"25": "Massachusetts"},
        title="every forecast",
        paths=[tmp_path / "a.svg"],
    )

    assert "1 week after the reference date" in (tmp_path / "a.svg").read_text()


def test_of_age_groups_the_observations_of_the_first_forecast_are_drawn(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(season_forecasts, "season_chart", lambda *given: drawn.append(given))
    monkeypatch.setattr(season_forecasts, "save", lambda figure, path: None)
    ages = [made(["2024-12-14"]).assign(age_group=age) for age in ("young", "old")]
    came = [
        OUTCOMES.assign(age_group=age, observed=OUTCOMES["observed"] * factor)
        for age, factor in (("old", 10), ("young", 1))
    ]

    draw_season(
        pd.concat(ages),
        pd.concat(came),
        places=[Place("MA", "Massachusetts")],
        names={"25": "Massachusetts"},
        title="every forecast",
        paths=[tmp_path / "a.svg"],
    )

    ((_, outcomes, _),) = drawn
    expected = OUTCOMES[OUTCOMES["location"] == "25"].drop_duplicates("target_end_date")
    assert outcomes["observed"].tolist() == expected["observed"].tolist()


def test_the_weight_of_a_forecast_is_spread_evenly_between_its_bounds():
    """From 0.1 to 0.3 half in each of two bins; from 0.95 all in the last; from 0 to 1 a tenth."""
    weights = bin_weights(np.array([0.1, 0.95, 0.0]), np.array([0.3, 1.0, 1.0]))

    expected = np.zeros((3, BINS))
    expected[0, 1:3], expected[1, 9], expected[2] = 0.5, 1, 0.1
    assert weights == pytest.approx(expected)


def pits(models=MODELS, weeks=4, target="flu"):
    """Each model's observations: all in the 50% interval, none in the 95% one; PIT 0 to 0.1."""
    columns = {"covered_50": 1.0, "covered_90": np.nan, "covered_95": 0.0}
    columns |= {"pit_low": 0.0, "pit_high": 0.1, "target": target}
    rows = [
        {"model": model, "reference_date": day, "scale": scale, **columns}
        for model in models
        for day in days(weeks)
        for scale in ("natural", "log")
    ]
    return pd.DataFrame(rows)


def test_coverage_and_pit_are_counted_once_for_each_forecast():
    table = calibration_table(pits(), "uni-sir")

    assert list(dict.fromkeys(table["model"])) == ["uni-sir", "A-baseline", "A-ensemble"]
    own = table[table["model"] == "uni-sir"]
    assert own["forecasts"].unique().tolist() == own["weeks"].unique().tolist() == [4]
    held = own[own["kind"] == "interval"]
    assert held[["nominal", "share"]].to_numpy().tolist() == [[0.5, 1], [0.95, 0]]
    assert own[own["kind"] == "PIT"]["share"].tolist() == pytest.approx([1, *[0] * 9])
    # Wilson's interval of 4 weeks that are all alike: see test_share_intervals.
    assert held[["low", "high"]].to_numpy().ravel() == pytest.approx(
        [0.5101, 1, 0, 0.4899], abs=1e-4
    )


def test_calibrated_forecasts_have_a_flat_histogram():
    """Observations at the middle of each twentieth, of quantiles at every level of the hub."""
    ends = np.arange(20) / 20
    scores = pits(["uni-sir"], weeks=20).iloc[::2].assign(pit_low=ends, pit_high=ends + 0.05)

    table = calibration_table(scores, "uni-sir")

    assert table[table["kind"] == "PIT"]["share"].tolist() == pytest.approx([0.1] * BINS)


@pytest.mark.parametrize("models", [["uni-sir"], MODELS])
@pytest.mark.parametrize("targets", [["flu"], ["flu", "covid"]])
def test_no_text_of_the_calibration_is_cut_off_or_over_another(models, targets):
    scores = pd.concat([pits(models, target=target) for target in targets])

    figure = calibration_chart(calibration_table(scores, "uni-sir"), "Coverage and PIT")

    assert len(figure.axes) == len(targets) * (1 + len(models))
    assert cut_off(figure) == []
    assert overlapping(figure) == []
