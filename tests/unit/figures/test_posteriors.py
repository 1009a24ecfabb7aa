"""Draw posteriors: densities, pairs, and intervals side by side."""

import numpy as np
import pandas as pd
import pytest

from epyflow.figures.intervals import draw_intervals, interval_chart
from epyflow.figures.posteriors import MOST, draw_posteriors, posterior_chart, posterior_pages
from epyflow.figures.priors import density, prior_of, span
from epyflow.figures.quantities import weighted_quantiles
from epyflow.figures.read_tables import Place
from epyflow.figures.wording import quantity_in_words, with_named
from tests.unit.figures.legibility import cut_off, overlapping, shown_texts
from tests.unit.figures.test_fan_chart import legend

UNIFORM = {"name": "uniform", "args": [1.0, 2.0], "kwargs": {}}
DAYS = {"name": "randint", "args": [0.0, 4.0], "kwargs": {}, "reference_date": "2025-01-05"}
ABOUT = {"R0": UNIFORM, "start_date_days": DAYS, "own": {"function": "mine"}}


def particles(names=("R0", "start_date_days"), count=40, population="A", generations=2):
    rng = np.random.default_rng(1)
    frames = [
        pd.DataFrame(
            {
                "primary_id": 0,
                "population": population,
                "generation": number,
                "particle": np.arange(count),
                "weight": np.full(count, 1 / count),
                "distance": 1.0,
                **{name: rng.uniform(1, 3, count) for name in names},
                "location": "US-MA",
            }
        )
        for number in range(generations)
    ]
    return pd.concat(frames)


def test_quantiles_go_by_weight():
    values, weights = np.array([30.0, 10.0, 20.0]), np.array([0.1, 0.6, 0.3])

    assert weighted_quantiles(values, weights, (0.5, 0.61, 0.95)).tolist() == [10.0, 20.0, 30.0]


def test_the_density_of_a_bounded_prior_has_steps_at_its_ends():
    x, y = density(prior_of(UNIFORM), 0.0, 4.0)

    assert set(np.round(y, 9)) == {0.0, 0.5}
    assert np.trapezoid(y, x) == pytest.approx(1.0, abs=1e-6)


def test_the_density_of_a_discrete_prior_is_the_probability_of_each_number():
    x, y = density(prior_of(DAYS), -1.0, 4.0)

    assert x.tolist() == [-1, 0, 1, 2, 3, 4]
    assert y.tolist() == [0, 0.25, 0.25, 0.25, 0.25, 0]


def test_a_function_of_the_users_own_has_no_density_until_it_is_named():
    assert prior_of(ABOUT["own"]) is None
    assert prior_of(None) is None
    named = b'{"own": {"name": "norm", "args": [2], "kwargs": {}}, "R0": {"name": "expon"}}'

    about = with_named(ABOUT, named)

    assert prior_of(about["own"]).ppf([0.5]) == 2
    assert about["own"]["function"] == "mine"
    # Of what is no function, what the plan says holds.
    assert about["R0"] == UNIFORM
    assert with_named(ABOUT) == with_named(ABOUT, b"{}") == ABOUT


def test_a_prior_of_the_users_own_is_drawn_with_its_density_and_shaded_in_the_intervals():
    named = with_named(ABOUT, b'{"own": {"name": "uniform", "args": [1, 3], "kwargs": {}}}')
    rows = particles(["own"], generations=1)

    plain, drawn = (posterior_chart(rows, "A", about).axes[0] for about in (ABOUT, named))

    assert len(plain.lines) == 0
    (line,) = drawn.lines
    assert set(np.round(line.get_ydata(), 9)) == {0.0, round(1 / 3, 9)}
    table = pd.DataFrame([["A", "own", 2.0, 2.0, 2.0, 2.0, 2.0]], columns=INTERVALS)
    shades = [
        [patch.get_extents().width for patch in interval_chart(table, "A", about).axes[0].patches]
        for about in (ABOUT, named)
    ]
    assert [len(each) for each in shades] == [0, 1]


INTERVALS = ["location", "quantity", "q0.05", "q0.25", "q0.5", "q0.75", "q0.95"]


@pytest.mark.parametrize(
    ("given", "low", "high"),
    [(UNIFORM, 1, 3), ({"name": "norm", "args": [0, 1], "kwargs": {}}, -2.575829, 2.575829)],
)
def test_an_axis_spans_the_prior(given, low, high):
    start, end = span(np.array([2.0, 2.1]), prior_of(given))

    assert start == pytest.approx(low - 0.04 * (high - low))
    assert end == pytest.approx(high + 0.04 * (high - low))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("I", "Initial I (share)"),
        ("start_date_days", "Start (days after 2025-01-05)"),
        ("R0", "R0"),
    ],
)
def test_quantities_are_put_into_words(name, words):
    assert quantity_in_words(name, ABOUT | {"I": {"initial": "share"}}) == words


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_each_quantity_has_a_density_and_each_pair_a_cloud(count):
    names = [*ABOUT, "init_Latent_vaccinated", "seasonality_min"][:count]
    rows = particles(names)
    figure = posterior_chart(rows[rows["generation"] == 1], "Massachusetts", ABOUT)

    assert len(figure.axes) == count * (count + 1) / 2
    assert figure.get_suptitle().replace("\n", " ") == "Massachusetts: 40 particles of generation 1"
    assert legend(figure) == ["Posterior", "Prior"]
    assert len(shown_texts(figure)) > count
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def test_of_many_quantities_the_first_are_drawn_and_the_rest_counted():
    figure = posterior_chart(particles([f"p{n}" for n in range(9)], generations=1), "A")

    assert len(figure.axes) == MOST * (MOST + 1) / 2
    assert "(6 of 9 quantities)" in figure.get_suptitle().replace("\n", " ")


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="nothing to draw"):
        posterior_chart(particles().iloc[:0], "A")
    with pytest.raises(ValueError, match="nothing to draw"):
        posterior_chart(particles(names=()), "A")


def test_pages_hold_eight_populations_each():
    shown = {f"Place {n}": particles() for n in range(17)}

    pages = posterior_pages(shown, ABOUT)

    assert [len(figure.axes) for figure in pages] == [16, 16, 2]
    assert [cut_off(figure) for figure in pages] == [[], [], []]


@pytest.mark.parametrize("count", [1, 52])
def test_intervals_have_a_row_per_population_and_no_text_is_cut_off(count):
    rows = [
        (f"Northern Place {n}", name, *np.linspace(1.2, 2.5, 5))
        for n in range(count)
        for name in ("R0", "init_Latent")
    ]
    figure = interval_chart(pd.DataFrame(rows, columns=INTERVALS), "Inferred", ABOUT)

    assert len(figure.axes[0].get_yticks()) == count
    assert cut_off(figure) == []
    assert overlapping(figure) == []


def test_the_last_generation_of_each_population_is_drawn_and_written(tmp_path):
    table = pd.concat([particles(), particles(population="B", generations=1).assign(R0=2.0)])
    table.to_csv(tmp_path / "posteriors.csv.gz", index=False)
    places = [Place("A", "Here"), Place("B", "There"), Place("C", "Nowhere")]

    draw_intervals(
        tmp_path / "posteriors.csv.gz",
        places=places,
        about=ABOUT,
        title="Inferred",
        path=tmp_path / "a.svg",
        numbers=tmp_path / "a.csv",
    )
    draw_posteriors(
        tmp_path / "posteriors.csv.gz",
        places=places,
        about=ABOUT,
        paths=[tmp_path / f"{place.name}.png" for place in places],
        pages=tmp_path / "a.pdf",
    )

    numbers = pd.read_csv(tmp_path / "a.csv").set_index(["location", "quantity"])
    assert numbers.loc[("There", "R0"), "q0.5"] == 2.0
    assert len(numbers) == 4
    assert "Inferred (2 of 3 populations; the others failed)" in (tmp_path / "a.svg").read_text()
    assert all((tmp_path / f"{place.name}.png").stat().st_size > 1000 for place in places)
    assert (tmp_path / "a.pdf").read_bytes().count(b"/Type /Page ") == 1
