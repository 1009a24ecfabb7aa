"""Prove that an experiment with a change is still valid.

The experiment that was read must be the one that was written: every value as it stands in YAML,
every key that YAML leaves out at the default that the format's description documents, every name
defined, every number in the range documented. The tables below are written from the description
of the format, not from the models.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

import yaml

from epyflow.experiment.experiment import Experiment
from tests.unit.experiment.samples import Sections

FLUSIGHT = [0.01, 0.025, *(round(0.05 * i, 2) for i in range(1, 20)), 0.975, 0.99]

FREE_TEXT = ("description", "author", "version", "date", "id")
"""Keys of meta, whose values are text as it is written: .nan and 1.10 too."""

# Key -> the values that it may have where it is left out.
DEFAULTS: dict[str, list[Any]] = {
    **{key: [None] for key in ("meta", "description", "author", "version", "date", "id")},
    "name": [None],
    "random_seed": [None],
    "delta_t": [1.0],
    "simulation": [{"n_sims": 10, "resample_frequency": None}],
    "n_sims": [10],
    "resample_frequency": [None],
    "label": [None],
    "labels": [{}],
    "init": [None],
    "parameters": [{}, []],
    "vaccination": [None],
    "seasonality": [None],
    "seasonality_min_date": [None],
    "interventions": [[]],
    "scaling_factor": [None],
    "override_value": [None],
    "scenario_data_path": [None],
    "scenario": [None],
    "scenarios": [[]],
    "vaccination_scenario": [None],
    "preprocessed_vaccination_data_path": [None],
    "population_names": [None],
    "exclude": [[]],
    "sampling": [None],
    "calibration": [None],
    "n_samples": [None],
    "compartments": [{}, [], False],
    "transitions": [False],
    "values": [None],
    "distribution": [None],
    "prior": [None],  # of a start date, which has one of two spellings
    "start_date": [None],
    "args": [[]],
    "kwargs": [{}],
    "options": None,  # the defaults of each option, below
    "num_particles": [1000],
    "num_generations": [10],
    "epsilon_schedule": [None],
    "epsilon_quantile_level": [0.5],
    "minimum_epsilon": [None],
    "max_time": [None],
    "total_simulations_budget": [None],
    "perturbations": [None],
    "verbose": [True],
    "epsilon": [0.1],
    "progress_update_interval": [1000],
    "top_fraction": [0.05],
    "Nsim": [100],
    "distance_function": ["rmse"],
    "observed_location_column": [None],
    "observed_data_vintage": [None],
    "observed_as_of_column": [None],
    "observed_rows": [None],
    "hub_format": [None],
    "targets": [[]],
    "task_ids": [{}],
    "output_types": [[]],
    "horizon_0_days": [None],
    "scenario_ids": [{}],
    "weight": [1.0],
    "unit": ["count", None],
    "scale": [None],
    "observed_visits_column": [None],
    "projection": [None],
    "generation_number": [None],
    "observation_model": [None],
    "discrepancy": [None],
    "default_sd": [None],
    "start": [1.0],
    "model_growth": [1.0],
    "residual_growth": [0.0],
    "selections": [FLUSIGHT],
    "quantiles": [None],
    "trajectories": [None],
    "posteriors": [False],
    "model_meta": [None],
    "projection_parameters": [None],
    "flusight_format": [None],
    "covid19_format": [None],
    "flusmh_format": [None],
    "rate_trends": [None],
    "type": ["scipy"],  # of a distribution
    "tabular_output_types": [[]],
    "figure_output_types": [[]],
    "reference_date": [None],
}

# Key -> smallest and largest value; those of lists hold for their items.
RANGES: dict[str, tuple[float, float]] = {
    "random_seed": (0, 2**63 - 1),
    "delta_t": (0.001, 366),
    "n_sims": (1, 1e7),
    "n_samples": (1, 1e7),
    "init": (0, math.inf),
    "scaling_factor": (0, math.inf),
    "max_value": (math.ulp(0), math.inf),
    "min_value": (0, math.inf),
    "min": (0, math.inf),
    "max": (0, math.inf),
    "selections": (0, 1),
    "num_particles": (1, 1e7),
    "num_generations": (1, 1000),
    "epsilon_schedule": (math.ulp(0), math.inf),
    "epsilon_quantile_level": (math.ulp(0), 1),
    "minimum_epsilon": (math.ulp(0), math.inf),
    "epsilon": (math.ulp(0), math.inf),
    "total_simulations_budget": (1, 1e7),
    "progress_update_interval": (1, 1e7),
    "top_fraction": (math.ulp(0), 1),
    "Nsim": (1, 1e7),
    "weight": (math.ulp(0), math.inf),
    "n_trajectories": (1, 1e7),
    "generation_number": (0, 1e7),
    "generations": (0, 1e7),
    "dispersion": (0, 10),
    "sd": (0, 10),
    "default_sd": (0, 10),
    "start": (0, 1),
    "model_growth": (0, 1),
    "residual_growth": (0, 1),
}


def faults(written: Sections, experiment: Experiment) -> list[str]:
    """Say what keeps an experiment that was accepted from being provably valid."""
    read = {
        "model": experiment.model.model_dump(mode="json"),
        "output": experiment.output.model_dump(mode="json"),
    }
    if experiment.modelset is not None:
        read["modelset"] = experiment.modelset.model_dump(mode="json")
    found = [f"{role} was not read" for role in written if role not in read]
    for role in set(written) & set(read):
        found += _unlike(written[role], read[role], role)
        found += _out_of_range(read[role], role)
    return found + list(_undefined(read))


def _unlike(written: Any, read: Any, key: str) -> Iterator[str]:
    if isinstance(written, dict):
        if read is None and key in ("quantiles", "trajectories") and not _selects(written):
            return  # with a warning
        if key == "posteriors" and written == {"generations": None}:
            assert read is True  # all generations
            return
        if not isinstance(read, dict):
            yield f"{key}: a mapping was read as {read!r}"
            return
        given = {name: value for name, value in written.items() if value is not None}
        for name, value in given.items():
            if name not in read:
                yield f"{name} was lost"
            else:
                yield from _unlike(value, read[name], name)
        for name in set(read) - set(given):
            if not _is_default(name, read[name]):
                yield f"{name} was left out and became {read[name]!r}"
    elif isinstance(written, list) and isinstance(read, list):
        if len(written) != len(read):
            yield f"{key}: {len(written)} entries became {len(read)}"
        for one, other in zip(written, read, strict=False):
            yield from _unlike(one, other, key)
    elif not _same(written, read, key):
        yield f"{key}: {written!r} was read as {read!r}"


def _selects(written: Any) -> bool:
    return any(written.get(kind) for kind in ("compartments", "transitions"))


def _is_default(name: str, value: Any) -> bool:
    defaults = DEFAULTS.get(name, [])
    if defaults is None:
        return all(_is_default(inner, each) for inner, each in value.items())
    return any(value == default and type(value) is type(default) for default in defaults)


def _same(written: Any, read: Any, key: str) -> bool:
    if key in FREE_TEXT and isinstance(read, str):
        return read == yaml.safe_dump(written).split("\n")[0].strip("'\"")
    if isinstance(written, bool) or isinstance(read, bool):
        return written is read
    if key == "population_names" and isinstance(read, list):
        return read == [written]
    if key in ("name", "strategy") and isinstance(written, str):
        return written.casefold() == str(read).casefold()
    if isinstance(written, str) and isinstance(read, float):
        above, _, below = written.partition("/")
        return float(above) / float(below or 1) == read
    return bool(str(written) == read or (written == read and isinstance(written, int | float)))


def _out_of_range(read: Any, key: str) -> Iterator[str]:
    if isinstance(read, dict):
        for name, value in read.items():
            yield from _out_of_range(value, name)
    elif isinstance(read, list):
        for value in read:
            yield from _out_of_range(value, key)
    elif isinstance(read, int | float) and not isinstance(read, bool):
        low, high = RANGES.get(key, (-math.inf, math.inf))
        if not (low <= read <= high and math.isfinite(read)):
            yield f"{key}: {read} is out of range"


def _undefined(read: Sections) -> Iterator[str]:
    model, modelset = read["model"], read.get("modelset") or {}
    groups = [*model["population"]["age_groups"], "total"]
    ids = [compartment["id"] for compartment in model["compartments"]]
    flows = [f"{each['source']}_to_{each['target']}" for each in model["transitions"]]
    series = {f"{name}_{group}" for name in (*ids, *flows) for group in groups}
    given = modelset.get("sampling") or modelset.get("calibration") or {}
    names = {
        "compartment": (set(ids), _compartments_named(model, given)),
        "parameter": (
            {*model["parameters"], "eigenvalue", *_functions()},
            _parameters_named(model, given),
        ),
        "series": (series, _series_named(given, read["output"])),
    }
    if len(set(ids)) < len(ids):
        yield "a compartment is defined twice"
    for kind, (defined, used) in names.items():
        for name in used - defined:
            yield f"{kind} {name!r} is not defined"


def _functions() -> list[str]:
    return ["exp", "log", "sqrt", "sin", "cos", "minimum", "maximum", "abs"]


def _compartments_named(model: Any, given: Any) -> set[str]:
    named = {each[end] for each in model["transitions"] for end in ("source", "target")}
    named |= {each["mediator"] for each in model["transitions"] if "mediator" in each}
    for each in model["transitions"]:
        for term in each.get("mediators", []):
            named |= set(term["source"])
    doses = model["vaccination"]
    named |= {doses["origin_compartment"], *doses["eligible_compartments"]} if doses else set()
    return named | set(given.get("compartments", {}))


def _parameters_named(model: Any, given: Any) -> set[str]:
    texts = [each.get("rate") for each in model["transitions"]]
    texts += [t["rate"] for each in model["transitions"] for t in each.get("mediators", [])]
    texts += [p["value"] for p in model["parameters"].values() if p["type"] == "calculated"]
    words = {word for text in texts for word in re.findall(r"(?<![\w.])[A-Za-z_]\w*", str(text))}
    words.discard("None")
    season = model["seasonality"]
    words |= {season["target_parameter"]} if season else set()
    acting = [each for each in model["interventions"] if each["type"] == "parameter"]
    words |= {each["target_parameter"] for each in acting}
    return words | set(given.get("parameters", {}))


def _series_named(given: Any, output: Any) -> set[str]:
    named = {name for each in given.get("comparison", []) for name in each["simulation"]}
    for section in (output["quantiles"], output["trajectories"]):
        for kind in ("compartments", "transitions"):
            selected = section[kind] if section else False
            named |= set(selected) if isinstance(selected, list) else set()
    return named
