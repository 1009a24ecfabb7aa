import json

import docutils.core
import jinja2
import pytest

from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.report.first_page_figures import figures_in_html
from epyflow.report.front_page import MOST, ROWS, escape, front_page
from epyflow.report.parts import PARTS, number_parts
from epyflow.run.description import describe
from forecast_hub.config.flusight import CLASSES
from tests.unit.test_repository import ROOT

AHEAD = {
    "date": "2025-02-01",
    "median": 2414.4,
    "low_50": 1026.0,
    "high_50": 2743.0,
    "low_95": 284.0,
    "high_95": 6049.0,
    "change_percent": 16.2,
    "rate_per_100000": 12.1,
    "p_fall": 0.48,
    "p_rise": 0.52,
}
ROW = {
    "location": "New_York_ *state*",
    "status": "ok",
    "observed": 2077.0,
    "sentence": "New_York_ *state*: admissions may rise.",
    "ahead": [AHEAD],
}
DONE = {"unit": "admissions a week", "simulations": {"fit": 273, "kept": 200}}


def plan(**about):
    experiment = load(locate("example", ROOT / "config"), None, ())
    return {
        "exp_id": "my_study",
        "run_id": "main",
        "runs": [{"run_id": "main", "members": 2, "simulations": 4000, "experiment": "ab12"}],
        "seed": 7,
        "code": {"run": "cd34", "figures": "ef56"},
        "populations": [{}, {}],
        "about": describe(experiment) | about,
    }


FIT = {
    "strategy": "smc",
    "particles": 24,
    "distance": "rmse",
    "data": "admissions.csv",
    "start": "2024-10-05",
    "end": "2025-01-11",
    "trajectories": 100,
    "scenarios": [],
}


def page(
    given, summary=None, later=None, priors=None, outcomes=None, findings=(), figures="", weeks=None
):
    """Render the front page as Snakemake does; rst that is not clean raises."""
    text = json.dumps(summary).encode() if summary else None
    shown = front_page(
        given["about"],
        text,
        later,
        weeks,
        priors,
        outcomes,
        findings,
        is_replay=given["runs"][0]["run_id"] != given["run_id"],
    )
    return rendered(given, shown, figures)


def rendered(given, shown, figures):
    more = {"parts": number_parts(PARTS, fitted=True), "figures": figures, "not_run": list}
    shown = more | shown
    given = given | {"front_page": shown}
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - as Snakemake does
    source = (ROOT / "workflow" / "report" / "workflow.rst").read_text()
    rst = environment.from_string(source).render(
        snakemake=type("", (), {"config": {"plan": given}})
    )
    options = {"halt_level": 2, "report_level": 2}
    return docutils.core.publish_parts(rst, writer="html", settings_overrides=options)["whole"]


def test_before_anything_was_run_there_is_a_page():
    html = page(plan())

    assert "how far do transmissibility and holidays matter?" in html
    assert "Not checked" in html
    assert "one of 0.333333, 0.5" in html
    assert "uniform from 1.5 to 2.3" in html
    assert "a whole number from 0 to 20" in html
    assert "scipy" not in html
    assert "from 0.0001 to 0.0005" in html
    assert "those of the parameters that were drawn" in html
    assert "chance between simulations" in page(plan(quantities={}))


def test_what_was_not_run_is_the_first_warning():
    shown = front_page(
        plan()["about"], json.dumps({"warnings": ["an old one"], "headline": []}).encode()
    )

    html = rendered(plan(), shown | {"not_run": lambda: ["not the results"]}, "")

    assert html.index("not the results") < html.index("an old one")


def test_warnings_come_before_the_headline_and_that_before_the_experiment():
    summary = {"warnings": ["There_ has no result"], "headline": [ROW], "newest": "2025-01-11"}

    html = page(plan(fit=FIT), summary | DONE)

    marks = ["Warnings", "There_ has no result", "Headline numbers", "New_York_ *state*"]
    assert "273 simulations used in the fit; 200 trajectories projected." in html
    one = {"warnings": [], "headline": [], "simulations": {"fit": 1, "kept": 1}}
    assert "1 simulation used in the fit; 1 trajectory projected." in page(plan(fit=FIT), one)
    assert "planned" not in html
    assert "are admissions a week." in html
    assert "in steps of 1 day." in html
    assert "Stays in compartments are about half a step longer than 1/rate" in html
    marks += [
        "Feb 1",
        "2,414",
        "1,026–2,743",
        "284–6,049",
        "+16%",
        "<td>12</td>",
        "48%",
        "52%",
    ]
    marks += ["The experiment", "the newest observation is of"]
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_classes_of_the_hub_take_the_place_of_fall_and_rise():
    classes = dict.fromkeys([f"p_{name}" for name in CLASSES], 0.2)
    row = ROW | {"ahead": [AHEAD | classes]}

    html = page(plan(fit=FIT), {"warnings": [], "headline": [row]} | DONE)

    assert html.count("20%") == len(CLASSES)
    assert html.index("Per 100,000") < html.index("Week to", html.index("Median"))
    assert "Large decrease" in html
    assert "Fall</th>" not in html
    assert "The classes have the probability" in html
    assert "per 100,000 people" in html


def test_only_columns_that_are_there_are_explained():
    ahead = {name: value for name, value in AHEAD.items() if name != "rate_per_100000"}

    html = page(plan(fit=FIT), {"warnings": [], "headline": [ROW | {"ahead": [ahead]}]} | DONE)

    assert "Medians and intervals are" in html
    assert "per 100,000 people" not in html
    assert "The classes have" not in html


HELD = """\
target,nominal,forecasts,observations,inside,coverage,low,high
wk_inc flu,0.5,21,84,45,0.535714,0.412,0.655
wk_inc flu,0.95,21,84,60,0.714286,0.5,0.9
"""
WEEKS = """\
model,target,scale,reference_date,forecasts,wis,baseline_wis,relative_wis,baseline
uni_sir,wk_inc flu,natural,2025-01-18,8,3,2,1.5,a_base
uni_sir,wk_inc flu,log,2025-01-18,8,0.1,0.2,0.5,a_base
"""


def test_forecasts_that_held_too_little_are_warned_of_before_all_else():
    html = page(plan(fit=FIT), later=HELD.encode())

    marks = [
        "Warnings",
        "wk_inc flu: 95% intervals of the forecasts held 71% of 84 later observations.",
        "Forecasts and later observations",
        "wk_inc flu: of 84 later observations of 21 forecasts, 54% (41–66%) in their 50% inter",
        "The experiment",
    ]
    places = [" ".join(html.split()).index(mark) for mark in marks]
    assert places == sorted(places)


def test_last_weeks_that_were_worse_than_the_baseline_are_warned_of_and_others_passed():
    html = " ".join(page(plan(fit=FIT), weeks=WEEKS.encode()).split())
    better = " ".join(page(plan(fit=FIT), weeks=WEEKS.replace("8,3,2", "8,1,2").encode()).split())

    marks = ["Warnings", "wk_inc flu: in the last four weeks", "Forecasts and later observations"]
    marks.append("WIS 1.50 times (on counts) and 0.50 times (on logarithms) that of a_base")
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "Looked for and passed: forecasts of the last four weeks are no worse than a_b" in better
    assert "in the last four weeks" not in better


def test_a_table_of_coverage_without_intervals_is_shown_without_them():
    old = "\n".join(line.rsplit(",", 2)[0] for line in HELD.splitlines())

    html = " ".join(page(plan(fit=FIT), later=old.encode()).split())

    assert "54% in their 50% intervals, 71% in their 95% intervals." in html


def test_what_there_is_no_warning_of_is_said():
    held = HELD.replace("60,0.714286", "80,0.952381").encode()

    passed = {"passed": ["every task gave a result", "at least 100 particles"]}
    html = page(plan(fit=FIT), {"warnings": [], "headline": [ROW]} | passed, held)

    assert "None." in html
    assert "Looked for and passed: every task gave a result; at least 100 particles; no" in html
    assert "no interval of the forecasts misses more observations than chance allows." in html
    alone = page(plan(fit=FIT), later=held)
    assert "Looked for and passed: no interval of the forecasts misses" in alone
    warned = page(plan(fit=FIT), {"warnings": ["Bad"], "headline": []} | passed)
    assert "Looked for and passed: every task gave a result" in warned


def test_a_shortfall_of_few_forecasts_is_neither_a_warning_nor_a_check_that_passed():
    few = "target,nominal,forecasts,observations,inside,coverage\nflu,0.95,2,8,4,0.5\n"

    html = " ".join(page(plan(fit=FIT), later=few.encode()).split())

    assert "That is fewer than they should hold, but so few forecasts can miss by chance." in html
    assert "more observations than chance allows" not in html
    assert "can miss by chance" not in page(plan(fit=FIT), later=HELD.encode())


def test_scores_without_an_outcome_say_nothing():
    html = page(plan(fit=FIT), later=HELD.splitlines()[0].encode())

    assert "Not checked" in html
    assert "later observations" not in html


def test_a_failed_population_has_a_row_that_says_so():
    html = page(plan(fit=FIT), {"warnings": [], "headline": [{"location": "A"}]})

    assert "<p>A: failed.</p>" in html


def test_of_many_populations_the_first_are_shown_and_the_rest_counted():
    summary = {"warnings": [], "headline": [ROW] * 52, "newest": "2025-01-11"}

    html = page(plan(fit=FIT), summary)

    assert html.count("2,414") == 52
    assert [html[: html.index(mark)].count("2,414") for mark in ("<details>", "</details>")] == [
        *(ROWS, 52)
    ]
    assert html.count("admissions may rise") == 52
    assert "40 more populations" in html
    one = page(plan(fit=FIT), {"warnings": [], "headline": [ROW] * (ROWS + 1)})
    assert "1 more population<" in one
    many = page(plan(fit=FIT), {"warnings": [], "headline": [ROW] * (MOST + 3)})
    assert many.count("2,414") == MOST
    assert "The tables of 3 populations" in " ".join(many.split())


@pytest.mark.parametrize(
    "text",
    ["S_vax_ and `x`_", "**bold", ".. raw:: html", "- item", "a|b|", ".. _x: y", "<b>", "[1]_ x"],
)
def test_text_of_the_users_own_is_shown_as_it_is(text):
    html = page(plan(text=f"{text}\n\nnext"))

    for letter, entity in (("<", "&lt;"), (">", "&gt;")):
        text = text.replace(letter, entity)
    assert f"<p>{text} next</p>" in html


def test_why_there_is_no_reproduction_number_is_said():
    why = "I_to_Q is mediated, so how long people infect depends on how many others there are"

    html = page(plan(without_reproduction=why))

    assert f"The effective reproduction number is not drawn: {why}." in " ".join(html.split())
    assert "not drawn" not in page(plan())
    assert "does not ask for quantiles: add" in " ".join(page(plan(without_curves=True)).split())


def test_text_is_escaped_however_deep():
    assert escape({"a": [("x_", 1.5, None)]}) == {"a": [["x\\_", 1.5, None]]}


def test_a_function_of_the_users_own_is_named_with_what_it_returned():
    named = {"name": "norm", "args": [2.0], "kwargs": {"scale": 0.5}}

    html = page(plan(quantities={"R0": {"function": "mine"}}), priors=json.dumps({"R0": named}))

    assert "norm(2, scale=0.5), from mine()" in html
    assert "Distributions are named as in scipy.stats." in html


def test_what_the_hub_says_of_the_submission_is_on_the_page():
    found = {"accepted": False, "hub": "A_hub", "file": "2025.csv", "rows": 9}
    each = {"check": "columns", "severity": "error", "message": "a column is_missing"}

    html = page(plan(fit=FIT), findings=[json.dumps(found | {"findings": [each]}).encode()])

    assert "A_hub would refuse 2025.csv with 9 rows, by its own checks." in " ".join(html.split())
    assert "<td>a column is_missing</td>" in html
    quiet = page(plan(fit=FIT), findings=[json.dumps(found | {"findings": []}).encode()])
    assert "2025.csv" in quiet
    assert "a column" not in quiet
    replay = plan(fit=FIT)
    replay["runs"] = 2 * [replay["runs"][0] | {"run_id": "main/2025-01-18"}]
    both = [json.dumps(found | {"accepted": yes, "findings": []}).encode() for yes in (True, False)]
    html = " ".join(page(replay, findings=both).split())
    assert "Each calibration has 24 particles, fewer than 100; intervals are rough." in html
    assert "Not looked for: whether each calibration converged" in html
    assert "Fitted by SMC to admissions.csv, as it was known at the time, from" in html
    assert "This run is a replay. It made a forecast for each of 2 reference dates" in html
    assert "A_hub would accept 1 of 2 submissions." in html
    replay["runs"].pop()
    alone = " ".join(page(replay, findings=both).split())
    assert "It made a forecast for one reference date, from the data" in alone
    assert "known at the time, and scored it." in alone
    assert "<td>refused</td> <td>9</td>" in html
    assert "planned" not in html


@pytest.mark.parametrize("fit", [FIT, None])
def test_figures_are_on_the_page_once(fit):
    drawn = figures_in_html(None, [("figures/map.svg", "Map", "A map.")])
    found = {
        "title": "Outcomes",
        "sentences": ["More."],
        "columns": ["Parameter"],
        "of_medians": [],
        "places": [{}],
    }
    found["places"] = [{"location": "Here", "outcome": "All", "rows": [["x"]]}]
    outcomes = None if fit else json.dumps(found).encode()

    html = page(plan(fit=fit), outcomes=outcomes, figures=drawn)

    assert html.count('data-file="figures/map.svg"') == 1
    assert "parent.vegaEmbed" in html
    assert html.index("Figures</h1>") < html.index("The experiment</h1>")


def test_outcomes_of_simulations_are_on_the_page():
    found = {
        "sentences": ["Here, totals with R0_ 1.5 and R0_ 2: more."],
        "title": "Outcomes by parameter",
        "columns": ["Parameter", "Total"],
        "of_medians": ["S to I"],
        "places": [
            {"location": f"Place {n}", "outcome": "S to I", "rows": [["All", "38%"]]}
            for n in range(20)
        ],
    }

    html = " ".join(page(plan(), outcomes=json.dumps(found).encode()).split())

    marks = ["Outcomes", "totals with R0_ 1.5", "Place 0, S to I:", "Total", "38%"]
    marks.append("S to I: computed")
    places = [html.index(mark) for mark in [*marks, "The experiment"]]
    assert places == sorted(places)
    assert html.count("38%") == 20
    assert "8 more tables" in html
    assert "Changes are those of the medians" in html
    alone = page(plan(), outcomes=json.dumps(found | {"sentences": []}).encode())
    assert "Changes are those" not in alone
