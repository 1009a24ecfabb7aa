"""Hubs of one target in any unit, and an experiment that forecasts it."""

import made_up_hubs as hubs
import yaml

from epyflow.experiment.load import load
from epyflow.experiment.reading.experiment_files import locate
from epyflow.population.store import PopulationStore

PERSONS = 50_000
DAY = "2024-11-16"
WEEKS = ("2024-10-26", "2024-11-02", "2024-11-09", "2024-11-16")

# Target, name, units and maximum as in the hubs' tasks.json; repositories on GitHub as of 2026.
FLU_VISITS = (  # cdcepi/FluSight-forecast-hub
    "wk inc flu prop ed visits",
    "proportion of weekly incident ED visits due to influenza",
    "proportion",
    1,
)
COVID_VISITS = (  # CDCgov/covid19-forecast-hub
    "wk inc covid prop ed visits",
    "proportion of weekly incident ED visits due to COVID-19",
    "proportion",
    None,
)
METROCAST = (  # reichlab/flu-metrocast
    "Flu ED visits pct",
    "Percentage of ED visits due to influenza",
    "percentage",
    100,
)
SCENARIO = (  # midas-network/flu-scenario-modeling-hub
    "inc ed visit",
    "Incident Emergency Department visit",
    "percent",
    100,
)
RESPICAST = (  # european-modelling-hubs/RespiCast-SyndromicIndicators
    "ILI incidence",
    "Weekly incidence for Influenza like illness",
    "cases per 100,000 population",
    None,
)
ADMISSIONS = ("wk inc flu hosp", "incident influenza hospitalizations", "count", None)
BOUNDS = [0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000]
CLASSES = ["large_decrease", "decrease", "stable", "increase", "large_increase"]


def write_hub(root, target):
    name, title, units, maximum = target
    value = {"type": "double", "minimum": 0} | ({"maximum": maximum} if maximum else {})
    none = {"required": None}
    document = {
        "schema_version": f"{hubs.SCHEMAS}/v5.0.0/tasks-schema.json",
        "rounds": [
            {
                "round_id_from_variable": True,
                "round_id": "reference_date",
                "model_tasks": [
                    {
                        "task_ids": {
                            "reference_date": none | {"optional": [DAY]},
                            "target": none | {"optional": [name]},
                            "horizon": none | {"optional": [0, 1]},
                            "location": none | {"optional": ["25"]},
                            "target_end_date": none | {"optional": [DAY, "2024-11-23"]},
                        },
                        "output_type": {
                            "quantile": {
                                "output_type_id": {"required": [0.25, 0.5, 0.75]},
                                "is_required": True,
                                "value": value,
                            },
                            "sample": {
                                "output_type_id_params": {
                                    "type": "integer",
                                    "min_samples_per_task": 4,
                                    "max_samples_per_task": 4,
                                },
                                "is_required": False,
                                "value": value,
                            },
                            "median": {
                                "output_type_id": {"required": None},
                                "is_required": True,
                                "value": value,
                            },
                            "cdf": {
                                "output_type_id": {"required": BOUNDS},
                                "is_required": True,
                                "value": {"type": "double", "minimum": 0, "maximum": 1},
                            },
                        },
                        "target_metadata": [
                            {
                                "target_id": name,
                                "target_name": title,
                                "target_units": units,
                                "target_keys": {"target": name},
                                "target_type": "continuous",
                                "is_step_ahead": True,
                                "time_unit": "week",
                            }
                        ],
                    }
                ],
                "submissions_due": {"relative_to": "reference_date", "start": -6, "end": -3},
            }
        ],
    }
    return hubs.write_hub(root / "hub", document, None)


def write_experiment(root, target, comparison, **written):
    model = {
        "random_seed": 3,
        "timespan": {"start_date": "2024-10-06", "end_date": "2024-11-23"},
        "simulation": {"n_sims": 1, "resample_frequency": "W-SAT"},
        "population": {"name": "US-MA", "age_groups": ["0-17", "18+"]},
        "compartments": [
            {"id": "S", "init": "default"},
            {"id": "I", "init": 500},
            {"id": "R"},
        ],
        "transitions": [
            {"type": "mediated", "source": "S", "target": "I", "mediator": "I", "rate": "beta"},
            {"type": "spontaneous", "source": "I", "target": "R", "rate": 0.3},
        ],
        "parameters": {"beta": {"type": "calibrated"}},
    }
    calibration = {
        "strategy": {"name": "top_fraction", "options": {"Nsim": 8, "top_fraction": 0.5}},
        "observed_data_path": "observed.csv",
        "comparison": [
            {
                "observed_value_column": "value",
                "observed_date_column": "date",
                "simulation": ["S_to_I_total"],
                **comparison,
            }
        ],
        "fitting_window": {"start_date": WEEKS[0], "end_date": WEEKS[-1]},
        "parameters": {
            "beta": {"prior": {"type": "scipy", "name": "uniform", "args": [0.03, 0.02]}}
        },
        "projection": {"n_trajectories": 4},
    }
    if comparison.get("scale") == "ratio":
        model["parameters"]["ratio"] = {"type": "calibrated"}
        prior = {"type": "scipy", "name": "uniform", "args": [0.5, 1]}
        calibration["parameters"]["ratio"] = {"prior": prior}
    output = {"hub_format": {"reference_date": DAY, "targets": [{"target": target} | written]}}
    folder = root / "experiments" / "ed" / "config"
    folder.mkdir(parents=True)
    for role, section in (
        ("model", model),
        ("modelset", {"population_names": ["US-MA"], "calibration": calibration}),
        ("output", output),
    ):
        (folder / f"{role}.yaml").write_text(yaml.safe_dump({role: section}, sort_keys=False))
    rows = [f"25,{day},{number},4000" for day, number in zip(WEEKS, (2, 3, 4, 5), strict=True)]
    (folder / "observed.csv").write_text("\n".join(["location,date,value,visits", *rows, ""]))
    return load(locate("ed", root))


def write_populations(root):
    place = "United_States_Massachusetts"
    ages = ("0-17", "18+")
    sizes = [f"{place},{age},{n}" for age, n in zip(ages, (10_000, PERSONS - 10_000), strict=True)]
    contacts = [f"{place},home,{a},{b},8" for a in ages for b in ages]
    folder = root / "populations"
    folder.mkdir()
    (folder / "population.csv").write_text("\n".join(["population,age_group,persons", *sizes, ""]))
    header = "population,layer,age_group,contact_age_group,contacts_per_day"
    (folder / "contacts.csv").write_text("\n".join([header, *contacts, ""]))
    return PopulationStore.open(folder, remote=False)
