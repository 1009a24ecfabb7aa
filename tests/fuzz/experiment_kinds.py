"""Experiments, settings and expressions: valid files, and who reads them."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from epyflow.errors import EpyflowError
from epyflow.experiment.format import expressions
from epyflow.experiment.load import inspect
from epyflow.experiment.reading.experiment_files import locate
from epyflow.operations.cost.prices import read_prices
from epyflow.operations.cost.profile import read_profile
from epyflow.operations.setup.layers import merge_layers, read_layers
from epyflow.operations.slurm.site import read_slurm_site
from tests.fuzz.kind import Files, Kind, Texts, seed
from tests.fuzz.mutations import mutate_bytes, mutate_tree

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "config" / "experiments" / "example" / "config"


def _experiment() -> Sequence[tuple[str, Any]]:
    return [
        (f"experiments/a/config/{name}", yaml.safe_load(text)) for name, text in examples().items()
    ]


@cache
def examples() -> Files:
    return {path.name: path.read_bytes() for path in sorted(EXAMPLE.iterdir())}


def _experiment_files() -> Files:
    return {f"experiments/a/config/{name}": data for name, data in examples().items()}


def _read_experiment(path: Path) -> Texts:
    files = locate("a", path.parents[3])
    _, problems = inspect(files, populations=("United_States_Massachusetts",))
    for problem in problems:
        assert problem.place, problem
        yield str(problem)


def _settings() -> Sequence[tuple[str, Any]]:
    more = {"reference_dates": ["2024-11-02"], "notify_email": ["a@b.org"], "n_sims": 10, "seed": 3}
    return [("config.yaml", yaml.safe_load((ROOT / "config" / "config.yaml").read_bytes()) | more)]


def _read_settings(path: Path) -> Texts:
    layers = read_layers((path,), (), base=path.with_name("none.yaml"), environment={})
    try:
        merge_layers(layers)
    except EpyflowError as error:  # its lines name keys, of which the files are known
        yield str(error)


def _site() -> Sequence[tuple[str, Any]]:
    profile = yaml.safe_load((ROOT / "profiles" / "gcp" / "config.yaml").read_bytes())
    profile["set-resources"] = dict(list(profile["set-resources"].items())[:2])
    prices = yaml.safe_load((ROOT / "src/epyflow/operations/cost/prices.yaml").read_bytes())
    return [
        ("slurm.yaml", {"partition": "short"}),
        ("profile.yaml", profile),
        ("prices.yaml", prices),
    ]


def _read_site(path: Path) -> Texts:
    {"slurm": read_slurm_site, "profile": read_profile, "prices": read_prices}[path.stem](path)
    return ()


def _read_expression(path: Path) -> Texts:
    text = path.read_bytes().decode("utf-8", "replace")
    try:
        expression = expressions.parse(text)
        expression.compute(dict.fromkeys(expression.names, np.array([0.5, 2.0])))
    except EpyflowError as error:
        yield str(error)


KINDS = (
    Kind(
        "experiments",
        _experiment,
        mutate_tree,
        _read_experiment,
        (EpyflowError,),
        _experiment_files,
        weight=1,
    ),
    Kind(
        "experiments as text",
        lambda: [(f"experiments/a/config/{name}", data) for name, data in examples().items()],
        mutate_bytes,
        _read_experiment,
        (EpyflowError,),
        _experiment_files,
        weight=1,
    ),
    Kind("settings", _settings, mutate_tree, _read_settings, weight=4),
    Kind("sites, profiles and prices", _site, mutate_tree, _read_site, weight=1),
    Kind(
        "expressions", seed("e", b"beta*(1-VE)**2 + exp(-mu/2.5)"), mutate_bytes, _read_expression
    ),
)
