"""From an experiment to a submission that each real hub accepts, in its unit and its weeks.

The configurations are small copies of the hubs' own; their README names the repositories.
"""

import json
import shutil
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from epyflow.artifacts import pickling
from epyflow.artifacts.task import PackedArray
from epyflow.errors import EpyflowError
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.population.store import PopulationStore
from epyflow.run.hub_choice import choose_destination
from epyflow.run.settings import Settings
from epyflow.submission.brief_writer import write_brief
from epyflow.submission.result_rows import make_rows
from epyflow.submission.submission_output import check_submission, write_submission
from forecast_hub.checks.validation import validate
from tests.unit import factories

HUBS = Path(__file__).parents[3] / "packages" / "forecast-hub" / "tests" / "hubs"
AGES = ("0-17", "18+")
PERSONS = 15_000
VISITS = 3000
"""All visits of every week. With 30 persons, 60, 90, ... in weeks 1, 2, 3, ... the count of week n
is 30 n, the proportion of visits 0.01 n, the percentage n, and the rate per 100,000 is 200 n."""


@dataclass(frozen=True)
class Case:
    """A target of a hub; its round, and the end of the week of each horizon from ``first`` on.

    ``per_week`` is the value of week 1 in the hub's unit, and week 1 that of the first horizon.
    """

    hub: str
    target: str
    population: str
    code: str
    day: str
    ends: tuple[str, ...]
    first: int
    per_week: float
    samples: int = 0
    format: str = "csv"
    table: str = ""
    """Name of the population's table, which lists the code in its column ``locations``."""

    @property
    def counts_visits(self):
        return "visits" in self.target


# The reference date 2026-01-10 is a Saturday, and the end of horizon 0.
US = ("2026-01-10", ("2026-01-03", "2026-01-10", "2026-01-17", "2026-01-24", "2026-01-31"), -1)
METRO = (US[0], US[1][1:], 0)
# The origin date 2026-03-04 is a Wednesday; the Sunday before it is the end of horizon 1.
EUROPE = (
    "2026-03-04",
    ("2026-02-15", "2026-02-22", "2026-03-01", "2026-03-08", "2026-03-15", "2026-03-22"),
    -1,
)
STATE = ("US-MA", "25")
FLUSIGHT, COVID, RSV = "FluSight-forecast-hub", "covid19-forecast-hub", "rsv-forecast-hub"
METROCAST, SYNDROMES = "flu-metrocast", "RespiCast-SyndromicIndicators"
CASES = [
    Case(FLUSIGHT, "wk inc flu hosp", *STATE, *US, 30, 100),
    Case(FLUSIGHT, "wk inc flu prop ed visits", *STATE, *US, 0.01, 100),
    Case(COVID, "wk inc covid hosp", *STATE, *US, 30, 200),
    Case(COVID, "wk inc covid prop ed visits", *STATE, *US, 0.01, 200),
    Case(RSV, "wk inc rsv hosp", *STATE, *US, 30, 200),
    Case(RSV, "wk inc rsv prop ed visits", *STATE, *US, 0.01, 200),
    Case(METROCAST, "Flu ED visits pct", "denver", "denver", *METRO, 1),
    Case(METROCAST, "ILI ED visits pct", "nyc", "nyc", *METRO, 1, table="New_York_NY"),
    Case(SYNDROMES, "ILI incidence", "Eire", "IE", *EUROPE, 200, table="Eire"),
    Case("RespiCast-Covid19", "hospital admissions", "GB-SCT", "GB-SCT", *EUROPE, 30),
]
named = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.hub}: {case.target}")
SHARES = [case for case in CASES if case.counts_visits]
WITH_RULE = (FLUSIGHT, METROCAST)
"""Hubs whose validations.yml has a check of the weeks."""


def write_populations(root, case):
    name, code = case.table or case.population, case.code if case.table else ""
    sizes = [f"{name},{age},{n},{code}" for age, n in zip(AGES, (5000, 10_000), strict=True)]
    contacts = [f"{name},home,{a},{b},8" for a in AGES for b in AGES]
    folder = root / "populations"
    folder.mkdir()
    lines = ["population,age_group,persons,locations", *sizes, ""]
    (folder / "population.csv").write_text("\n".join(lines))
    header = "population,layer,age_group,contact_age_group,contacts_per_day"
    (folder / "contacts.csv").write_text("\n".join([header, *contacts, ""]))
    return PopulationStore.open(folder, remote=False)


def write_experiment(root, case, store, changes=None, **written):
    """Write an experiment that compares the weeks of the first two horizons."""
    first = date.fromisoformat(case.ends[0])
    weekday = "W-SAT" if first.isoweekday() == 6 else "W-SUN"
    visits = {"observed_visits_column": "visits", "scale": 0.5} if case.counts_visits else {}
    model = {
        "timespan": {"start_date": "2025-06-01", "end_date": case.ends[-1]},
        "simulation": {"n_sims": 1, "resample_frequency": weekday},
        "population": {"age_groups": list(AGES)},
        "compartments": [{"id": "S", "init": "default"}, {"id": "I", "init": 500}],
        "transitions": [
            {"type": "mediated", "source": "S", "target": "I", "mediator": "I", "rate": "beta"}
        ],
        "parameters": {"beta": {"type": "calibrated"}},
    }
    calibration = {
        "strategy": {"name": "SMC"},
        "observed_data_path": "observed.csv",
        "comparison": [
            {
                "observed_value_column": "value",
                "observed_date_column": "date",
                "simulation": ["S_to_I_total"],
                **visits,
            }
        ],
        "fitting_window": {"start_date": case.ends[0], "end_date": case.ends[1]},
        "parameters": {"beta": {"prior": {"type": "scipy", "name": "uniform", "args": [0, 1]}}},
        "projection": {"n_trajectories": max(case.samples, 4)},
    }
    target = {"target": case.target} | written
    sections = {
        "model": model,
        "modelset": {"population_names": [case.population], "calibration": calibration},
        "output": {"hub_format": {"reference_date": case.day, "targets": [target]}},
    }
    folder = root / "experiments" / "own" / "config"
    folder.mkdir(parents=True)
    for role, section in sections.items():
        (folder / f"{role}.yaml").write_text(yaml.safe_dump({role: section}))
    rows = [f"{case.code},{end},{30 * n},{VISITS}" for n, end in enumerate(case.ends[:2], 1)]
    (folder / "observed.csv").write_text("\n".join(["location,date,value,visits", *rows, ""]))
    return load(locate("own", root), None, store.known(), changes)


def plan(root, case, changes=None, **written):
    store = write_populations(root, case)
    shutil.copytree(HUBS / case.hub, root / "hub")
    experiment = write_experiment(root, case, store, changes, **written)
    given = {"experiment": "own", "experiments_root": str(root), "hub": str(root / "hub")}
    settings = Settings(**given, hub_file_format=case.format)
    return experiment, choose_destination(experiment, settings), store


def made_result(case, place):
    """Give as many trajectories as the hub takes samples, a week more before and one after."""
    ends = pd.DatetimeIndex(case.ends).date
    week = ends[1] - ends[0]
    dates = (ends[0] - week, *ends, ends[-1] + week)
    moves = np.zeros((max(case.samples, 4), len(dates), 1, len(AGES)))
    moves[..., 0] = 10 * np.arange(len(dates))[:, np.newaxis]
    moves[..., 1] = 20 * np.arange(len(dates))[:, np.newaxis]
    member = factories.member_result(compartments=np.ones((*moves.shape[:2], 2, 2)))
    member = replace(member, dates=dates, transitions=PackedArray.pack(moves.astype(np.int64)))
    if case.counts_visits:
        reported = PackedArray.pack(moves.sum(axis=-1, keepdims=True))
        member = replace(member, reported=reported)
    return factories.calibration([member], population=place.name, location=place.iso)


def submit(root, case):
    """Return the rows of a submission and the findings of a run."""
    experiment, destination, store = plan(root, case)
    result = made_result(case, experiment.populations[0])
    file, findings = write_files(root, experiment, destination, store, result)
    return pd.read_csv(file, dtype=str, keep_default_na=False), findings


def write_files(root, experiment, destination, store, result):
    """Return the submission and the findings of a run."""
    pickling.write(result, root / "result.pkl")
    brief, table, left_out = root / "hub.json", root / "table.csv.gz", root / "left_out.json"
    write_brief(experiment, destination, store, brief)
    make_rows([root / "result.pkl"], brief, table, left_out)
    assert json.loads(left_out.read_text()) == []
    write_submission(table, brief, root / destination.file)
    check_submission(root / destination.file, brief, left_out, root / "findings.json")
    return root / destination.file, json.loads((root / "findings.json").read_text())


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case.hub}: {case.target}")
def submitted(request, tmp_path_factory):
    """Return a case, its folder, the rows of its submission and the findings."""
    root = tmp_path_factory.mktemp("submitted")
    return request.param, root, *submit(root, request.param)


def check(submitted, rows):
    """Return the checks of the hub that find errors and warnings in changed rows."""
    case, root = submitted[:2]
    file = root / f"{case.day}-team-model.csv"
    rows.to_csv(file, index=False)
    found = validate(file, root / "hub").findings
    return [{each.check for each in found if each.severity == s} for s in ("error", "warning")]


def refuse(submitted, rows):
    errors, _ = check(submitted, rows)
    return errors


def test_a_submission_has_the_unit_and_the_weeks_of_the_hub(submitted):
    case, _, rows, findings = submitted

    assert findings["accepted"], findings["messages"]
    assert not [each for each in findings["messages"] if each.startswith("warning")]
    assert refuse(submitted, rows) == set()
    assert set(rows["location"]) == {case.code}
    horizons = range(case.first, case.first + len(case.ends))
    for n, (horizon, end) in enumerate(zip(horizons, case.ends, strict=True), 1):
        there = rows[rows["horizon"] == str(horizon)]
        assert set(there["target_end_date"]) == {end}
        assert there["value"].astype(float).tolist() == pytest.approx(
            [case.per_week * n] * len(there)
        )
        samples = there[there["output_type"] == "sample"]
        assert len(samples) == samples["output_type_id"].nunique() == case.samples


def test_values_in_another_unit_are_refused(submitted):
    """Persons for shares, and more persons than there are where a hub checks it.

    An incidence above 100,000 per 100,000 persons is a warning.
    """
    case, _, rows, _ = submitted
    factor = 30 / case.per_week if case.counts_visits else 1_000_000
    values = (rows["value"].astype(float) * factor).astype(str)

    errors, warnings = check(submitted, rows.assign(value=values))

    in_shares = {"value_col_valid"} if case.counts_visits else set()
    assert errors == ({"counts_lt_popn"} if case == CASES[0] else in_shares)
    assert ("value_col_valid" in warnings) == ("incidence" in case.target)


def test_a_file_that_is_a_week_off_is_refused(submitted):
    case, _, rows, _ = submitted
    on_time = rows[rows["horizon"] != rows["horizon"].max()]
    week = pd.Timedelta(days=7)
    late = pd.to_datetime(on_time["target_end_date"]) + week

    found = refuse(submitted, on_time.assign(target_end_date=late.dt.strftime("%Y-%m-%d")))

    assert ("horizon_timediff" if case.hub in WITH_RULE else "horizon_dates") in found


def test_a_target_that_the_hub_does_not_have_is_refused(submitted):
    _, _, rows, _ = submitted

    assert "valid_vals" in refuse(submitted, rows.assign(target="wk inc flu deaths"))


def test_too_few_samples_are_refused(submitted):
    case, _, rows, _ = submitted
    samples = rows[rows["output_type"] == "sample"]
    last = samples["output_type_id"].iloc[-1:]
    fewer = rows[~((rows["output_type"] == "sample") & rows["output_type_id"].isin(last))]

    assert refuse(submitted, fewer) == ({"spl_n"} if case.samples else set())


@named
def test_an_unknown_target_is_refused_when_the_run_is_planned(tmp_path, case):
    with pytest.raises(EpyflowError, match=r"hub_format\.targets: .* has no target 'wk inc cold"):
        plan(tmp_path, case, target="wk inc cold")


@named
def test_another_unit_than_the_hubs_is_refused_when_the_run_is_planned(tmp_path, case):
    with pytest.raises(EpyflowError, match=f"{case.target!r} has unit: rate per 1,000,000"):
        plan(tmp_path, case, unit="rate per 1,000,000 population")


@pytest.mark.parametrize("case", SHARES, ids=lambda case: f"{case.hub}: {case.target}")
def test_persons_are_refused_for_shares_when_the_run_is_planned(tmp_path, case):
    with pytest.raises(EpyflowError, match=f"{case.target!r} is a .* of visits in the hub, and"):
        plan(tmp_path, case, simulation=["S_to_I_18+"])
