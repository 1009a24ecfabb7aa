"""Small experiments that between them use every key of the format, and how to load them."""

import gzip
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from epyflow.experiment.experiment import Experiment
from epyflow.experiment.load import inspect
from epyflow.experiment.reading.experiment_files import locate
from epyflow.experiment.reading.problems import Problem

Sections = dict[str, Any]

SIR: Sections = {
    "model": {
        "meta": {
            "description": "SIR in Massachusetts",
            "author": "someone",
            "version": 1,
            "date": "2024-09-30",
            "id": "sir",
        },
        "name": "sir_ma",
        "random_seed": 7,
        "timespan": {"start_date": "2024-10-01", "end_date": "2025-03-31", "delta_t": 0.5},
        "simulation": {"n_sims": 4, "resample_frequency": "W-SAT"},
        "population": {"name": "US-MA", "age_groups": ["0-17", "18-64", "65+"]},
        "compartments": [
            {"id": "S", "label": "Susceptible", "init": "default"},
            {"id": "I", "label": "Infectious", "init": 200},
            {"id": "R", "label": "Recovered", "init": [0.1, 0.2, "1/4"]},
        ],
        "transitions": [
            {"type": "mediated", "source": "S", "target": "I", "mediator": "I", "rate": "beta*phi"},
            {"type": "spontaneous", "source": "I", "target": "R", "rate": "mu"},
        ],
        "parameters": {
            "R0": {"type": "scalar", "value": 1.8},
            "mu": {"type": "scalar", "value": "1/2.5"},
            "phi": {"type": "age_varying", "values": [0.5, 1, "1/2"]},
            "beta": {"type": "calculated", "value": "R0*mu/eigenvalue"},
        },
        "interventions": [
            {
                "type": "parameter",
                "target_parameter": "beta",
                "scaling_factor": 0.9,
                "start_date": "2025-01-01",
                "end_date": "2025-01-31",
            },
            {
                "type": "parameter",
                "target_parameter": "mu",
                "override_value": 0.5,
                "start_date": "2025-02-01",
                "end_date": "2025-02-28",
            },
            {
                "type": "contact_matrix",
                "contact_matrix_layer": "work",
                "scaling_factor": 0,
                "start_date": "2024-12-23",
                "end_date": "2025-01-03",
            },
            {"type": "school_closure", "scaling_factor": 0.35},
        ],
    },
    "output": {
        "meta": {"description": "all of it"},
        "quantiles": {
            "selections": [0.25, 0.5, 0.75],
            "compartments": True,
            "transitions": ["S_to_I_total", "I_to_R_65+"],
        },
        "trajectories": {"compartments": ["I_total"], "transitions": True},
        "model_meta": {"projection_parameters": False},
    },
}
"""A basemodel and an output file."""

SAMPLING: Sections = {
    "model": {
        "random_seed": 42,
        "timespan": {"start_date": "sampled", "end_date": "2025-05-31"},
        "population": {"age_groups": ["0-64", "65+"]},
        "compartments": [
            {"id": "S", "init": "default"},
            {"id": "E", "init": 20},
            {"id": "I", "init": "sampled"},
            {"id": "A", "init": "sampled"},
            {"id": "R"},
        ],
        "transitions": [
            {
                "type": "multi_mediated",
                "source": "S",
                "target": "E",
                "mediators": [
                    {"rate": "beta", "source": ["I"]},
                    {"rate": "beta*0.5", "source": ["A", "R"]},
                ],
            },
            {"type": "spontaneous", "source": "E", "target": "I", "rate": "sigma*0.6"},
            {"type": "spontaneous", "source": "E", "target": "A", "rate": "sigma*0.4"},
            {"type": "spontaneous", "source": "I", "target": "R", "rate": "gamma"},
            {"type": "spontaneous", "source": "A", "target": "R", "rate": 0.5},
        ],
        "parameters": {
            "R0": {"type": "sampled"},
            "gamma": {"type": "sampled"},
            "sigma": {"type": "sampled"},
            "seasonality_min": {"type": "sampled"},
            "beta": {"type": "calculated", "value": "R0*gamma/eigenvalue"},
        },
        "seasonality": {
            "target_parameter": "beta",
            "method": "balcan",
            "seasonality_max_date": "2025-01-10",
            "seasonality_min_date": "2025-07-10",
            "max_value": 1.0,
            "min_value": 0.6,
        },
    },
    "modelset": {
        "meta": {"author": "someone"},
        "population_names": ["US-MA", "US-NY"],
        "sampling": {
            "samplers": [
                {"strategy": "grid", "parameters": ["gamma", "sigma"]},
                {
                    "strategy": "LHS",
                    "n_samples": 8,
                    "parameters": ["R0", "seasonality_min", "start_date"],
                    "compartments": ["I", "A"],
                },
            ],
            "parameters": {
                "gamma": {"values": [0.33, 0.5]},
                "sigma": {"values": ["1/3", 0.25, 0.2]},
                "R0": {
                    "distribution": {
                        "type": "scipy",
                        "name": "norm",
                        "args": [],
                        "kwargs": {"loc": 2, "scale": 0.1},
                    }
                },
                "seasonality_min": {
                    "distribution": {"type": "scipy", "name": "uniform", "args": [0.5, 0.4]}
                },
            },
            "compartments": {
                "I": {"min": 0.0001, "max": 0.001},
                "A": {"min": 0, "max": "1/1000"},
            },
            "start_date": {
                "reference_date": "2024-10-01",
                "distribution": {"type": "scipy", "name": "randint", "args": [0, 30]},
            },
        },
    },
    "output": {"quantiles": {"compartments": ["I_total", "A_65+"]}},
}
"""Grid and Latin hypercube, multi-mediated transitions, seasonality."""

CALIBRATION: Sections = {
    "model": {
        "timespan": {"start_date": "calibrated", "end_date": "2025-05-31"},
        "simulation": {"resample_frequency": "W-SAT"},
        "population": {"age_groups": ["0-64", "65+"]},
        "compartments": [
            {"id": "S", "init": "default"},
            {"id": "S_vax"},
            {"id": "I", "init": "calibrated"},
            {"id": "H"},
            {"id": "R", "init": 0.2},
        ],
        "transitions": [
            {"type": "mediated", "source": "S", "target": "I", "mediator": "I", "rate": "beta"},
            {"type": "vaccination", "source": "S", "target": "S_vax"},
            {"type": "spontaneous", "source": "I", "target": "H", "rate": "0.01*mu"},
            {"type": "spontaneous", "source": "I", "target": "R", "rate": "mu"},
        ],
        "parameters": {
            "Rt": {"type": "calibrated"},
            "mu": {"type": "calibrated"},
            "beta": {"type": "calculated", "value": "Rt*mu/eigenvalue"},
        },
        "vaccination": {
            "scenario_data_path": "common-data/coverage.csv.gz",
            "scenario": "A_B",
            "origin_compartment": "S",
            "eligible_compartments": ["S", "I"],
        },
    },
    "modelset": {
        "population_names": "all",
        "exclude": ["US", "US-AK"],
        "calibration": {
            "strategy": {
                "name": "SMC",
                "options": {
                    "num_particles": 20,
                    "num_generations": 3,
                    "epsilon_schedule": [30, 20, 10],
                    "epsilon_quantile_level": 0.4,
                    "minimum_epsilon": 0.1,
                    "max_time": "4h",
                    "total_simulations_budget": 1000,
                    "perturbations": {"Rt": "continuous", "start_date": "discrete"},
                    "verbose": False,
                },
            },
            "distance_function": "wmape",
            "observed_data_path": "common-data/admissions.csv",
            "observed_location_column": "place",
            "comparison": [
                {
                    "observed_date_column": "date",
                    "observed_value_column": "value",
                    "simulation": ["I_to_H_total"],
                    "weight": 0.5,
                }
            ],
            "fitting_window": {"start_date": "2024-10-05", "end_date": "2025-01-11"},
            "start_date": {
                "reference_date": "2024-09-01",
                "prior": {"type": "scipy", "name": "randint", "args": [0, 75]},
            },
            "parameters": {
                "Rt": {"prior": {"type": "scipy", "name": "uniform", "args": [1.0, 1.0]}},
                "mu": {"prior": {"type": "custom", "name": "my_prior"}},
            },
            "compartments": {
                "I": {"prior": {"type": "scipy", "name": "uniform", "args": [0.0001, 0.001]}}
            },
            "projection": {
                "n_trajectories": 10,
                "generation_number": 2,
                "observation_model": {
                    "type": "negative_binomial",
                    "dispersion": 0.01,
                    "discrepancy": {"sd": "estimated"},
                },
                "scenarios": [
                    {"id": "as_now"},
                    {
                        "id": "more_doses",
                        "vaccination_scenario": "C_D",
                        "interventions": [
                            {
                                "type": "parameter",
                                "target_parameter": "Rt",
                                "scaling_factor": 0.9,
                                "start_date": "2025-02-01",
                                "end_date": "2025-02-28",
                            }
                        ],
                    },
                ],
            },
        },
    },
    "output": {
        "quantiles": {"transitions": ["I_to_H_total"]},
        "posteriors": {"generations": [0, 2]},
        "flusight_format": {
            "reference_date": "2025-01-18",
            "rate_trends": {
                "observed_data_path": "common-data/admissions.csv",
                "observed_value_column": "value",
                "observed_date_column": "date",
                "observed_location_column": "place",
            },
        },
    },
}
"""Calibration with every option of SMC, vaccination, a hub file."""

REJECTION: Sections = {
    "model": {
        "timespan": {"start_date": "2024-09-01", "end_date": "2025-05-31"},
        "simulation": {"resample_frequency": "W-SAT"},
        "population": {"age_groups": ["0-64", "65+"]},
        "compartments": [{"id": "S"}, {"id": "I"}],
        "transitions": [
            {"type": "mediated", "source": "S", "target": "I", "mediator": "I", "rate": "beta"},
            {"type": "vaccination", "source": "S", "target": "I"},
        ],
        "parameters": {"beta": {"type": "calibrated"}},
        "vaccination": {
            "preprocessed_vaccination_data_path": "common-data/doses.csv",
            "origin_compartment": "S",
            "eligible_compartments": ["S"],
        },
    },
    "modelset": {
        "population_names": ["US-MA"],
        "calibration": {
            "strategy": {
                "name": "Rejection",
                "options": {
                    "epsilon": 5,
                    "num_particles": 10,
                    "max_time": "90min",
                    "total_simulations_budget": 100,
                    "verbose": True,
                    "progress_update_interval": 50,
                },
            },
            "observed_data_path": "common-data/admissions.csv",
            "observed_location_column": "place",
            "comparison": [
                {
                    "observed_date_column": "date",
                    "observed_value_column": "value",
                    "simulation": ["S_to_I_0-64", "S_to_I_65+"],
                }
            ],
            "fitting_window": {"start_date": "2024-10-05", "end_date": "2025-01-11"},
            "parameters": {"beta": {"prior": {"type": "scipy", "name": "expon"}}},
            "projection": {"n_trajectories": 10},
        },
    },
    "output": {"posteriors": True, "covid19_format": {"reference_date": "2025-01-18"}},
}
"""Rejection, doses per day, no initial conditions."""

TOP_FRACTION = deepcopy(REJECTION)
TOP_FRACTION["modelset"]["calibration"]["strategy"] = {
    "name": "top_fraction",
    "options": {"top_fraction": 0.1, "Nsim": 50, "verbose": False},
}
TOP_FRACTION["output"] = {"flusmh_format": {"reference_date": "2025-01-18"}}

ALL: Mapping[str, Sections] = {
    "sir": SIR,
    "sampling": SAMPLING,
    "calibration": CALIBRATION,
    "rejection": REJECTION,
    "top_fraction": TOP_FRACTION,
}

_FILES = {"model": "basemodel.yaml", "modelset": "modelset.yaml", "output": "output.yaml"}

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # the first is faster

_FUNCTIONS = """
def my_prior():
    from scipy.stats import uniform

    return uniform(0.2, 0.3)
"""


ADMISSIONS = "place,date,value\n" + "".join(f"{code:02},2025-01-11,3\n" for code in range(57))
"""One observation of each of the states, by their codes."""


def write_data(root: Path) -> None:
    """Write the data files and functions that the samples name."""
    data = root / "common-data"
    data.mkdir(parents=True)
    (data / "admissions.csv").write_text(ADMISSIONS, encoding="utf-8")
    (data / "doses.csv").write_text("dates,location,0-64,65+\n", encoding="utf-8")
    with gzip.open(data / "coverage.csv.gz", "wt", encoding="utf-8") as file:
        file.write("Geography,Age,Population,Week_Ending_Sat,flu.sc_A_B,flu.sc_C_D\n")
    functions = root / "experiments" / "sample" / "functions"
    functions.mkdir(parents=True)
    (functions / "mine.py").write_text(_FUNCTIONS, encoding="utf-8")


def write_sections(root: Path, sections: Sections) -> Path:
    """Write the YAML files of one experiment; return its folder."""
    folder = root / "experiments" / "sample"
    config = folder / "config"
    config.mkdir(parents=True, exist_ok=True)
    for role, name in _FILES.items():
        path = config / name
        if role in sections:
            text = yaml.dump({role: sections[role]}, Dumper=_Dumper, sort_keys=False)
            path.write_text(text, encoding="utf-8")
        else:
            path.unlink(missing_ok=True)
    return folder


def inspected(root: Path, sections: Sections) -> tuple[Experiment | None, list[Problem]]:
    """Write an experiment and validate it."""
    return inspect(locate(write_sections(root, sections)))


def changed(sections: Sections, *changes: tuple[str, Any]) -> Sections:
    """Return a copy with changes, each a path such as ``model.transitions.0.rate`` and a value.

    The value :data:`GONE` removes what stands there; :data:`END` as the last part adds to a list.
    """
    copied = deepcopy(sections)
    for path, value in changes:
        *way, last = path.split(".")
        home: Any = copied
        for part in way:
            home = home[int(part) if isinstance(home, list) else part]
        if last == END:
            home.append(deepcopy(value))
        elif value is GONE:
            del home[int(last) if isinstance(home, list) else last]
        else:
            home[int(last) if isinstance(home, list) else last] = deepcopy(value)
    return copied


GONE = object()
END = "end"


def messages(root: Path, sections: Sections, *changes: tuple[str, Any]) -> list[str]:
    """Return the problems of a changed experiment as ``key: message``, without file and line."""
    _, problems = inspected(root, changed(sections, *changes))
    return [str(problem).partition(":")[2].partition(": ")[2] for problem in problems]


VINTAGES = {
    "2025-01-15": "2025-01-04,MA,2\n2025-01-11,MA,3\n",
    "2025-01-22": "2025-01-11,MA,3\n2025-01-18,MA,4\n",
    "2025-01-29": "2025-01-18,MA,4\n2025-01-25,MA,5\n",
}
"""Observations as they were known on three Wednesdays."""


def write_dateless(root: Path) -> Path:
    """Write a forecast whose dates are all relative, and its vintages."""
    write_data(root)
    vintages = root / "common-data" / "vintages"
    vintages.mkdir()
    for day, rows in VINTAGES.items():
        (vintages / f"admissions_{day}.csv").write_text(f"date,place,value\n{rows}")
    sections = deepcopy(REJECTION)
    sections["modelset"]["calibration"] |= {
        "observed_data_path": "common-data/vintages",
        "observed_data_vintage": "today",
        "fitting_window": {"start_date": "season 10-05", "end_date": "last observation"},
    }
    sections["output"] = {"posteriors": True, "flusight_format": {"reference_date": "next"}}
    return write_sections(root, sections)
