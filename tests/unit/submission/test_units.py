"""From YAML to a submission in the hub's unit, for targets as hubs have them."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from epyflow import strategies
from epyflow.artifacts import pickling
from epyflow.artifacts.task import Failure
from epyflow.errors import EpyflowError
from epyflow.inputs.build import Build
from epyflow.inputs.fan_out import plan
from epyflow.run.forecast_plan import find_observations
from epyflow.run.hub_choice import choose_destination
from epyflow.run.settings import Settings
from epyflow.submission.brief_writer import write_brief
from epyflow.submission.projected_series import Observed, Projection
from epyflow.submission.result_rows import make_rows
from epyflow.submission.submission_output import check_submission, write_submission
from epyflow.submission.target_units import Conversion
from forecast_hub.checks.validation import validate
from forecast_hub.config.units import COUNT, Unit
from tests.unit.submission.unit_hubs import (
    ADMISSIONS,
    BOUNDS,
    CLASSES,
    COVID_VISITS,
    DAY,
    FLU_VISITS,
    METROCAST,
    PERSONS,
    RESPICAST,
    SCENARIO,
    WEEKS,
    write_experiment,
    write_hub,
    write_populations,
)


def submit(root, target, comparison, **written):
    """Run an experiment up to its submission; return the result, the rows and the findings."""
    hub = write_hub(root, target)
    experiment = write_experiment(root, target[0], comparison, **written)
    given = {"experiment": "ed", "experiments_root": str(root), "hub": str(hub)}
    destination = choose_destination(experiment, Settings(**given))
    store = write_populations(root)
    build = Build(experiment, plan(experiment, 1), store, None, 3, "epydemix", "0123456789ab")
    assert build.write({0: root / "input.pkl"}) == set()
    task = pickling.read_input(root / "input.pkl")
    assert not isinstance(task, Failure)
    result = strategies.run(task)
    pickling.write(result, root / "result.pkl")
    write_brief(experiment, destination, store, root / "hub.json")
    table, left_out = root / "table.csv.gz", root / "left_out.json"
    make_rows([root / "result.pkl"], root / "hub.json", table, left_out)
    assert json.loads(left_out.read_text()) == []
    file = root / destination.file
    write_submission(table, root / "hub.json", file)
    check_submission(file, root / "hub.json", left_out, root / "findings.json")
    rows = pd.read_csv(file)
    return result, rows, json.loads((root / "findings.json").read_text())


def persons(result):
    """Return the infections of each trajectory in the weeks of horizon 0 and 1."""
    moves = result.members[0].transitions.unpack()
    return moves[:, -2:, 0].sum(axis=-1, dtype=float)


def check(rows, findings, expected):
    """Compare the samples, and the quantiles of four trajectories, with ``expected`` values."""
    assert findings["accepted"], findings["messages"]
    assert not [each for each in findings["messages"] if each.startswith("warning")]
    for horizon in (0, 1):
        at = rows[rows["horizon"] == horizon]
        samples = at[at["output_type"] == "sample"]["value"].to_numpy()
        assert samples == pytest.approx(expected[:, horizon])
        quantiles = at[at["output_type"] == "quantile"]["value"].to_numpy()
        assert quantiles == pytest.approx(np.quantile(expected[:, horizon], [0.25, 0.5, 0.75]))
        median = at[at["output_type"] == "median"]["value"].tolist()
        assert median == pytest.approx([np.median(expected[:, horizon])])
        shares = [(expected[:, horizon] <= bound).mean() for bound in BOUNDS]
        assert at[at["output_type"] == "cdf"]["value"].tolist() == shares


@pytest.mark.parametrize(
    ("target", "per"),
    [(FLU_VISITS, 1), (COVID_VISITS, 1), (METROCAST, 100), (SCENARIO, 100)],
)
@pytest.mark.parametrize("unit", ["count", "percent of ED visits"])
def test_persons_are_a_share_of_4000_visits(tmp_path, target, per, unit):
    """Whether the observed column counts visits due to influenza, or is their percentage."""
    seen = {"unit": unit, "observed_visits_column": "visits", "scale": 0.001}

    result, rows, findings = submit(tmp_path, target, seen)

    check(rows, findings, persons(result) * 0.001 / 4000 * per)


@pytest.mark.parametrize("target", [FLU_VISITS, COVID_VISITS])
def test_the_same_file_in_persons_is_refused_also_where_the_hub_gives_no_maximum(tmp_path, target):
    seen = {"observed_visits_column": "visits", "scale": 0.001}
    submit(tmp_path, target, seen)
    (file,) = tmp_path.glob(f"{DAY}-*.csv")
    rows = pd.read_csv(file, dtype=str, keep_default_na=False)
    in_persons = (rows["value"].astype(float) * 4000 / 0.001).astype(str)
    rows["value"] = rows["value"].where(rows["output_type"] == "cdf", in_persons)
    wrong = tmp_path / f"{DAY}-team-model.csv"
    rows.to_csv(wrong, index=False)

    found = validate(wrong, tmp_path / "hub").findings

    errors = [each for each in found if each.severity == "error"]
    assert {each.check for each in errors} == {"value_col_valid"}


def test_a_fit_to_percentages_with_a_calibrated_factor_is_submitted_as_proportions(tmp_path):
    seen = {"unit": "percent of ED visits", "scale": "ratio"}

    result, rows, findings = submit(tmp_path, FLU_VISITS, seen)

    percent = result.members[0].reported.unpack()[:, -2:, 0, 0]
    ratios = percent / 100 / (persons(result) / PERSONS)
    assert np.ptp(ratios, axis=1) == pytest.approx(0)  # the same in both weeks,
    drawn = result.fit.generations[0].particles[:, result.fit.names.index("ratio")]
    assert all(np.abs(drawn - each).min() < 1e-9 for each in ratios[:, 0])  # and the particle's
    check(rows, findings, percent / 100)


def test_an_incidence_is_per_population_of_the_place(tmp_path):
    result, rows, findings = submit(tmp_path, RESPICAST, {})

    check(rows, findings, persons(result) * 2)  # 100,000 / 50,000


def test_an_incidence_of_children_is_per_population_of_children(tmp_path):
    result, rows, findings = submit(tmp_path, RESPICAST, {}, simulation=["S_to_I_0-17"])

    children = result.members[0].transitions.unpack()[:, -2:, 0, 0].astype(float)
    check(rows, findings, children * 10)  # 100,000 / 10,000


def test_observations_are_converted_with_the_trajectories():
    """5 and 8 of 1000 and 2000 visits, then 6 of the mean of the two."""
    days = tuple(date.fromisoformat(day) for day in WEEKS)
    visits = Observed(days[:2], np.array([1000.0, 2000]))
    conversion = Conversion(COUNT, Unit("visits", 100), visits=visits)
    seen = Observed(days[:3], np.array([5.0, 8, np.nan]))
    projection = Projection({}, days[1:3], np.array([[8.0, 6]]), seen)

    found = conversion.apply(projection)

    assert found.trajectories.tolist() == [[0.4, 0.4]]
    assert found.observed.counts[:2].tolist() == [0.5, 0.4]
    assert np.isnan(found.observed.counts[2])
    kept = replace(conversion, observed_in_source=False).apply(projection)
    assert kept.observed is seen


def test_observed_rates_are_submitted_as_counts(tmp_path):
    result, rows, findings = submit(tmp_path, ADMISSIONS, {"unit": "per 100,000 population"})

    samples = rows[rows["output_type"] == "sample"]
    found = samples[samples["horizon"] == 0]["value"]
    assert found.tolist() == persons(result)[:, 0].tolist()
    assert findings["accepted"]


def destination_of(root: Path, target, comparison, **written):
    experiment = write_experiment(root, target[0], comparison, **written)
    settings = {"experiment": "ed", "experiments_root": str(root)}
    return choose_destination(experiment, Settings(**settings, hub=str(write_hub(root, target))))


def test_observations_without_a_unit_are_warned_of_where_the_hub_wants_another(tmp_path, caplog):
    for folder, target, comparison in [
        ("silent", RESPICAST, {}),
        ("said", RESPICAST, {"unit": "count"}),
        ("same", ADMISSIONS, {}),
    ]:
        (tmp_path / folder).mkdir()
        assert destination_of(tmp_path / folder, target, comparison) is not None

    assert caplog.messages == [
        "output.hub_format: 'ILI incidence' is a rate per 100,000 population in the hub, and the "
        "comparison with 'value' has no unit: its observations are taken as counts of persons, and "
        "forecasts are converted; expected unit: count in the comparison, or the unit that they "
        "have"
    ]


@pytest.mark.parametrize(
    ("target", "comparison", "factor"),
    [
        (FLU_VISITS, {"unit": "percent of visits", "scale": "ratio"}, 100),
        (METROCAST, {"unit": "percent of visits", "scale": "ratio"}, 1),
        (ADMISSIONS, {}, 1),
        (RESPICAST, {}, None),
    ],
)
def test_target_data_are_drawn_beside_the_fit_in_its_unit_or_not_at_all(
    tmp_path, target, comparison, factor
):
    experiment = write_experiment(tmp_path, target[0], comparison)
    file = tmp_path / "final.csv"
    file.write_text("date,location,value\n2024-11-02,25,0.03\n")
    given = {"experiment": "ed", "experiments_root": str(tmp_path), "target_data": str(file)}
    hub = write_hub(tmp_path, target)

    final = find_observations(experiment, Settings(**given, hub=str(hub))).final

    assert (None if final is None else final.factor) == factor


@pytest.mark.parametrize("target", [FLU_VISITS, METROCAST])
def test_persons_are_never_submitted_as_a_share_of_unknown_visits(tmp_path, target):
    with pytest.raises(EpyflowError, match=rf"hub_format.targets: {target[0]!r} is a .* of visits"):
        destination_of(tmp_path, target, {})


def test_a_share_of_visits_is_not_submitted_as_a_count(tmp_path):
    with pytest.raises(EpyflowError, match="is a count in the hub, and its series is a percent of"):
        destination_of(tmp_path, ADMISSIONS, {"unit": "percent of visits", "scale": "ratio"})


UNKNOWN = ("ratio", "Ratio of this week's admissions to last week's", "ratio", None)
OF_TESTS = ("pct positive", "Percentage of tests that are positive", "percent", 100)
BARE = ("level", "Level of illness", "percent", 100)


@pytest.mark.parametrize("target", [UNKNOWN, OF_TESTS, BARE])
def test_a_unit_that_is_not_known_is_refused_by_name(tmp_path, target):
    with pytest.raises(EpyflowError, match=rf"{target[0]!r} in tasks.json is {target[2]!r} \("):
        destination_of(tmp_path, target, {})


def test_the_experiment_says_what_the_hub_leaves_open(tmp_path):
    found = destination_of(tmp_path, BARE, {}, unit="percent of the population")

    assert [str(each.target) for each in found.units] == ["percent of the population"]


def test_the_experiment_does_not_contradict_the_hub(tmp_path):
    with pytest.raises(EpyflowError, match=r"but is a proportion of visits in tasks\.json"):
        destination_of(tmp_path, FLU_VISITS, {}, unit="count")


def test_classes_of_changes_are_made_from_counts(tmp_path):
    """FluSight's thresholds are rates, which its rule computes from counts and its populations."""
    hub = write_hub(
        tmp_path, ("wk flu hosp rate change", "rate change", "rate per 100,000 population", None)
    )
    file = hub / "hub-config" / "tasks.json"
    document = json.loads(file.read_text())
    document["rounds"][0]["model_tasks"][0]["output_type"] = {
        "pmf": {
            "output_type_id": {"required": CLASSES},
            "is_required": True,
            "value": {"type": "double", "minimum": 0, "maximum": 1},
        }
    }
    file.write_text(json.dumps(document))
    experiment = write_experiment(
        tmp_path, "wk flu hosp rate change", {"unit": "rate per 100,000 population"}
    )

    given = {"experiment": "ed", "experiments_root": str(tmp_path), "hub": str(hub)}
    (found,) = choose_destination(experiment, Settings(**given)).units

    assert (str(found.source), str(found.target)) == ("rate per 100,000 population", "count")


def test_a_percentage_that_is_called_a_proportion_is_refused(tmp_path):
    """The observed values are 2 to 5."""
    experiment = write_experiment(
        tmp_path, FLU_VISITS[0], {"unit": "proportion of visits", "scale": "ratio"}
    )
    store = write_populations(tmp_path)
    build = Build(experiment, plan(experiment, 1), store, None, 3, "epydemix", "0123456789ab")

    assert build.write({0: tmp_path / "input.pkl"}) == {0}

    cause = pickling.read_input(tmp_path / "input.pkl").cause
    assert "value: 5 for Massachusetts is no proportion of visits; expected at most 1" in cause
