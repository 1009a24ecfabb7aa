"""Dots and rings of observations."""

import pandas as pd
from matplotlib.figure import Figure

from epyflow.figures.observations import Seen, draw_seen, legend_of_seen, read_observed

DAYS = ("2025-01-04", "2025-01-11", "2025-01-18", "2025-01-25")


def seen(then, since):
    return Seen.of(dict(zip(DAYS, then, strict=False)), dict(zip(DAYS, since, strict=False)))


def test_later_is_what_came_or_was_corrected_since():
    later = seen([1.0, 2.0], [1.0, 3.0, 4.0]).later

    assert later["date"].dt.date.astype(str).tolist() == list(DAYS[1:3])
    assert later["value"].tolist() == [3.0, 4.0]


def test_a_value_that_a_table_has_rounded_is_not_a_correction():
    assert seen([1234570.0, 0.0], [1234567.0, 0.0]).later.empty


def test_a_week_without_a_value_then_that_has_one_now_is_later():
    assert seen([float("nan")], [5.0]).later["value"].tolist() == [5.0]


def test_dates_outside_are_left_out():
    within = seen([1.0] * 4, [2.0] * 4).between(pd.Timestamp(DAYS[1]), pd.Timestamp(DAYS[2]))

    assert len(within.then) == len(within.since) == 2


def test_rings_lie_under_dots_and_are_drawn_only_where_something_is_new():
    axes = Figure().subplots()
    draw_seen(axes, seen([1.0, 2.0], [1.0, 3.0]), 4)
    draw_seen(axes, seen([1.0], [1.0]), 4)
    draw_seen(axes, Seen.of(), 4)

    ring, dot, alone = axes.lines
    assert (ring.get_markerfacecolor(), dot.get_markerfacecolor()) == ("white", "#000000")
    assert ring.get_zorder() < dot.get_zorder()
    assert ring.get_ydata().tolist() == [3.0]
    assert alone.get_markerfacecolor() == "#000000"


def test_the_legend_names_rings_where_there_are_any():
    assert [each.get_label() for each in legend_of_seen(later=False)] == ["Observed"]
    assert [each.get_label() for each in legend_of_seen(later=True)] == [
        "Observed, as then known",
        "Observed, as known since",
    ]


def test_a_file_is_read_by_population_and_comparison_and_names_may_be_na(tmp_path):
    lines = ["population,comparison,date,then,since", "NA,A_to_B_total,2025-01-04,1,2"]
    lines += ["NA,A_to_B_total,2025-01-11,,3", "B,A_to_B_total,2025-01-04,4,"]
    (tmp_path / "observed.csv").write_text("\n".join(lines) + "\n")

    found = read_observed(tmp_path / "observed.csv")

    assert list(found) == ["NA", "B"]
    assert found["NA"]["A_to_B_total"].then["value"].tolist() == [1.0]
    assert found["NA"]["A_to_B_total"].since["value"].tolist() == [2.0, 3.0]
    assert found["B"]["A_to_B_total"].since.empty
