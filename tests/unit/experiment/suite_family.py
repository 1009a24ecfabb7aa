"""Twenty experiments written from the public schema of epymodelingsuite.

Source: mobs-lab/epymodelingsuite, ``epymodelingsuite/schema/``: basemodel, sampling, calibration,
output. Together they have every key of the schema that is not refused.
"""

from typing import Any

from tests.unit.experiment.samples import (
    CALIBRATION,
    GONE,
    REJECTION,
    SAMPLING,
    SIR,
    Sections,
    changed,
)

UNIFORM = {"name": "uniform", "args": [0.1, 0.2], "kwargs": {}}
PERSONS = {"type": "scipy", "name": "randint", "args": [10, 500], "kwargs": {}}
META = {"id": 7, "description": "d", "author": "a", "version": 0.1, "date": "2024-11-16"}
CAL, PLOTS, FLU = "modelset.calibration", "output.plots", "output.flusight_format"
SOURCE = {
    "data_path": "common-data/admissions.csv",
    "value_column": "value",
    "date_column": "date",
    "location_column": "place",
    "location_format": "FIPS",
}
COMPARISON = {
    "observed_value_column": "value",
    "observed_date_column": "date",
    "observed_location_column": "place",
    "observed_location_format": "FIPS",
    "simulation": ["I_to_H_total"],
}

CALIBRATED = changed(
    CALIBRATION,
    ("modelset.population_names", ["US-MA", "US-NY"]),
    ("modelset.exclude", GONE),
    (f"{CAL}.projection.observation_model", GONE),
    (f"{CAL}.projection.scenarios", GONE),
    (f"{CAL}.comparison", [COMPARISON]),
    (f"{CAL}.observed_location_column", GONE),
    ("output", {"posteriors": True, "model_meta": {"projection_parameters": True}}),
)
"""A calibration with the keys of the suite alone."""

REJECTED = changed(REJECTION, ("output", {"posteriors": {"generations": [0]}}))


def flu(section: dict[str, Any], **output: Any) -> Sections:
    return changed(
        CALIBRATED,
        ("output", {"flusight_format": {"reference_date": "2025-01-18", **section}, **output}),
    )


def calibrated(*changes: tuple[str, Any]) -> Sections:
    return changed(CALIBRATED, *changes)


EXPERIMENTS: dict[str, Sections] = {
    "one simulation": changed(SIR, ("model.meta", META), ("output.meta", META)),
    "no output file": changed(SIR, ("output", GONE)),
    "keys without a value": changed(
        SIR,
        ("model.transitions.1.mediator", None),
        ("model.transitions.1.mediators", None),
        ("model.vaccination", None),
        ("model.simulation.n_sims", None),
        ("output.posteriors", False),
        ("output.plots", None),
    ),
    "a place of another kind": changed(
        SIR, ("model.population.location_type", "metrocast_location")
    ),
    "many places": changed(
        SIR,
        ("model.population.name", GONE),
        ("modelset", {"population_names": ["all-states"], "sampling": "populations", "meta": META}),
    ),
    "places with their kind": changed(
        SIR,
        ("model.population.name", GONE),
        ("modelset", {"population_names": [{"name": "US-MA", "type": "iso"}, "US-NY"]}),
    ),
    "grid and hypercube": changed(SAMPLING, ("modelset.sampling.samplers.1.strategy", "lhs")),
    "ranges of persons": changed(
        SAMPLING,
        (
            "modelset.sampling.compartments",
            {"I": {"min": 10, "max": 500}, "A": {"min": 1, "max": 9}},
        ),
    ),
    "a sampled start with a prior": changed(
        SAMPLING,
        (
            "modelset.sampling.start_date",
            {"reference_date": "2024-10-01", "prior": PERSONS | {"args": [0, 9]}},
        ),
    ),
    "older tables": changed(
        SIR,
        (
            "output",
            {
                "quantiles": {"default_format": {"compartments": True, "transitions": True}},
                "trajectories": {"compartments": False, "transitions": False},
                "model_meta": {"projection_parameters": False},
            },
        ),
    ),
    "coverage of one scenario": changed(
        REJECTED,
        (
            "model.vaccination",
            {
                "scenario_data_path": "common-data/plain.csv",
                "scenario": "any text",
                "origin_compartment": "S",
                "eligible_compartments": ["S"],
            },
        ),
    ),
    "doses per day": changed(REJECTED, ("modelset.calibration.strategy.options.max_time", "1h30m")),
    "calibration": calibrated((f"{CAL}.strategy.name", "smc"), ("modelset.meta", META)),
    "head counts": calibrated(
        (f"{CAL}.compartments.I.prior", PERSONS),
        (f"{CAL}.start_date.prior", GONE),
        (f"{CAL}.start_date.distribution", {"name": "randint", "args": [0, 40]}),
        ("output.posteriors", {"generations": None}),
    ),
    "a fit without a projection": calibrated(
        (f"{CAL}.projection", GONE), ("output", {"quantiles": {"calibration": True}})
    ),
    "fits of generations": calibrated(
        ("output", {"quantiles": {"calibration": [0, 2], "selections": [0.5], "transitions": True}})
    ),
    "FluSight": flu(
        {"hospitalizations": {"target": "wk inc flu hosp"}, "rate_trends_source": "nhsn"},
        options={"surveillance": {"nhsn": SOURCE}},
    ),
    "FluSight of an older schema": flu(
        {
            "quantiles": [0.5],
            "metrocast": False,
            "rate_trends": {
                "observed_data_path": "common-data/admissions.csv",
                "observed_value_column": "value",
                "observed_date_column": "date",
                "observed_location_column": "place",
            },
        }
    ),
    "files and figures": calibrated(
        (
            "output",
            {
                "tabular_output_types": ["CSVBytes", "Parquet", "DataFrame"],
                "options": {"surveillance": {"ed": SOURCE}},
                "trajectories": {"compartments": ["I_total"], "transitions": True},
                "covid19_format": {},
                "plots": {
                    "figure_output_types": ["MPLFigure", "PNG", "PDF", "SVG"],
                    "dpi": 150,
                    "reference_date": "2025-01-18",
                    "posterior": {"single": True, "grid": True, "bins": 30},
                    "quantiles": {
                        "single": ["US-MA"],
                        "grid": {"enabled": True, "panels_per_row": 4},
                        "outputs": [
                            {
                                "type": "side_by_side",
                                "show_calibration": True,
                                "show_projection": True,
                                "show_surveillance": True,
                                "show_fitting_window_line": True,
                                "surveillance_source": "ed",
                                "surveillance_points": 8,
                                "surveillance_start_date": "2024-10-01",
                                "horizon_max": 3,
                                "xlabel_interval": "W-SAT",
                                "full_panel": {"surveillance_points": 8},
                                "filtered_panel": {"xlabel_interval": "MS"},
                                "spacing": 0.3,
                                "figsize": [8, 4],
                            }
                        ],
                        "quantiles": [0.5],
                        "horizon_max": 3,
                        "calibration": {"color": "C0"},
                        "projection": {"color": "C1"},
                        "value_column": "hospitalizations",
                        "ylabel": "Hospitalizations",
                        "suptitle": "Forecast",
                    },
                    "categorical": {
                        "categories": ["stable"],
                        "colors": ["#b7c3f3"],
                        "horizons": [0],
                        "figsize": [8, 4],
                    },
                },
            },
        )
    ),
    "scenario hub": calibrated(("output", {"flusmh_format": {}})),
}

UDF = {"user_script_path": "functions/mine.py", "user_function_name": "mine"}
REFUSED: dict[str, Sections] = {
    "model.population.contact_matrix": changed(SIR, ("model.population.contact_matrix", "US-NY")),
    "modelset.calibration.post_hoc_transformation": calibrated(
        (f"{CAL}.post_hoc_transformation", UDF)
    ),
    "modelset.calibration.distance_function": calibrated((f"{CAL}.distance_function", UDF)),
    "output.flusight_format.prop_ed": flu(
        {"prop_ed": {"strategy": "transition", "transition_name": "I_to_H_total"}}
    ),
    "output.flusight_format.metrocast": flu({"metrocast": True}),
}
"""Key to an experiment that is refused because of it."""
