import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from epyflow.figures.calibration_progress import MAX_NAMED, draw_progress, progress_chart
from epyflow.figures.figure_file import save
from tests.unit.figures.legibility import cut_off, overlapping, shown_texts
from tests.unit.figures.test_fan_chart import legend, titles

GREY_LINE = 0.6


def progress(populations=2, generations=3):
    """Population p starts at a tolerance of 2 ** (p + 9), halved; acceptance is 1 / (g + 1 + p)."""
    rows = [
        {
            "primary_id": place,
            "population": f"P{place}",
            "generation": number,
            "epsilon": math.inf if number == 0 else 2.0 ** (place + 10 - number),
            "acceptance": 1.0 if number == 0 else 1 / (number + 1 + place),
            "location": "",
        }
        for place in range(populations)
        for number in range(generations)
    ]
    return pd.DataFrame(rows)


def colours(axes):
    return [to_hex(line.get_color()) for line in axes.lines]


def test_tolerance_and_acceptance_have_a_line_per_population():
    figure = progress_chart(progress(), "Calibrations")

    tolerance, acceptance = figure.axes
    assert titles(figure) == ["Tolerance (epsilon)", "Accepted simulations"]
    # The infinite tolerance of generation 0 is left out.
    assert [line.get_xdata().tolist() for line in tolerance.lines] == [[1, 2], [1, 2]]
    assert [line.get_ydata().tolist() for line in tolerance.lines] == [[512, 256], [1024, 512]]
    # Per cent: 1, 1/2 and 1/3; 1, 1/3 and 1/4.
    assert acceptance.lines[0].get_ydata() == pytest.approx([100, 50, 100 / 3])
    assert acceptance.lines[1].get_ydata() == pytest.approx([100, 100 / 3, 25])
    assert [axes.get_yscale() for axes in figure.axes] == ["log", "log"]


def test_few_populations_are_told_apart_by_colour_and_marker():
    figure = progress_chart(progress(MAX_NAMED), "", {"P0": "Massachusetts"})

    assert len(set(colours(figure.axes[0]))) == MAX_NAMED
    assert len({line.get_marker() for line in figure.axes[0].lines}) == MAX_NAMED
    assert legend(figure) == ["Massachusetts", "P1", "P2", "P3", "P4", "P5"]


def test_of_many_those_that_accepted_least_are_named():
    figure = progress_chart(progress(52), "")

    # The higher the number, the lower the acceptance.
    assert legend(figure) == ["P51", "P50", "P49", "49 others, which accepted more"]
    thin = [line for line in figure.axes[1].lines if line.get_linewidth() == GREY_LINE]
    assert len(thin) == 49
    assert len(figure.axes[1].lines) == 52


def test_the_named_are_judged_by_their_last_generation():
    table = progress(10)
    # It stopped early, at 1 / 2.
    table = table[(table["population"] != "P9") | (table["generation"] == 0)]

    assert legend(progress_chart(table, ""))[:3] == ["P8", "P7", "P6"]


def test_populations_without_a_row_are_counted_in_the_title():
    figure = progress_chart(progress(2), "Calibrations", {"P0": "a", "P1": "b", "P2": "c"})

    said = " ".join(figure.get_suptitle().split())
    assert said == "Calibrations (2 of 3 populations; the others failed)"


def test_a_single_generation_without_a_tolerance_says_so():
    figure = progress_chart(progress(2, generations=1), "")

    notes = [text.get_text() for text in figure.axes[0].texts]
    assert notes == ["Infinite: every simulation was accepted"]


@pytest.mark.parametrize("span", [(3.0, 3.2), (1.0, 1.0), (0.004, 7000.0), (1e-9, 1e12), (20, 90)])
def test_the_axis_has_between_two_and_eight_numbers_around_the_values(span):
    table = progress(2).assign(epsilon=np.resize(span, 6))

    axes = progress_chart(table, "").axes[0]

    low, high = axes.get_ylim()
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    assert low < min(span) <= max(span) < high
    assert 2 <= len(ticks) <= 8


@pytest.mark.parametrize(("populations", "generations"), [(2, 1), (2, 3), (6, 10), (52, 8)])
def test_no_text_is_cut_off_at_the_edge(populations, generations):
    labels = {f"P{n}": f"United States, Northern Somewhere {n}" for n in range(populations)}
    figure = progress_chart(progress(populations, generations), "Long words " * 12, labels)

    assert len(shown_texts(figure)) > 6
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="nothing to draw"):
        progress_chart(progress().iloc[:0], "")


def test_a_figure_is_made_of_the_table(tmp_path):
    table = progress().assign(location="NA")
    table.to_csv(tmp_path / "calibration_progress.csv.gz", index=False)

    draw_progress(
        tmp_path / "calibration_progress.csv.gz",
        title="All",
        labels={},
        path=tmp_path / "a.svg",
        numbers=tmp_path / "a.csv",
    )

    save(progress_chart(table, "All"), tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert (tmp_path / "a.csv").read_text() == table.to_csv(index=False)
