import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.colors import to_rgb

from epyflow.figures.bands import bands
from epyflow.figures.fan_chart import fan_chart
from epyflow.figures.wording import series_in_words
from tests.unit import factories
from tests.unit.figures.legibility import cut_off, shown_texts

DAYS = [day.isoformat() for day in factories.weeks(3)]
LABELS = {"S": "Susceptible", "I": "Infectious", "S_vax": "Susceptible, vaccinated"}


def quantiles(series=("I_total",), levels=(0.05, 0.25, 0.5, 0.75, 0.95), members=(0,)):
    """A table in which every series is 1000 x (member + 1) + 100 x level, on every date."""
    rows = [
        {
            "primary_id": member,
            "population": "United_States_Massachusetts",
            "date": day,
            "quantile": level,
            **dict.fromkeys(series, 1000.0 * (member + 1) + 100 * level),
        }
        for member in members
        for level in levels
        for day in DAYS
    ]
    return pd.DataFrame(rows)


def drawn(figure, axes=0):
    """Return the lines and the bands of a panel."""
    panel = figure.axes[axes]
    fills = [c for c in panel.collections if isinstance(c, FillBetweenPolyCollection)]
    return panel.lines, fills


def height(fill):
    """Return the least and the greatest y of a band."""
    heights = fill.get_paths()[0].vertices[:, 1]
    return heights.min(), heights.max()


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


# --- one member --------------------------------------------------------------------------------


def test_one_member_is_a_median_in_its_bands():
    figure = fan_chart(quantiles(), ["I_total"], "Massachusetts")

    (median,), (inner, outer) = drawn(figure)
    assert median.get_ydata().tolist() == [1050.0, 1050.0, 1050.0]
    assert height(inner) == (1025.0, 1075.0)
    assert height(outer) == (1005.0, 1095.0)
    assert legend(figure) == ["Median", "50%", "90% of simulations"]


def test_the_wider_band_lies_below_and_is_lighter():
    _, (inner, outer) = drawn(fan_chart(quantiles(), ["I_total"], ""))

    assert outer.get_zorder() < inner.get_zorder()
    assert sum(outer.get_facecolor()[0][:3]) > sum(inner.get_facecolor()[0][:3])


def test_in_grey_the_bands_and_the_median_differ():
    levels = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
    (median,), fills = drawn(fan_chart(quantiles(levels=levels), ["I_total"], ""))

    colours = [to_rgb(median.get_color()), *(fill.get_facecolor()[0][:3] for fill in fills)]
    # ITU-R BT.601 luma.
    greys = [0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue in colours]
    assert len(greys) == 4
    assert np.diff([*greys, 1.0]).min() > 0.08


def test_without_symmetric_levels_there_is_the_median_alone():
    figure = fan_chart(quantiles(levels=(0.5, 0.9)), ["I_total"], "")

    assert drawn(figure)[1] == []
    assert legend(figure) == ["Median"]


def test_rows_may_come_in_any_order():
    shuffled = quantiles().sample(frac=1, random_state=1)

    (median,), _ = drawn(fan_chart(shuffled, ["I_total"], ""))

    days = pd.DatetimeIndex(median.get_xdata())
    assert days.is_monotonic_increasing


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975), [(0.25, 0.75), (0.1, 0.9), (0.025, 0.975)]),
        ((0.05, 0.25, 0.5, 0.75, 0.95), [(0.25, 0.75), (0.05, 0.95)]),
        ((0.01, 0.5, 0.99), [(0.01, 0.99)]),
        ((0.01, 0.5), []),
        ((0.5,), []),
        # epydemix's own: nearest to 80 % is 90 %.
        ((0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975), [(0.25, 0.75), (0.05, 0.95), (0.025, 0.975)]),
    ],
)
def test_bands_hold_what_is_nearest_to_50_80_and_95_per_cent(levels, expected):
    assert bands(levels) == expected


def test_the_23_levels_of_flusight_give_the_three_familiar_bands():
    levels = [0.01, 0.025, *(round(0.05 * i, 2) for i in range(1, 20)), 0.975, 0.99]

    assert bands(levels) == [(0.25, 0.75), (0.1, 0.9), (0.025, 0.975)]


# --- several members ---------------------------------------------------------------------------


def test_several_members_are_their_medians_and_the_middle_of_these():
    figure = fan_chart(quantiles(members=range(11)), ["I_total"], "")

    lines, (band,) = drawn(figure)
    # The medians are 1050, 2050, ..., 11050.
    assert [line.get_ydata()[0] for line in lines[:11]] == [1050 + 1000 * i for i in range(11)]
    assert lines[11].get_ydata()[0] == 6050
    assert lines[11].get_linewidth() > lines[0].get_linewidth()
    assert height(band) == (1550, 10550)
    assert legend(figure) == ["Median of each parameter set", "Median of these", "90% of these"]


def test_of_many_members_200_are_drawn_evenly_and_all_are_counted():
    figure = fan_chart(quantiles(members=range(401), levels=(0.5,)), ["I_total"], "")

    lines, (band,) = drawn(figure)
    thin = [line for line in lines if line.get_linewidth() == 0.5]
    heights = [line.get_ydata()[0] for line in thin]
    assert len(thin) == 200
    assert heights[0] == 1050
    assert heights[-1] == 401_050
    assert set(np.diff(heights)) <= {2000, 3000}
    assert height(band) == (21_050, 381_050)
    assert legend(figure)[0] == "Median of each parameter set (200 of 401 shown)"


def test_medians_are_summarised_on_the_dates_that_all_members_have():
    table = quantiles(members=(0, 1))
    late = table[(table["primary_id"] == 0) | (table["date"] > DAYS[0])]

    lines, _ = drawn(fan_chart(late, ["I_total"], ""))

    assert [len(line.get_ydata()) for line in lines] == [3, 3, 2, 2, 2]
    assert np.isnan(lines[1].get_ydata()[0])
    assert lines[2].get_ydata().tolist() == [1550, 1550]


def test_members_without_a_date_in_common_are_drawn_without_a_summary():
    table = quantiles(members=(0, 1))
    apart = table[(table["primary_id"] == 0) == (table["date"] == DAYS[0])]

    lines, _ = drawn(fan_chart(apart, ["I_total"], ""))

    assert [len(line.get_ydata()) for line in lines] == [3, 3, 0, 0, 0]


# --- panels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 12])
def test_every_series_has_a_panel_and_no_panel_is_empty(count):
    names = [f"C{number}_total" for number in range(count)]

    figure = fan_chart(quantiles(names), names, "")

    assert titles(figure) == [f"C{number}, all ages" for number in range(count)]


def test_of_too_many_series_the_totals_come_first_and_the_title_counts_the_rest():
    names = [f"C{number}_{group}" for number in range(7) for group in ("0-4", "5+", "total")]

    figure = fan_chart(quantiles(names), names, "Massachusetts")

    shown = titles(figure)
    assert shown[:7] == [f"C{number}, all ages" for number in range(7)]
    assert shown[7:] == ["C0, 0–4", "C0, 5+", "C1, 0–4", "C1, 5+", "C2, 0–4"]
    assert figure.get_suptitle() == "Massachusetts (12 of 21 series; 9 not shown)"


def test_panels_without_one_below_show_their_dates():
    names = [f"C{number}_total" for number in range(5)]

    figure = fan_chart(quantiles(names), names, "")
    figure.canvas.draw()

    labelled = [any(t.label1.get_visible() for t in a.xaxis.get_major_ticks()) for a in figure.axes]
    assert labelled == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("series", "title"),
    [
        ("I_total", "Infectious, all ages"),
        ("I_0-4", "Infectious, 0–4"),
        ("I_65+", "Infectious, 65+"),
        ("S_to_I_total", "Susceptible → Infectious, all ages"),
        ("S_vax_to_I_5-17", "Susceptible, vaccinated → Infectious, 5–17"),
        ("H_total", "H, all ages"),
        ("S_to_H_total", "Susceptible → H, all ages"),
        ("Home_to_be_to_I_total", "Home_to_be_to_I, all ages"),
    ],
)
def test_panel_titles_are_words(series, title):
    assert series_in_words(series, LABELS) == title


def test_a_compartment_may_have_to_in_its_name():
    labels = {"way_to_H": "Way to hospital", "H": "Hospital"}

    assert series_in_words("way_to_H_total", labels) == "Way to hospital, all ages"
    assert series_in_words("way_to_H_to_H_total", labels) == "Way to hospital → Hospital, all ages"


# --- legibility --------------------------------------------------------------------------------


def test_counts_start_at_0_and_have_thousands_separators():
    figure = fan_chart(quantiles(), ["I_total"], "")
    figure.canvas.draw()

    axes = figure.axes[0]
    assert axes.get_ylim()[0] == 0
    assert "1,000" in [label.get_text() for label in axes.get_yticklabels()]


def test_small_counts_do_not_all_read_0():
    table = quantiles()
    table["I_total"] /= 1000

    figure = fan_chart(table, ["I_total"], "")
    figure.canvas.draw()

    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(set(labels)) == len(labels)
    assert "0.5" in labels or "0.4" in labels


def test_the_axis_says_what_is_counted():
    figure = fan_chart(quantiles(), ["I_total"], "", unit="Persons per week")

    assert figure.get_supylabel() == "Persons per week"


@pytest.mark.parametrize("members", [(0,), range(250)])
@pytest.mark.parametrize("count", [1, 2, 4, 5, 12])
def test_no_text_is_cut_off_at_the_edge(members, count):
    names = [f"Susceptible_vaccinated_{number}_to_Infectious_65+" for number in range(count)]
    table = quantiles(names, members=members, levels=(0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975))
    table[names] *= 10_000

    figure = fan_chart(table, names, "United States, Massachusetts: " + "long words " * 8)

    assert len(shown_texts(figure)) > 10
    assert cut_off(figure) == []


# --- what cannot be drawn ----------------------------------------------------------------------


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="nothing to draw"):
        fan_chart(quantiles().iloc[:0], ["I_total"], "")
    with pytest.raises(ValueError, match="nothing to draw"):
        fan_chart(quantiles(), [], "")


def test_a_table_without_the_median_is_refused():
    with pytest.raises(ValueError, match=r"add 0\.5 to the quantiles"):
        fan_chart(quantiles(levels=(0.25, 0.75)), ["I_total"], "")


def test_several_populations_are_refused():
    table = pd.concat([quantiles(), quantiles().assign(population="Canada")])

    with pytest.raises(ValueError, match="one population"):
        fan_chart(table, ["I_total"], "")


def test_a_date_that_a_member_has_twice_is_refused():
    table = pd.concat([quantiles(members=(0, 1)), quantiles(members=(1,))])

    with pytest.raises(ValueError, match="duplicate"):
        fan_chart(table, ["I_total"], "")
