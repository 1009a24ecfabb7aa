"""The unit of a target is read from the hub's words, and values are converted to it."""

from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_hubs import submission, tasks, write_hub, write_submission

from forecast_hub.checks.validation import validate
from forecast_hub.config.hub import Target
from forecast_hub.config.units import COUNT, EXAMPLES, Unit, convert, parse_unit, read_unit

RATE = Unit("population", 100_000)
VISITS = Unit("visits")
VISITS_PERCENT = Unit("visits", 100)

# id, name, units and description of targets as hubs write them: see forecast_hub.config.units.
OF_HUBS = [
    ("wk inc flu hosp", "incident influenza hospitalizations", "count", "", COUNT),
    ("hospital admissions", "Weekly number of admissions", "Number of new cases", "", COUNT),
    ("ILI ED visits", "ED visits due to ILI", "count", "", COUNT),
    ("ILI incidence", "Weekly incidence", "cases per 100,000 population", "", RATE),
    ("inc hosp", "Weekly incident hospitalizations", "rate per 100,000 population", "", RATE),
    (
        "wk inc flu prop ed visits",
        "proportion of weekly incident ED visits due to influenza",
        "proportion",
        "the proportion of emergency department visits due to influenza in the week",
        VISITS,
    ),
    ("Flu ED visits pct", "Percentage of ED visits due to flu", "percentage", "", VISITS_PERCENT),
    ("inc ed visit", "Incident Emergency Department visit", "percent", "", VISITS_PERCENT),
    ("S0", "Initial proportion", "fraction", "Proportion of individuals", Unit("population")),
    ("variant prop", "Weekly nowcasted variant proportions", "proportion", "", None),
    (
        "peak time hosp",
        "Peak Timing of Hospitalization",
        "",
        "peak before or during the week",
        None,
    ),
]


@pytest.mark.parametrize(("name", "title", "units", "description", "expected"), OF_HUBS)
def test_the_words_of_hubs_are_read(name, title, units, description, expected):
    target = Target(name, {}, "continuous", units, True, "week", title, description)

    assert read_unit(target) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ILI per 100k", RATE),
        ("per 100 000 inhabitants", RATE),
        ("cases/100,000", RATE),
        ("per million", Unit("population", 1e6)),
        ("cases per 1m", Unit("population", 1e6)),
        ("deaths per 10k people", Unit("population", 10_000)),
        ("cases per capita", Unit("population")),
        ("consultation rate per 1000", Unit("population", 1000)),
        ("rate per 1,000 consultations", Unit("visits", 1000)),
        ("% of ED visits", VISITS_PERCENT),
        ("Proportion_of_ED_visits", VISITS),
        ("percent of the population", Unit("population", 100)),
        ("cases per week", COUNT),
        ("rate", None),
        ("percent", None),
        ("% of tests", None),
        ("percent of deaths", None),
        ("percent change of admissions", None),
        ("log count", None),
        ("thousands of persons", None),
        ("per 100,000 tests", None),
        ("weeks", None),
        ("cases per 1e5", Unit("population", 100_000)),
        ("cases per 10^5 inhabitants", Unit("population", 100_000)),
        ("per 100'000 population", Unit("population", 100_000)),
        ("per 100\u00a0000 population", Unit("population", 100_000)),
        ("cases per 1 million", Unit("population", 1_000_000)),
        ("admissions per 7 days", None),
        ("cases per 14 days per 100,000 population", None),
        ("count per 1 week", None),
        ("count per day", None),
        ("\u2030 of visits", None),
        ("log10 cases", None),
        ("square root of admissions", None),
        ("cumulative count", None),
        ("admissions (x1000)", None),
        ("Z-score of admissions", None),
        ("rate per 1,000 patient-days", None),
        ("rate per 1,000 bed-days", None),
        ("rate per 1,000 person years", None),
        ("percent of population-weeks", None),
        ("cases per 1e+5", RATE),
        ("cases per 1e05", RATE),
        ("cases per 1.5e3", Unit("population", 1500)),
        ("per 10\u2075 inhabitants", RATE),
        ("per 1 x 10^5", RATE),
        ("rate per hundred thousand", RATE),
        ("per 100.000 inhabitants", RATE),
        ("cases/100,000 population/week", RATE),
        ("per 100,00", None),
        ("per 1.5", None),
        ("per 1e0", Unit("population")),
        ("per 0", None),
        ("per person", None),
        ("per 100,000 children", None),
        ("age-adjusted rate per 100,000", None),
        ("rate per 100,000 ED", None),
        ("per cent of ED visits", VISITS_PERCENT),
        ("logit of proportion of visits", None),
        ("1 - proportion of visits", None),
        ("percentage points of visits", None),
        ("\u2031 of visits", None),
        ("# of cases", COUNT),
        ("no. of laboratory-confirmed COVID-19 hospital admissions", COUNT),
        ("count/week", COUNT),
        ("cases per epidemiological week", COUNT),
        ("natural logarithm of cases", None),
        ("standardized count", None),
        ("normalized admissions", None),
        ("admissions squared", None),
        ("count\u00b2", None),
        ("relative count", None),
        ("percentile of admissions", None),
        ("rank of cases", None),
        ("doubling time of cases", None),
        ("count minus baseline", None),
        ("excess deaths", None),
        ("cases + deaths", None),
        ("count of foo bar", None),
        ("count ('000)", None),
        ("admissions in 000s", None),
        ("1000 cases", None),
        ("admissions per fortnight", None),
        ("cases per two weeks", None),
        ("daily admissions", None),
    ],
)
def test_other_words_are_a_unit_or_none(words, expected):
    assert parse_unit(words) == expected


@given(
    st.sampled_from([*EXAMPLES, "cases per week", "cases per 1e5", "% of ED visits"]),
    st.text(st.characters(codec="utf-8", categories=["L", "N", "S"]), min_size=1, max_size=12),
    st.integers(0, 5),
)
def test_a_unit_with_a_word_that_nobody_knows_is_none(unit, word, place):
    words = unit.split(" ")
    words.insert(place, f"q{word}")

    assert parse_unit(" ".join(words)) is None


@pytest.mark.parametrize("name", ["Change of weekly admissions", "log_admissions", "ILI index"])
def test_a_target_whose_name_says_that_its_values_are_derived_has_no_unit_of_ours(name):
    target = Target("a", {}, "continuous", "count", True, "week", name, "")

    assert read_unit(target) is None


def test_the_words_of_a_unit_name_it():
    assert [str(parse_unit(words)) for words in EXAMPLES] == list(EXAMPLES)
    for unit in (COUNT, RATE, VISITS, VISITS_PERCENT, Unit("population"), Unit("visits", 1000)):
        assert parse_unit(str(unit)) == unit


def test_50_persons_of_200_000_and_of_4000_visits():
    def into(unit):
        return convert(50.0, COUNT, unit, population=200_000, visits=4000.0)

    assert into(RATE) == 25  # 50 / 200,000 = 25 / 100,000
    assert into(Unit("population")) == 0.00025
    assert into(Unit("population", 100)) == 0.025
    assert into(VISITS) == 0.0125  # 50 / 4000
    assert into(VISITS_PERCENT) == 1.25
    assert convert(3.5, VISITS_PERCENT, VISITS) == 0.035


def test_without_the_visits_a_share_of_them_is_refused():
    with pytest.raises(ValueError, match="count to proportion of visits"):
        convert(50.0, COUNT, VISITS, population=200_000)


units = st.sampled_from(["persons", "population", "visits"]).flatmap(
    lambda whole: (
        st.just(COUNT)
        if whole == "persons"
        else st.builds(Unit, st.just(whole), st.sampled_from([1, 100, 1000, 100_000]))
    )
)


@given(
    st.floats(0, 1e9),
    units,
    units,
    st.integers(1, 10**10),
    st.floats(1, 1e9),
)
def test_a_conversion_and_back_is_the_identity(value, source, target, population, visits):
    there = convert(value, source, target, population, visits)

    assert convert(there, target, source, population, visits) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("units", "bounds", "value", "severities"),
    [
        ("proportion of visits", {}, "5.25", ["error"]),
        ("percent of visits", {}, "5.25", []),
        ("proportion of visits", {"maximum": 1}, "5.25", ["error"]),
        ("count", {}, "5.25", []),
        ("percent of visits", {}, "105.25", ["error"]),
        ("per 1000 visits", {}, "1005.25", ["warning"]),
        ("count", {}, "-1", ["warning"]),
        ("percent change", {}, "-1", []),
    ],
)
def test_the_hubs_bounds_decide_and_without_them_the_unit(
    tmp_path, units, bounds, value, severities
):
    document = deepcopy(tasks())
    cases = document["rounds"][0]["model_tasks"][0]
    cases["target_metadata"][0]["target_units"] = units
    for output in ("quantile", "sample"):
        del cases["output_type"][output]
    cases["output_type"]["mean"]["value"] = {"type": "double"} | bounds
    frame = submission()
    frame = frame[frame["output_type"].isin(["mean", "cdf"])]
    frame.loc[frame["output_type"] == "mean", "value"] = value
    hub = write_hub(tmp_path, document)

    found = [
        each
        for each in validate(write_submission(hub, frame), hub).findings
        if each.check == "value_col_valid"
    ]

    assert [each.severity for each in found] == severities
    assert all(value in each.message for each in found)
