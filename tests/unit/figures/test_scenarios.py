import pandas as pd

from epyflow.figures.fan_chart import fan_chart
from epyflow.figures.fan_charts import draw_populations
from epyflow.figures.read_tables import Place
from epyflow.figures.scenarios import futures
from tests.unit.figures.legibility import cut_off, overlapping
from tests.unit.figures.test_fan_chart import legend
from tests.unit.figures.test_fit import DAYS, ONE, calibration, chart, quantiles


def scenarios(*names):
    tables = [quantiles(DAYS, 2000 + 1000 * number) for number in range(len(names))]
    return pd.concat(
        [table.assign(scenario=name) for table, name in zip(tables, names, strict=True)],
        ignore_index=True,
    )


def median_lines(figure):
    return [line for line in figure.axes[0].lines if line.get_linewidth() == 1.6]


def test_each_scenario_has_a_look_of_its_own_and_keeps_its_order():
    found = futures(scenarios("zeta", "alpha", "more"))

    assert [future.name for future in found] == ["zeta", "alpha", "more"]
    assert len({future.colour for future in found}) == 3
    assert len({str(future.dashes) for future in found}) == 3


def test_more_scenarios_than_colours_are_drawn():
    assert len(futures(scenarios(*(f"s{number}" for number in range(9))))) == 9


def test_a_fit_continues_as_each_scenario():
    figure = chart(projected=scenarios("as_now", "distancing"))
    _, *ahead = median_lines(figure)

    assert [line.get_ydata().tolist() for line in ahead] == [[2050.0] * 3, [3050.0] * 3]
    assert [len(line.get_xdata()) for line in ahead] == [3, 3]
    assert "as_now, median and 50%" in legend(figure)
    assert "distancing, median and 50%" in legend(figure)
    assert not overlapping(figure)
    assert not cut_off(figure)


def test_the_fan_of_scenarios_is_a_line_for_each():
    figure = fan_chart(scenarios("as_now", "distancing"), [ONE], "Massachusetts")

    heights = [line.get_ydata()[0] for line in median_lines(figure)]
    assert heights == [2050.0, 3050.0]
    assert {"as_now, median", "distancing, median"} <= set(legend(figure))
    assert not overlapping(figure)
    assert not cut_off(figure)


def test_the_column_of_scenarios_is_no_series(tmp_path):
    table = tmp_path / "quantiles.csv.gz"
    scenarios("as_now", "distancing").to_csv(table, index=False)

    draw_populations(
        table,
        places=[Place("United_States_Massachusetts", "Massachusetts")],
        labels={},
        paths=[tmp_path / "figure.svg"],
    )

    assert (tmp_path / "figure.svg").stat().st_size > 1000


def test_levels_without_a_pair_have_no_band():
    table = scenarios("as_now")
    figure = chart(calibration(levels=(0.5,)), table[table["quantile"] == 0.5])

    assert "as_now, median" in legend(figure)
