"""Every job is a process of its own, so a job should import only the libraries that it uses.

Each of these libraries takes as long to import as all of epyflow.
"""

import subprocess
import sys

import pytest

from tests.unit.test_repository import ROOT

SLOW = (
    "epydemix",
    "holidays",
    "matplotlib",
    "matplotlib.pyplot",
    "numba",
    "pandas",
    "scipy.special",
    "scipy.stats",
)


def imported_by(code):
    """Name the slow libraries that a new process has imported after running ``code``."""
    ask = f"import sys\n{code}\nprint(*[name for name in {SLOW!r} if name in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", ask], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return set(answer.stdout.split())


def test_snakemake_imports_no_library_of_google_with_our_plugins_but_that_of_storage():
    code = """
import snakemake_executor_plugin_googlebatch_array
import snakemake_logger_plugin_live
assert not {"google.api_core", "grpc", "requests"} & set(sys.modules), "imported at each start"
import snakemake_storage_plugin_gcs_indexed
assert not {"google.cloud.batch_v1", "google.cloud.logging", "google.cloud.secretmanager"} & set(
    sys.modules
), "imported at each start"
"""

    assert imported_by(code) == set()


def test_parameters_of_rules_are_compared_without_pandas_unless_they_may_be_tables():
    code = """
from snakemake.persistence import PersistenceBase
from epyflow.run.snakemake_costs import compare_without_pandas
compare_without_pandas()
assert PersistenceBase._serialize_param_pandas(None, [1]) == "[1]"
"""
    table = """
import pandas
hashes = pandas.util.hash_pandas_object(pandas.Series([1])).tolist()
assert PersistenceBase._serialize_param_pandas(None, pandas.Series([1])) == repr(hashes)
"""

    assert imported_by(code) == set()
    assert imported_by(code + table) == {"pandas"}


@pytest.mark.parametrize(
    ("module", "needed"),
    [
        # The process that a person started: the plan, the rules and the report's front page.
        ("epyflow.run.planner", ()),
        ("epyflow.report.contents", ()),
        ("epyflow.report.front_page", ()),
        # Jobs.
        ("epyflow.run.input_build", ()),
        ("epyflow.run.task_execution", ()),  # of confirm_complete and the metadata
        ("epyflow.engine", ()),  # the names of the engines are known without them
        ("epyflow.strategies", ()),
        ("epyflow.tables", ("pandas",)),
        ("epyflow.submission.submission_output", ("pandas",)),
        ("epyflow.report.run_figures", ("matplotlib", "pandas")),
    ],
)
def test_importing_a_stage_imports_nothing_slow_that_it_may_not_need(module, needed):
    assert imported_by(f"import {module}") <= set(needed)


def test_checking_an_experiment_asks_neither_scipy_nor_pandas():
    code = """
from pathlib import Path
from epyflow.experiment.format.model import Simulation
from epyflow.experiment.format.distributions import ScipyDistribution
from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
load(locate("example", Path("config")), None, ())
Simulation(resample_frequency="W-SAT")
ScipyDistribution(type="scipy", name="uniform", args=[1, 1])
ScipyDistribution(type="scipy", name="randint", args=[0, 30])
ScipyDistribution(type="scipy", name="loguniform", args=[0.4, 2.5])
"""

    assert imported_by(code) == set()


def test_usual_priors_and_poisson_reports_do_without_the_distributions_of_scipy():
    code = """
import numpy as np
from epyflow.experiment.format.distributions import ScipyDistribution
from epyflow.strategies.ensemble import report
from epyflow.strategies.particle_simulator import _prior
for name in ("uniform", "loguniform", "randint"):
    _prior(ScipyDistribution(type="scipy", name=name, args=[1, 2])).draw(np.random.default_rng(1))
report(np.ones(1), 0, np.array([0.5]))
"""

    assert imported_by(code) == {"scipy.special"}


def test_quantiles_are_scored_without_compiling():
    code = """
import numpy as np
from forecast_hub.scoring.quantiles import compute_interval_scores
compute_interval_scores(np.ones(1), np.ones((1, 3)), [0.25, 0.5, 0.75])
"""

    assert imported_by(code) == {"pandas"}


def test_observations_are_checked_without_pandas(tmp_path):
    path = tmp_path / "observations.csv"
    path.write_text("location,date,value\nUS,2025-01-04,1\nUS,2025-01-11,2\n")
    code = f"""
from datetime import date
from pathlib import Path
from epyflow.data.observations import Column, read_observations
from epyflow.experiment.checks import observed_data
window = date(2025, 1, 1), date(2025, 1, 31)
read_observations(Path({str(path)!r}), ["US"], None, [Column("value", "date")], window)
"""

    assert imported_by(code) == set()


def test_loading_the_compiled_engine_imports_no_linear_algebra_and_leaves_it_usable():
    code = """
from epyflow.engine import compile_cache
compile_cache.load()
assert "scipy.linalg" not in sys.modules
from scipy import linalg
assert linalg.det([[2.0]]) == 2
"""

    assert imported_by(code) == {"numba"}
