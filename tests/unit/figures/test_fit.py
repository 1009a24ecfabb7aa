import pandas as pd
import pytest

from epyflow.figures import read_tables
from epyflow.figures.figure_file import save
from epyflow.figures.fit import draw_fits, fit_chart
from epyflow.figures.observations import Seen
from epyflow.figures.read_tables import Place
from epyflow.figures.style import BLUE, VERMILION, date_number
from epyflow.figures.wording import series_in_words
from tests.unit import factories
from tests.unit.figures.legibility import cut_off, overlapping, shown_texts
from tests.unit.figures.test_fan_chart import drawn, height, legend, titles

# Six Saturdays; the first four were observed.
DAYS = factories.weeks(6)
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
ONE = "S_to_I_total"


def quantiles(days, base, names=(ONE,), levels=LEVELS, observed=None):
    """Every comparison is ``base`` + 100 x level, on every date."""
    rows = []
    for level in levels:
        for position, day in enumerate(days):
            row = {
                "primary_id": 0,
                "seed": 7,
                "population": "United_States_Massachusetts",
                "date": day.isoformat(),
                "quantile": level,
            }
            row |= dict.fromkeys(names, base + 100 * level)
            if observed is not None:
                row |= {f"observed_{name}": observed[position] for name in names}
            rows.append({**row, "location": "US-MA"})
    return pd.DataFrame(rows)


def calibration(**changes):
    return quantiles(DAYS[:4], 1000, observed=[1010.0, "", 1030.0, 1040.0], **changes)


def projection(**changes):
    return quantiles(DAYS, 2000, **changes)


def chart(fitted=None, projected=None, title="Massachusetts", **changes):
    fitted = calibration() if fitted is None else fitted
    projected = projection() if projected is None else projected
    return fit_chart(fitted, projected, title, **changes)


def lines(figure, axes=0):
    """Return the lines of fit and projection, the observations and the end of the window."""
    by_look = {line.get_linestyle(): line for line in figure.axes[axes].lines}
    return [by_look.get(look) for look in ("-", "--", "None", ":")]


def test_the_fit_is_drawn_on_the_dates_observed_and_the_projection_from_the_last_of_them():
    fit, projected, _, _ = lines(chart())

    assert [day.date() for day in pd.DatetimeIndex(fit.get_xdata())] == list(DAYS[:4])
    assert fit.get_ydata().tolist() == [1050.0] * 4
    assert [day.date() for day in pd.DatetimeIndex(projected.get_xdata())] == list(DAYS[3:])
    assert projected.get_ydata().tolist() == [2050.0] * 3
    assert (fit.get_color(), projected.get_color()) == (BLUE, VERMILION)


def test_each_has_bands_of_50_80_and_95_per_cent():
    _, fills = drawn(chart())

    assert [height(fill) for fill in fills] == [
        (1025.0, 1075.0),
        (1010.0, 1090.0),
        (1002.5, 1097.5),
        (2025.0, 2075.0),
        (2010.0, 2090.0),
        (2002.5, 2097.5),
    ]
    # Read in rows; matplotlib fills columns.
    assert legend(chart())[::3] + legend(chart())[1::3] + legend(chart())[2::3] == [
        "Observed",
        "Fit, median",
        "Projection, median",
        "50%",
        "80%",
        "95% of simulations",
    ]


def test_a_date_without_an_observation_has_no_dot():
    observed = lines(chart())[2].get_ydata()

    assert pd.Series(observed).dropna().tolist() == [1010.0, 1030.0, 1040.0]
    assert len(observed) == 4


def test_a_labelled_line_ends_the_fit():
    figure = chart()

    assert set(lines(figure)[3].get_xdata()) == {date_number(DAYS[3])}
    assert [note.get_text() for note in figure.axes[0].texts] == ["Fitted until 2025-01-25"]


LATER = {ONE: Seen.of({}, dict(zip(map(str, DAYS), (1010, 1020, 1033, 1040, 50, 60), strict=True)))}


def test_rings_are_what_came_or_was_corrected_since_up_to_the_last_date_drawn():
    figure = chart(observed=LATER)
    ring, dots = (line for line in figure.axes[0].lines if line.get_linestyle() == "None")

    assert ring.get_markerfacecolor() == "white"
    assert ring.get_xdata().tolist() == [date_number(DAYS[n]) for n in (1, 2, 4, 5)]
    assert ring.get_ydata().tolist() == [1020, 1033, 50, 60]
    assert dots.get_xdata().tolist() == [date_number(day) for day in DAYS[:4]]
    assert {"Observed, as then known", "Observed, as known since"} < {*legend(figure)}
    alone = chart(projected=projection().iloc[:0], observed=LATER)
    assert alone.axes[0].lines[1].get_ydata().tolist() == [1020, 1033]


def test_what_was_known_but_not_fitted_is_a_dot_after_the_line():
    known = {ONE: Seen.of({str(DAYS[0]): 7, str(DAYS[4]): 70}, {str(DAYS[4]): 70})}

    figure = chart(observed=known)

    dots = lines(figure)[2]
    assert pd.Series(dots.get_ydata()).dropna().tolist() == [1010, 1030, 1040, 70]
    assert dots.get_xdata()[-1] == date_number(DAYS[4])
    assert legend(figure)[0] == "Observed"


@pytest.mark.parametrize("observed", [2, 5])
def test_the_note_on_the_line_is_above_what_is_drawn(observed):
    fitted = quantiles(DAYS[:observed], 1000, observed=[10.0] * observed)
    figure = chart(fitted)
    figure.canvas.draw()
    axes = figure.axes[0]

    bottom = axes.texts[0].get_window_extent().y0

    assert bottom > axes.transData.transform((0, 2097.5))[1]


def test_without_a_projection_there_is_the_fit_alone():
    figure = chart(projected=projection().iloc[:0])

    assert lines(figure)[1] is None
    assert len(drawn(figure)[1]) == 3
    assert sorted(legend(figure)) == ["50%", "80%", "95% of simulations", "Fit, median", "Observed"]


def test_without_the_median_the_bands_are_drawn():
    levels = (0.1, 0.9)

    figure = chart(calibration(levels=levels), projection(levels=levels))

    assert len(drawn(figure)[1]) == 2
    assert lines(figure)[0].get_ydata().size == 0


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_every_comparison_has_a_panel(count):
    names = [f"S_to_I{number}_total" for number in range(count)]

    figure = chart(calibration(names=names), projection(names=names))

    assert titles(figure) == [f"S → I{number}, all ages" for number in range(count)]


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("S_to_I_total", "Susceptible → I, all ages"),
        ("S_to_I_65++S_to_V_0-4", "Susceptible → I, 65+ + Susceptible → V, 0–4"),
        ("S_to_I_total#2", "Susceptible → I, all ages (2)"),
        ("I_to_H_total#2", "Admissions (2)"),
        ("I_to_H_65+", "Admissions, 65+"),
        ("I_to_H_total+V_to_H_total", "All admissions"),
    ],
)
def test_comparisons_are_put_into_words(name, title):
    own = {"I_to_H_total": "Admissions", "I_to_H_total+V_to_H_total": "All admissions"}

    assert series_in_words(name, {"S": "Susceptible"} | own) == title


@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_text_is_cut_off_at_the_edge(count):
    names = [f"Waiting_vaccinated_{n}_to_Home_65++Waiting_to_Home_65+" for n in range(count)]
    figure = chart(
        calibration(names=names),
        projection(names=names),
        "United States: " + "long words " * 9,
        observed=dict.fromkeys(names, LATER[ONE]),
    )

    assert len(shown_texts(figure)) > 10
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="nothing to draw"):
        chart(calibration().iloc[:0])


def test_several_calibrations_are_refused():
    with pytest.raises(ValueError, match="of one calibration"):
        chart(pd.concat([calibration(), calibration().assign(primary_id=1)]))


# --- from tables -------------------------------------------------------------------------------


def observed_in(folder, *rows):
    """Write what was observed: population, comparison, date, then, since."""
    lines = ["population,comparison,date,then,since", *(",".join(row) for row in rows)]
    (folder / "observed.csv").write_text("\n".join(lines) + "\n")
    return folder / "observed.csv"


def draw(folder, population, fitted=None, projected=None, observed=()):
    tables = {
        "fitted": calibration() if fitted is None else fitted,
        "projected": projection() if projected is None else projected,
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv.gz", index=False)
    draw_fits(
        folder / "fitted.csv.gz",
        folder / "projected.csv.gz",
        observed_in(folder, *observed),
        places=[Place(population, "A place")],
        labels={},
        paths=[folder / "a.svg"],
    )
    return (folder / "a.svg").read_bytes()


def test_a_figure_is_made_of_the_rows_of_one_population(tmp_path):
    both = [
        pd.concat([table, table.assign(population="Namibia", location="NA", primary_id=1)])
        for table in (calibration(), projection())
    ]

    alone = draw(tmp_path, "United_States_Massachusetts")

    assert draw(tmp_path, "United_States_Massachusetts", *both) == alone


def test_a_projection_table_without_rows_is_no_projection(tmp_path):
    with_one = draw(tmp_path, "United_States_Massachusetts")

    without = draw(tmp_path, "United_States_Massachusetts", projected=projection().iloc[:0])

    assert len(without) < len(with_one)


def test_what_came_since_is_drawn_for_its_population(tmp_path):
    row = (ONE, str(DAYS[5]), "", "60")

    with_one = draw(tmp_path, "A", *A, observed=[("A", *row)])

    assert with_one != draw(tmp_path, "A", *A, observed=[("B", *row)])


A = [table.assign(population="A") for table in (calibration(), projection())]


def test_a_population_whose_task_failed_has_a_figure_that_says_so(tmp_path):
    figure = draw(tmp_path, "Atlantis")

    save(read_tables.nothing("A place"), tmp_path / "b.svg")
    assert figure == (tmp_path / "b.svg").read_bytes()
